"""The world of the benchmark of rating, as queries: a consistent catalog, customers and usage.

All is drawn from hashes of the number of a row: the same sizes give the same rows. Reference rows
are delivered on the first day and hold since long. Usage: 70 % voice (a fifteenth terminating),
20 % sms, 10 % data; 2 % roaming; 0.5 % told again on the same or the next day; heavy and light
users; about 2 % of the calls cross a border of bands or versions. Called numbers lie below prefixes
of all lengths from 1 to 8 digits. What is measured on it: `benchmarks.rating`.
"""

from __future__ import annotations

# of a thousand calls: a share of them meets a day or a tariff without that border
BORDER_CALLS = 27
_EUROPE = "'30','31','32','33','34','36','39','40','43','45','46','48'"
_EUROPE_3 = "'351','352','353','356','357','358','359','370','371','372','385','386','420','421'"
VISITED = (
    "['208','232','222','214','206','204','228','234','260','230',"
    "'310','286','255','404','460','440','602','724','505','655']"
)


# kinds of zones: National, Service, Europe, World, Roaming, Home from abroad, Own network, Data
SCENERY = """
create table zones as
select plan, kind, unnest(range(many)) as i, many, plan || '-' || kind || i as zone_id
from (values
    ('A', 'N', 10), ('A', 'S', 9), ('A', 'E', 27), ('A', 'W', 110), ('A', 'R', 20), ('A', 'H', 20),
    ('A', 'O', 1), ('A', 'D', 1), ('B', 'N', 4), ('B', 'S', 3), ('B', 'E', 5), ('B', 'W', 20),
    ('B', 'R', 10), ('B', 'H', 10), ('B', 'O', 1), ('B', 'D', 1)
) as kinds (plan, kind, many);
-- how many prefixes of each length, and how many percent of the called numbers lie below them
create table lengths as
select *, sum(share) over (partition by is_home order by digits) as through
from (values
    (false, 1, 9, 5), (false, 2, 60, 15), (false, 3, 400, 20), (false, 4, 1500, 15),
    (false, 5, 2000, 15), (false, 6, 2000, 10), (false, 7, 1500, 10), (false, 8, 1000, 10),
    (true, 2, 1, 8), (true, 3, 9, 10), (true, 4, 60, 15), (true, 5, 500, 20), (true, 6, 2500, 20),
    (true, 7, 3500, 15), (true, 8, 3500, 12)
) as l (is_home, digits, many, share);
-- multiples of a prime, modulo what has no factor in common with it, do not repeat
create table blocks as
select *, row_number() over (partition by is_home, digits order by prefix) - 1 as i,
    count(*) over (partition by is_home, digits) as many
from (
    select distinct left(prefix, 2) = '49' as is_home, digits, prefix
    from (
        select digits, case
            when is_home
                then '49' || lpad((n % (10 ** (digits - 2))::bigint)::varchar, digits - 2, '0')
            else (n % (9 * 10 ** (digits - 1))::bigint + 10 ** (digits - 1))::bigint::varchar
            end as prefix
        from (select is_home, digits, 104729 * unnest(range(many)) as n from lengths)
    )
);
create table numbers as
with drawn as (
    select k, lengths.is_home, lengths.digits, (hash(k, 3) % known.many)::bigint as i
    from range(getvariable('numbers')) as t (k)
    join lengths on (k % 4 > 0) = is_home
        and hash(k, 1) % 100 between through - share and through - 1
    join (from blocks where i = 0) as known using (is_home, digits)
)
select k, '+' || prefix
    || lpad((hash(k, 2) % (10 ** (13 - digits))::ubigint)::varchar, 13 - digits, '0') as number
from drawn join blocks using (is_home, digits, i);
create table subscriptions as
select *, 'a' || leader as account_id, case
    when is_pooled and i = leader then 'family-' || lpad((hash(i, 5) % 8)::varchar, 3, '0')
    when is_pooled then 'plan-' || lpad((63 + hash(i, 5) % 37)::varchar, 3, '0')
    else 'plan-' || lpad((hash(i, 5) % 100)::varchar, 3, '0') end as product_offering_id
from (
    select i, (i // 20) % 10 = 0 as is_pooled, case when (i // 20) % 10 > 0 then i
        else i // 20 * 20 + list_max(list_filter([0, 2, 5, 9, 14, 16], lambda x: x <= i % 20))
        end as leader
    from range(getvariable('subscriptions')) as t (i)
);
create table versions as
select t, v, 'T' || lpad(t::varchar, 2, '0') as tariff_id, tariff_id || '-' || v as version_id,
    case when t % 5 = 4 then 'B' else 'A' end as plan,
    case when t % 10 < 9 then 'S' || t % 3 end as band_set,
    [date '2024-01-01', date '2025-07-01', date '2026-03-16'][1 + v] as valid_from_on
from range(40) as t (t), range(3) as v (v) where v < 2 or t % 2 = 0;
create table bands as
select band_set, days, left(begin, 5) as from_clock, substr(begin, 7) as band
from (select band_set, days, unnest(begins) as begin from (values
    ('S0', 'work', ['00:00 OFF', '08:00 PEAK', '18:00 OFF']),
    ('S0', 'saturday', ['00:00 WEEKEND']), ('S0', 'free', ['00:00 WEEKEND']),
    ('S1', 'work', ['00:00 NIGHT', '07:00 DAY', '18:00 EVENING', '22:00 NIGHT']),
    ('S1', 'saturday', ['00:00 WEEKEND']), ('S1', 'free', ['00:00 WEEKEND']),
    ('S2', 'work', ['00:00 EVENING', '06:00 DAY', '18:00 EVENING']),
    ('S2', 'saturday', ['00:00 EVENING', '09:00 DAY', '18:00 EVENING']),
    ('S2', 'free', ['00:00 EVENING'])
) as b (band_set, days, begins));
"""

