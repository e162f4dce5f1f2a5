-- What was taken from allowance instances and what was rolled over, append-only: how it is found is
-- told in macros/allowances.sql. State comes from earlier days only.
--
-- depends_on: {{ ref('int_rating__segments') }}
-- depends_on: {{ ref('int_rating__issued_instances') }}
-- depends_on: {{ ref('int_rating__held_allowances') }}
-- depends_on: {{ ref('int_rating__cycle_days') }}
-- depends_on: {{ ref('int_rating__subscription_terms') }}
-- depends_on: {{ ref('int_catalog__zone_sets_versioned') }}
-- depends_on: {{ ref('int_catalog__allowances_versioned') }}
-- depends_on: {{ ref('int_catalog__prices') }}
-- depends_on: {{ ref('int_catalog__price_tiers') }}

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ joins_as_written() }}', '{{ allocate_allowances() }}'],
    post_hook='{{ joins_by_size() }}'
) }}

select * from allocated
