-- A view: what is wrong with accounts lies in a table already.

{{ config(materialized='view') }}

select
    account_id,
    customer_id,
    named_payer_account_id,
    problem_code,
    valid_from_on,
    valid_to_on,
    known_from_on,
    known_to_on,
    _file,
    _record,
    _delivered_on
from {{ ref('int_customer_base__named_payers') }}
where problem_code is not null