_RATES = """
with templates as (
    from (values
        ('voice', 'originating', null, 0, 0), ('voice', 'originating', 'N', 0, 9),
        ('voice', 'originating', 'O', 0, 0), ('voice', 'originating', 'E', 0, 2),
        ('voice', 'originating', 'W', 0, 2), ('voice', 'originating', 'X', 3, 8),
        ('voice', 'terminating', null, 0, 0), ('voice', 'terminating', 'R', 0, 1),
        ('sms', 'originating', null, 0, 0), ('sms', 'originating', 'N', 0, 0),
        ('sms', 'originating', 'O', 0, 0), ('sms', 'terminating', null, 0, 0),
        ('data', 'originating', null, 0, 0), ('data', 'originating', 'D', 0, 0),
        ('data', 'originating', 'R', 0, 1)
    ) as r (usage_type, direction, kind, low, high)
),
zoned as (
    select versions.*, usage_type, direction, templates.kind, zones.i, zone_id, case
            when usage_type <> 'voice' or direction = 'terminating' then 'flat'
            when zones.kind = 'W' and zones.i = 0 or zones.kind = 'N' and zones.i = 2 and t % 5 = 3
                then 'graduated'
            when zones.kind = 'W' and zones.i = 1 or zones.kind = 'N' and zones.i = 3 and t % 5 = 1
                then 'banded'
            when zones.kind in ('W', 'N') and zones.i = 2 and t % 10 = 2 then 'volume'
            else 'flat' end as price_model,
        coalesce(usage_type = 'voice' and zones.kind = 'N' and zones.i < 2, false) as is_by_band
    from versions, templates left join zones
        -- the second plan has fewer zones at home: it prices more of the world (X)
        on zones.plan = versions.plan and zones.i between low and high
        and zones.kind = case when templates.kind = 'X' and versions.plan = 'B' then 'W'
            else templates.kind end
    where templates.kind is null or zone_id is not null
),
banded as (
    select zoned.*, band as time_band_id
    from zoned left join (select distinct band_set, band from bands) as names
        on is_by_band and zoned.band_set = names.band_set
),
tiered as (
    select *, unnest(range(1, case price_model when 'flat' then 2 when 'banded' then 3 else 4 end))
        as tier_number
    from banded
)
select concat_ws('/', version_id, usage_type, direction, zone_id, time_band_id, tier_number)
        as usage_rate_id,
    version_id as tariff_version_id, usage_type, direction, zone_id, time_band_id, price_model,
    tier_number,
    case tier_number when 1 then 0 when 2 then if(price_model = 'banded', 60, 600) else 3600 end
        as from_units,
    case usage_type when 'voice' then 60 when 'sms' then 1 else 1048576 end as unit_size,
    case usage_type when 'voice' then [60, 60, 1, 30][1 + t % 4] when 'sms' then 1 else 102400 end
        as first_block_units,
    case usage_type when 'voice' then [60, 1, 1, 6][1 + t % 4] when 'sms' then 1 else 102400 end
        as increment_units,
    case when direction = 'terminating' and zone_id is null then 0 else
        (3 + t % 7 + v) * (1 + hash(zone_id, time_band_id) % 5) / tier_number
        / case when usage_type = 'data' then 1000 else 100 end end::decimal(18, 10) as price,
    case when usage_type = 'voice' and t % 6 = 1 then 0.05 else 0 end as connect_fee_amount,
    0 as flat_fee_amount, valid_from_on
from tiered
"""

