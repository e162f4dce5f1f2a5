"""Thin Dagster definitions over plain functions: each module builds the assets of one room.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` itself.
"""
