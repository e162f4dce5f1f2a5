"""Change feeds as dbt: each gets an intermediate model of dated versions, valid and known.

Pure functions from feeds to text; `orchestration.contracts.generate` writes the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestration.contracts.generate_dbt import (
    MARK,
    column_entry,
    digest_entry,
    escaped,
    header,
    lineage_entries,
    sql_type,
    staged_name,
    to_yaml,
)
from orchestration.contracts.model import Feed

_BELONGS_TO_THE_VERSION = ("op", "recorded_at")


def version_key(feed: Feed) -> list[str]:
    """Columns that name the thing a change feed speaks of, without the day of the version."""
    return [
        name for name in feed.key if name != feed.valid_from and name not in _BELONGS_TO_THE_VERSION
    ]


def valid_to(feed: Feed) -> str:
    """Name of the column that ends a version: valid_from_on gives valid_to_on."""
    return str(feed.valid_from).replace("from", "to")


def model_name(feed: Feed) -> str:
    """Name of the model of versions."""
    return f"int_{feed.domain}__{feed.name}_versioned"


def versioned_sql(feed: Feed) -> str:
    """Return the model of versions of one change feed."""
    arguments = [
        f"ref('stg_{feed.system}__{feed.name}')",
        f"key={version_key(feed)}",
        f"valid_from='{feed.valid_from}'",
    ]
    may_be_null = [name for name in version_key(feed) if not feed.by_name[name].required]
    if may_be_null:
        arguments.append(f"may_be_null={may_be_null}")
    head = header("--", f"data/contracts/{feed.id}.odcs.yaml").rstrip()
    listed = ",\n    ".join(arguments)
    return f"{head}\n\n{{{{ reference_versions(\n    {listed}\n) }}}}\n"


def _bounds(feed: Feed) -> list[dict[str, Any]]:
    kind = sql_type(feed.by_name[str(feed.valid_from)].physical_type)
    unit = "instant" if kind == "timestamp" else "local day"
    return [
        {
            "name": valid_to(feed),
            "description": f"First {unit} on which it no longer holds; 9999-12-31 if open.",
            "data_type": kind,
        },
        {
            "name": "known_from_on",
            "description": "Delivery day from which on this was believed.",
            "data_type": "date",
        },
        {
            "name": "known_to_on",
            "description": "Delivery day from which on something else was; 9999-12-31 if open.",
            "data_type": "date",
        },
    ]


def versioned_yml(feeds: Sequence[Feed]) -> str:
    """Documentation and tests of the models of versions of one domain."""
    models = [
        {
            "name": model_name(feed),
            "description": escaped(
                f"One row per {', '.join(version_key(feed))}, {feed.valid_from} and known_from_on: "
                f"a version as it was known for a while. {_purpose(feed)}"
            ),
            "config": {"meta": {"domain": feed.domain}},
            "data_tests": [
                {
                    "unique_combination": {
                        "name": f"{model_name(feed)}_has_one_row_per_version",
                        "arguments": {
                            "columns": [
                                *version_key(feed),
                                str(feed.valid_from),
                                "known_from_on",
                            ]
                        },
                    }
                }
            ],
            "columns": [column_entry(column) for column in feed.columns]
            + [*lineage_entries(), digest_entry(feed)]
            + _bounds(feed),
        }
        for feed in feeds
    ]
    return to_yaml(header("#", "data/contracts/"), {"models": models})


def _purpose(feed: Feed) -> str:
    return " ".join(feed.description.split())


def _is_told_once(feed: Feed) -> bool:
    """Whether rows are facts under an id of their own; usage records are mediated instead."""
    return bool(feed.key) and not feed.is_change_feed and feed.domain != "usage"


def feeds_macros(feeds: Sequence[Feed]) -> str:
    """Return macros that list all feeds, the change feeds and the feeds of events, with keys."""
    lines = [
        "{#",
        f"    {MARK} from data/contracts/.",
        "    Change a contract and run it again, never edit this file.",
        "#}",
        "",
        "{# Every feed of a system that delivers. #}",
        "{% macro all_feeds() %}",
        "    {{ return([",
        *[f"        {{'system': '{feed.system}', 'feed': '{feed.name}'}}," for feed in feeds],
        "    ]) }}",
        "{% endmacro %}",
        "",
        "",
        "{# The feeds whose rows are dated versions (op, recorded_at and a valid-from column). #}",
        "{% macro change_feeds() %}",
        "    {{ return([",
    ]
    for feed in feeds:
        if feed.is_change_feed:
            lines += [
                "        {",
                f"            'system': '{feed.system}',",
                f"            'feed': '{feed.name}',",
                f"            'key': {version_key(feed)!r},",
                f"            'valid_from': '{feed.valid_from}',",
                "        },",
            ]
    lines += [
        "    ]) }}",
        "{% endmacro %}",
        "",
        "",
        "{# The feeds of facts told once, under an id; usage records are mediated instead. #}",
        "{% macro event_feeds() %}",
        "    {{ return([",
    ]
    for feed in feeds:
        if _is_told_once(feed):
            lines += [
                "        {",
                f"            'system': '{feed.system}',",
                f"            'feed': '{feed.name}',",
                f"            'key': {[staged_name(feed.by_name[name]) for name in feed.key]!r},",
                "        },",
            ]
    lines += ["    ]) }}", "{% endmacro %}", ""]
    return "\n".join(lines)
