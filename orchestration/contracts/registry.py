"""Reads the contract files with the standard's own model and turns them into `Feed`s.

Source: `data/contracts/<system>/<feed>.odcs.yaml`. A contract that says something this house does
not understand is an error here, never a silent default further down.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaProperty,
    Server,
)
from pydantic import ValidationError

from orchestration.contracts.model import (
    TEXT_LANGUAGES,
    Column,
    ControlTotal,
    Feed,
    FileFormat,
)

SUFFIXES = {
    "csv": (".csv",),
    "parquet": (".parquet",),
    "camt.053": (".xml",),
    "radius": (".detail", ".txt", "detail"),
}
CLASSIFICATIONS = ("public", "internal", "confidential", "personal")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


class ContractError(ValueError):
    """A contract file is missing, malformed or contradicts itself."""


def _properties(items: list[CustomProperty] | None) -> dict[str, Any]:
    return {str(item.property): item.value for item in items or []}


def _type_of(prop: SchemaProperty, where: str) -> tuple[str, int | None, int | None]:
    physical = prop.physicalType or ""
    decimal = _DECIMAL.fullmatch(physical)
    if prop.logicalType == "number" and decimal:
        return "decimal", int(decimal[1]), int(decimal[2])
    if prop.logicalType == "timestamp" and physical == "TIMESTAMP":
        zone = _properties(prop.customProperties).get("timeZone", "UTC")
        return ("timestamp" if zone == "UTC" else "local_timestamp"), None, None
    plain = {
        ("string", "VARCHAR"): "string",
        ("integer", "BIGINT"): "integer",
        ("date", "DATE"): "date",
        ("boolean", "BOOLEAN"): "boolean",
    }
    kind = plain.get((prop.logicalType or "", physical))
    if kind is None:
        raise ContractError(
            f"{where}: logicalType {prop.logicalType!r} with physicalType {physical!r} is not one "
            "of string/VARCHAR, integer/BIGINT, number/DECIMAL(p,s), date/DATE, "
            "timestamp/TIMESTAMP, boolean/BOOLEAN"
        )
    return kind, None, None


def _column(prop: SchemaProperty, where: str) -> Column:
    where = f"{where}: column {prop.name}"
    if not prop.name or not prop.description:
        raise ContractError(f"{where}: a column needs a name and a description")
    kind, precision, scale = _type_of(prop, where)
    options = prop.logicalTypeOptions or {}
    extra = _properties(prop.customProperties)
    classification = prop.classification or "internal"
    if classification not in CLASSIFICATIONS:
        raise ContractError(f"{where}: classification must be one of {', '.join(CLASSIFICATIONS)}")
    language = options.get("format")
    if language is not None and language not in TEXT_LANGUAGES:
        raise ContractError(f"{where}: format must be one of {', '.join(TEXT_LANGUAGES)}")
    relationship = prop.relationships[0].to if prop.relationships else None
    return Column(
        name=prop.name,
        type=kind,
        physical_type=str(prop.physicalType),
        description=prop.description.strip(),
        required=bool(prop.required),
        precision=precision,
        scale=scale,
        unit=extra.get("unit"),
        classification=classification,
        values=tuple((str(v.value), v.description or "") for v in prop.enum or []),
        minimum=None if options.get("minimum") is None else str(options["minimum"]),
        maximum=None if options.get("maximum") is None else str(options["maximum"]),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        format=language,
        references=str(relationship) if relationship else None,
        keeps_broken_bytes=bool(extra.get("keepsBrokenBytes", False)),
        attribute=extra.get("attribute"),
    )


def _format(server: Server, columns: tuple[Column, ...], where: str) -> FileFormat:
    name = server.format or ""
    if name not in SUFFIXES:
        raise ContractError(f"{where}: server format {name!r} is not one of {', '.join(SUFFIXES)}")
    names = tuple(column.name for column in columns)
    extra = _properties(server.customProperties)
    layouts: list[tuple[str, ...]] = []
    for layout in extra.get("layouts", []):
        # a layout is the first n contract columns, or an order of its own
        chosen = names[:layout] if isinstance(layout, int) else tuple(layout)
        unknown = [column for column in chosen if column not in names]
        if unknown:
            raise ContractError(f"{where}: layout names unknown columns {unknown}")
        layouts.append(chosen)
    return FileFormat(
        name=name,
        suffixes=SUFFIXES[name],
        delimiter=str(extra.get("delimiter", ",")),
        encoding=str(extra.get("encoding", "utf-8")),
        layouts=tuple(layouts),
    )


def _control_total(extra: dict[str, Any], names: set[str], where: str) -> ControlTotal | None:
    value = extra.get("controlTotal")
    if value is None:
        return None
    total = ControlTotal(
        marker=str(value["marker"]),
        required=bool(value["required"]),
        sum_column=value.get("sumColumn"),
    )
    if total.sum_column is not None and total.sum_column not in names:
        raise ContractError(f"{where}: control total sums unknown column {total.sum_column}")
    return total


def parse_feed(text: str, where: str) -> Feed:
    """Build a `Feed` from the YAML text of one contract; `where` names it in errors."""
    try:
        contract = OpenDataContractStandard(**yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise ContractError(f"{where}: not a valid data contract: {error}") from error
    if not contract.schema_ or len(contract.schema_) != 1:
        raise ContractError(f"{where}: a contract describes exactly one feed")
    table = contract.schema_[0]
    columns = tuple(_column(prop, where) for prop in table.properties or [])
    names = {column.name for column in columns}
    if len(names) != len(columns):
        raise ContractError(f"{where}: a column name stands twice")
    keyed = [prop for prop in table.properties or [] if prop.primaryKey]
    extra = _properties(contract.customProperties)
    sla = {str(item.property): item for item in contract.slaProperties or []}
    valid_from = extra.get("validFrom")
    if valid_from is not None and not {valid_from, "op", "recorded_at"} <= names:
        raise ContractError(f"{where}: a change feed needs {valid_from}, op and recorded_at")
    description = contract.description
    frequency = sla["frequency"].value if "frequency" in sla else "on_change"
    max_age = sla["maximumAge"].value if "maximumAge" in sla else None
    return Feed(
        system=contract.dataProduct or "",
        name=contract.name or "",
        version=contract.version or "",
        domain=contract.domain or "",
        title=(table.businessName or contract.name or "").strip(),
        grain=(table.dataGranularityDescription or "").strip(),
        description=((description.purpose if description else None) or "").strip(),
        columns=columns,
        key=tuple(
            str(prop.name) for prop in sorted(keyed, key=lambda p: p.primaryKeyPosition or 0)
        ),
        formats=tuple(_format(server, columns, where) for server in contract.servers or []),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        valid_from=valid_from,
        control_total=_control_total(extra, names, where),
        file_sequence=extra.get("fileSequence"),
        frequency=str(frequency),
        max_age_days=None if max_age is None else int(max_age),
    )


def load_feed(path: Path) -> Feed:
    """Read one contract file and check that it stands where its own words say."""
    feed = parse_feed(path.read_text(encoding="utf-8"), str(path))
    expected = f"{feed.system}/{feed.name}.odcs.yaml"
    if path.as_posix().split("/")[-2:] != expected.split("/"):
        raise ContractError(f"{path}: says that it is {expected}")
    return feed


@lru_cache(maxsize=8)
def load_feeds(folder: Path) -> dict[str, Feed]:
    """Read every contract below `folder`; returns feeds by `system/feed`, sorted."""
    feeds = [load_feed(path) for path in sorted(folder.glob("*/*.odcs.yaml"))]
    if not feeds:
        raise ContractError(f"no contracts below {folder}: expected <system>/<feed>.odcs.yaml")
    return {feed.id: feed for feed in feeds}
