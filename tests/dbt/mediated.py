"""What mediation alone decided, where nothing has a price: usage that waits for one is pending."""

BALANCE = """
    select balance.* replace (
        balance.suspended - coalesce(waits.records, 0) as suspended,
        balance.pending + balance.rated + coalesce(waits.records, 0) as pending
    )
    from marts.fct_usage_balance as balance
    left join (
        select _file, count(*) as records
        from intermediate.int_rating__waits
        where waited_to_on is null and reason_code <> 'NOT_YET'
        group by _file
    ) as waits on balance.file = waits._file
"""
SUSPENSE = """
    select suspense.*
    from marts.fct_usage_suspense as suspense
    anti join intermediate.int_rating__waits as waits
        on
            suspense._file = waits._file
            and suspense._record = waits._record
            and suspense.reason_code = waits.reason_code
"""