# capacities by plan: from what most use up to what nobody does
_ALLOWANCES = """
with offerings as (
    select distinct product_offering_id as offering, split_part(offering, '-', 2)::int as o,
        starts_with(offering, 'family') as is_family
    from subscriptions where starts_with(offering, 'family') or o < 63
),
granted as (
    select *, unnest(range(1, case usage_type
        when 'voice' then 2 + o % 3 when 'sms' then 2 else 2 + o % 2 end)) as level
    from offerings,
        (values ('voice', 5000), ('sms', 14), ('data', 200000000)) as u (usage_type, usual)
    where usage_type <> 'sms' or o % 2 = 0
)
select concat_ws('/', offering, usage_type, level) as allowance_id,
    offering as product_offering_id, ['NATIONAL', 'EUROPE', null][level] as zone_set_id,
    usage_type, 'originating' as direction,
    case when is_family then 'account' else 'own' end as sharing,
    o % 3 = 0 as is_connect_fee_covered, 10 * level as priority,
    case when level > 1 or o % 7 < 6 then (usual * [0.5, 1, 2, 3, 4, 6][1 + least(o % 7, 5)]
        * case when is_family then 3 else 1 end / [1, 4, 8][level])::bigint end as capacity_units,
    case when usage_type = 'voice' and o % 4 = 1 then 60 else 1 end as step_units,
    case when o % 10 = 0 and level = 1 then 1 else 0 end as rollover_periods
from granted
"""

# required columns that a query leaves out get a filler, every row its lineage
QUERIES = {
    "catalog/zones": """select zone_id, plan as zone_plan_id, case kind when 'N' then 'national'
            when 'O' then 'national' when 'S' then 'special' when 'D' then 'internet'
            when 'R' then 'roaming' when 'H' then 'roaming' else 'international' end as zone_kind,
        case when kind = 'N' then plan || '-O0' end as on_net_zone_id from zones""",
    "catalog/zone_prefixes": f"""
        with named as (
            select *, case
                when is_home and digits > 4 and hash(prefix) % 25 = 0 then 'S'
                when is_home then 'N'
                when left(prefix, 2) in ({_EUROPE}) or left(prefix, 3) in ({_EUROPE_3}) then 'E'
                else 'W' end as kind
            from blocks
        )
        select plan as zone_plan_id, 'home' as visited_prefix, '+' || prefix as number_prefix,
            zone_id
        from named join zones on named.kind = zones.kind and hash(prefix, 7) % zones.many = zones.i
        where plan = 'A' or digits < 4 or hash(prefix, 8) % 5 < 2
        union all select plan, 'home', 'none', zone_id from zones where kind = 'D'
        union all
        select plan, {VISITED}[1 + m] || network, number_prefix, zone_id
        from range(20) as t (m), (values (''), ('01')) as w (network),
            (values ('+', 'R'), ('+49', 'H'), ('none', 'R')) as p (number_prefix, for_kind)
        join zones on kind = for_kind and m % many = zones.i""",  # noqa: S608  constants
    "catalog/zone_sets": """select zone_set_id, zone_id
        from zones, (values ('NATIONAL'), ('EUROPE')) as s (zone_set_id)
        where kind in ('N', 'O', 'D')
            or zone_set_id = 'EUROPE' and (kind = 'E' or kind in ('R', 'H') and i < many // 2)""",
    "catalog/own_number_ranges": """select '+' || prefix as number_prefix from blocks
        where is_home and digits = 6 and hash(prefix) % 6 = 0 union select '+491510'""",
    "catalog/portings": """select number as service_number, k % 2 = 0 as is_own_network,
        timestamp '2024-06-01' + to_days((k % 700)::int) as valid_from_at
        from numbers where k % 37 in (1, 2)
        qualify row_number() over (partition by number order by k) = 1
        order by k limit (select count(*) // 50 from numbers)""",
    "catalog/tariffs": "select distinct tariff_id from versions",
    "catalog/tariff_versions": """select tariff_id, version_id as tariff_version_id,
        plan as zone_plan_id, band_set as time_band_set_id, 'DE' as holiday_calendar_id,
        ['half_up', 'half_even', 'up', 'down'][1 + t % 4] as rounding_mode,
        [6, 4, 3, 2][1 + t // 4 % 4] as rounding_digits,
        case when t % 8 = 3 then 0.01 end as minimum_charge_amount,
        case when t % 8 = 5 then 5 end as maximum_charge_amount, valid_from_on from versions""",
    "catalog/usage_rates": _RATES,
    "catalog/time_bands": """select band_set as time_band_set_id, unnest(case days
            when 'work' then ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
            when 'free' then ['sunday', 'holiday'] else ['saturday'] end) as day_kind,
        from_clock, band as time_band_id from bands""",
    "catalog/holidays": """select 'DE' as holiday_calendar_id, unnest([date '2026-03-19',
        date '2026-04-03', date '2026-04-06', date '2026-05-01']) as holiday_on""",
    "catalog/allowances": _ALLOWANCES,
    "catalog/product_offerings": """select distinct product_offering_id, 'T'
        || lpad((split_part(product_offering_id, '-', 2)::int % 40)::varchar, 2, '0') as tariff_id
        from subscriptions""",
    "catalog/tax_rules": "select 'G' as legal_entity_id, 19 as tax_percent",
    "catalog/bill_cycles": """select 'M' || d as bill_cycle_id, d as cycle_day, 2 as grace_days,
        1 as interval_months, make_date(2025, 1, d) as anchor_on
        from (select unnest([1, 8, 15, 22]) as d)""",
    "catalog/policies": """select unnest(['duplicate_window_days', 'partial_close_days',
        'maximum_usage_days', 'future_tolerance_minutes']) as policy_name,
        unnest([100, 3, 30, 15]) as number_value""",
    "crm/customers": "select distinct 'c' || leader as customer_id from subscriptions",
    "crm/billing_accounts": """select distinct account_id, 'c' || leader as customer_id,
        'G' as legal_entity_id, 'M' || [1, 8, 15, 22][1 + (hash(leader, 9) % 4)::int]
        as bill_cycle_id from subscriptions""",
    "order_management/subscriptions": """select 'sub-' || i as subscription_id, account_id,
        'c' || leader as customer_id, product_offering_id, 'postpaid' as rating_type
        from subscriptions""",
    "order_management/service_numbers": """select '+4915' || (10000000 + i) as service_number,
        'sub-' || i as subscription_id, true as is_primary from subscriptions""",
    "order_management/provisioning_events": """select 'e' || i as provisioning_event_id,
        'sub-' || i as subscription_id, 'activate' as step, 'completed' as outcome
        from subscriptions""",
}

