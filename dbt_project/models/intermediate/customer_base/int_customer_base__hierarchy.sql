-- Everybody walks up, parent by parent, and is cut into what it shares with each step of the way,
-- until a root, a missing parent or a customer that was passed before. The ids on the way are
-- joined by a character that no id has.

with recursive links as (

    select * from {{ ref('int_customer_base__hierarchy_links') }}

),

-- few customers have children: each step up looks at these only
named_parents as (

    select distinct parent_customer_id from links

),

parents as (

    select links.*
    from links
    inner join named_parents on links.customer_id = named_parents.parent_customer_id

),

walked as (

    select
        customer_id,
        parent_customer_id,
        reason_code as own_reason_code,
        customer_id as top_customer_id,
        case
            when coalesce(reason_code, '') <> 'PARENT_MISSING'
                then nullif(parent_customer_id, customer_id)
        end as next_customer_id,
        coalesce(parent_customer_id = customer_id, false) as is_in_cycle,
        false as is_below_suspended,
        cast(0 as bigint) as steps,
        concat(chr(31), customer_id, chr(31)) as trail,
        valid_from_on,
        valid_to_on,
        known_from_on,
        known_to_on
    from links
    union all
    select
        walked.customer_id,
        walked.parent_customer_id,
        walked.own_reason_code,
        parents.customer_id as top_customer_id,
        case
            when
                coalesce(parents.reason_code, '') <> 'PARENT_MISSING'
                and instr(
                    concat(chr(31), parents.customer_id, walked.trail),
                    concat(chr(31), parents.parent_customer_id, chr(31))
                ) = 0
                then parents.parent_customer_id
        end as next_customer_id,
        coalesce(parents.parent_customer_id = walked.customer_id, false) as is_in_cycle,
        walked.is_below_suspended
        or parents.reason_code is not null
        or coalesce(
            instr(
                concat(chr(31), parents.customer_id, walked.trail),
                concat(chr(31), parents.parent_customer_id, chr(31))
            ) > 0,
            false
        ) as is_below_suspended,
        walked.steps + 1 as steps,
        concat(chr(31), parents.customer_id, walked.trail) as trail,
        {{ rectangle_shared('walked', 'parents') }}
    from walked
    inner join parents
        on
            walked.next_customer_id = parents.customer_id
            and {{ rectangles_overlap('walked', 'parents') }}

),

judged as (

    select
        *,
        case
            when is_in_cycle then 'HIERARCHY_CYCLE'
            when own_reason_code is not null then own_reason_code
            when is_below_suspended then 'PARENT_SUSPENDED'
        end as reason_code
    from walked
    where next_customer_id is null

)

select
    customer_id,
    parent_customer_id,
    case when reason_code is null then top_customer_id end as root_customer_id,
    reason_code,
    reason_code is null as is_placed,
    case when reason_code is null then steps end as hierarchy_level,
    case
        when reason_code is null then replace(trim(both chr(31) from trail), chr(31), ' > ')
    end as hierarchy_path,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on
from judged
