"""What happens to subscriptions from day to day, and the hazard of losing them."""
