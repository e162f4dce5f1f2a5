"""Who is there: customers, accounts, numbers, subscriptions; the initial base and newcomers."""