# records `first` to `first + share` are delivered on `day`, those before them on `day_before`
USAGE = f"""
with records as (
    select i, case when i % 200 < 199 then i when i % 400 = 199 or i - $share < 0 then i - 50
        else i - 50 - $share end as j
    from range($first, $first + $share) as t (i)
),
drawn as (
    select *, hash(j) as h, hash(j, 1) as h1, hash(j, 2) as h2,
        (1 + hash(j, 3) % 1000000) / 1000000 as part,
        case when j % 10 < 7 then 'voice' when j % 10 < 9 then 'sms' else 'data' end as usage_type,
        case when j >= $first then $day else $day_before end::date
            - case when h % (5 * $span) = 0 then 0 else 1 + (h1 % $span)::int end as started_on
    from records
),
sized as (
    -- calls that are meant to cross a border last a minute longer and begin just before it
    select *, usage_type = 'voice' and h1 % 1000 < {BORDER_CALLS} as is_at_border,
        case usage_type when 'voice' then least(-110 * ln(part), 7200)::bigint
            + case when is_at_border then 60 else 0 end
            when 'sms' then 1 else (-30000000 * ln(part))::bigint end as quantity
    from drawn
)
select 'U' || lpad(j::varchar, 12, '0') as usage_id, usage_type,
    case when usage_type = 'voice' and h2 % 15 = 0 then 'terminating' else 'originating' end
        as direction,
    timezone('UTC', timezone('Europe/Berlin', started_on::timestamp + to_seconds(case
        when is_at_border then case when dayofweek(started_on) in (0, 5) and h2 % 2 = 0 then 86400
            else 64800 end - 1 - (h % (quantity - 1)::ubigint)::bigint
        when h2 % 4 = 0 then (h % 86400)::bigint
        else 25200 + (h % 54000)::bigint end))) as started_at,
    '+4915' || (10000000 + floor(
        getvariable('subscriptions') * (hash(j, 6) % 1000000 / 1000000) ** 1.5
    )::bigint) as served_number,
    case when usage_type <> 'data' then number end as other_number, quantity,
    case when hash(j, 4) % 50 = 0 then {VISITED}[1 + (h1 % 20)::int]
        || ['01', '05'][1 + (h2 % 2)::int] end as visited_network,
    null as session_id, null as record_sequence, null as is_closing, 'normal' as release_cause,
    'area_' || j % 300 as area_id, $file as _file, i - $first + 2 as _record,
    $day::date as _delivered_on, $day::date as _folder_on, $file as _content_sha256
from sized join numbers on (hash(j, 5) % getvariable('numbers'))::bigint = k
"""  # noqa: S608  constants of this module
