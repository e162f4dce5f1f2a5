"""Everything that moves data: ingest, builds, publishing, and the thin Dagster skin over them.

Plain functions live in `ingest/`, `contracts/` and `publishing/` and know nothing of Dagster;
`defs/` holds the Dagster definitions over them.
"""
