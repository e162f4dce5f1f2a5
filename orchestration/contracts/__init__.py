"""The data contracts: read (`registry`) and turned into dbt and docs (`generate`)."""

from orchestration.contracts.model import Column, ControlTotal, Feed, FileFormat
from orchestration.contracts.registry import ContractError, load_feed, load_feeds

__all__ = [
    "Column",
    "ContractError",
    "ControlTotal",
    "Feed",
    "FileFormat",
    "load_feed",
    "load_feeds",
]
