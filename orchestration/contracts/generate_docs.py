"""Contracts as prose: `docs/feeds.md`, what may be delivered and how, for who connects a system.

A pure function from feeds to text; `orchestration.contracts.generate` writes the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from orchestration.contracts.generate_dbt import MARK
from orchestration.contracts.model import LINEAGE_COLUMNS, Column, Feed, FileFormat

_HEAD = f"""<!-- {MARK} from data/contracts/.
     Change a contract and run it again, never edit this file. -->

# Feeds

What may be delivered, one section per feed. A file goes to
`landing/<system>/<feed>/<delivery day>/<any name><suffix>`; `.gz` and `.zst` may follow the suffix.
A line that breaks a rule below is quarantined with its reason, the rest of its file is used.

Times are UTC unless the column says otherwise; days are the operator's local days. `personal`
columns never reach the analyst role.

Every row also carries where it came from:

"""


def feeds_markdown(feeds: Sequence[Feed]) -> str:
    """Return the feed reference of all feeds, ordered by system and feed."""
    parts = [_HEAD]
    parts.append(_table(("column", "meaning"), [(f"`{n}`", d) for n, _, d in LINEAGE_COLUMNS]))
    parts.append("\n")
    parts.append(_table(("feed", "domain", "one row per"), [_index_row(feed) for feed in feeds]))
    for system, group in groupby(feeds, key=lambda feed: feed.system):
        parts.append(f"\n## {system}\n")
        parts += [_section(feed) for feed in group]
    return "".join(parts)


def _index_row(feed: Feed) -> tuple[str, str, str]:
    grain = _line(feed.grain).removesuffix(".")
    for opening in ("One row per ", "one row per "):
        grain = grain.removeprefix(opening)
    anchor = f"{feed.system}{feed.name}".lower()
    return f"[{feed.id}](#{anchor})", feed.domain, grain


def _section(feed: Feed) -> str:
    facts = [
        f"- Contract: `data/contracts/{feed.id}.odcs.yaml`, version {feed.version}, "
        f"domain {feed.domain}",
        f"- Formats: {'; '.join(_format(item) for item in feed.formats)}",
        f"- Expected: {_expected(feed)}",
    ]
    if feed.key:
        facts.append(f"- Key: {_names(feed.key)}")
    if feed.valid_from is not None:
        facts.append(
            f"- Dated versions: a row holds from `{feed.valid_from}` until the next row of its key;"
            " `op` = delete withdraws; of two rows for the same day the higher `recorded_at` stands"
        )
    if feed.control_total is not None:
        facts.append(f"- Trailer: {_trailer(feed)}")
    if feed.file_sequence:
        facts.append(f"- File number in the name: `{feed.file_sequence}`; a gap is reported")
    columns = [_column_row(column) for column in feed.columns]
    heads = ("column", "type", "required", "meaning", "values and limits", "class")
    return "\n".join(
        [
            f"\n### {feed.id}\n",
            f"{_line(feed.grain)} {_line(feed.description)}\n",
            *facts,
            "",
            _table(heads, columns),
        ]
    )


def _format(item: FileFormat) -> str:
    text = f"{item.name} ({', '.join(f'`{suffix}`' for suffix in item.suffixes)}"
    if item.name == "csv":
        text += f", {item.encoding}, delimiter `{item.delimiter}`"
        text += ", header line" if item.has_header else ", no header"
    text += ")"
    if item.layouts:
        text += "".join(f", {len(layout)} columns" for layout in item.layouts)
    return text


def _expected(feed: Feed) -> str:
    text = feed.frequency.replace("_", " ")
    if feed.max_age_days is not None:
        text += f"; older than {feed.max_age_days} days stops publishing until delivered or waived"
    return text


def _trailer(feed: Feed) -> str:
    total = feed.control_total
    if total is None:
        return ""
    text = f"`{total.marker}`, number of records"
    if total.sum_column:
        text += f", sum of `{total.sum_column}`"
    return text + ("; every text file must have it" if total.required else "; checked when present")


def _column_row(column: Column) -> tuple[str, ...]:
    kind = column.type.replace("_", " ")
    if column.type == "decimal":
        kind = f"decimal({column.precision},{column.scale})"
    if column.unit:
        kind += f" ({column.unit})"
    return (
        f"`{column.name}`",
        kind,
        "yes" if column.required else "",
        _line(column.description),
        "; ".join(_limits(column)),
        column.classification,
    )


def _limits(column: Column) -> list[str]:
    limits = []
    if column.values:
        limits.append(
            "; ".join(
                f"`{value}` {_line(meaning).removesuffix('.')}".strip()
                for value, meaning in column.values
            )
        )
    bounds = (
        ("at least {}", column.minimum),
        ("at most {}", column.maximum),
        ("at least {} characters", column.min_length),
        ("at most {} characters", column.max_length),
    )
    limits += [words.format(bound) for words, bound in bounds if bound is not None]
    if column.pattern:
        limits.append(f"pattern `{column.pattern}`")
    if column.format:
        limits.append(f"must be a {column.format}")
    if column.references:
        limits.append(f"refers to `{column.references}`")
    return limits


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _line(text: str) -> str:
    return " ".join(text.split())


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )
