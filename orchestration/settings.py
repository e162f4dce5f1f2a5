"""The one place where a setting has a name, a type, a default and a reason.

Every field can be set by an environment variable of the same name with the prefix `TOLLHOUSE_`
(the data folder is plain `TOLLHOUSE_DATA`). Business numbers do not belong here: they are policy
feeds. What belongs here is where things lie and how much a machine may spend.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Typed settings; construct with keyword arguments in tests, from the environment elsewhere."""

    model_config = SettingsConfigDict(env_prefix="TOLLHOUSE_", frozen=True, extra="forbid")

    data: Path = Field(REPOSITORY / "data", description="Folder of all run-time data.")
    contracts: Path = Field(
        REPOSITORY / "data" / "contracts", description="Folder of the data contracts."
    )
    time_zone: str = Field(
        "Europe/Berlin", description="The operator's zone: decides local days, bands and periods."
    )
    memory_limit: str = Field("4GB", description="Memory limit of the builder's DuckDB.")
    threads: int = Field(2, ge=1, description="Threads of the builder's DuckDB.")
    lock_wait_seconds: float = Field(
        30.0, ge=0, description="How long a second process waits for the data folder."
    )
    settle_seconds: float = Field(
        3.0,
        ge=0,
        description="A file that changed this recently may still grow and is held.",
    )
    open_end_seconds: float = Field(
        30.0,
        ge=0,
        description="The same for a file that lacks its last line end, or is cut off.",
    )
    max_days_ahead: int = Field(
        1,
        ge=0,
        description="A delivery folder further ahead than this is taken for a typing error.",
    )
    max_file_bytes: int = Field(
        64 << 30, ge=1, description="Most bytes one file may hold once decompressed."
    )
    max_ratio: int = Field(
        250, ge=1, description="Most bytes out per byte in of a compressed file (zip bombs)."
    )
    max_record_bytes: int = Field(
        1 << 20, ge=1 << 10, description="Longest record; a longer one is quarantined unread."
    )
    max_columns: int = Field(
        512, ge=1, description="Most columns in a header; more is a hostile or foreign file."
    )
    block_bytes: int = Field(
        16 << 20, ge=1 << 10, description="How much text is read, checked and written at once."
    )
    first_delivery_on: str = Field(
        "2020-01-01", description="First daily partition that Dagster shows."
    )

    @field_validator("data", "contracts")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @cached_property
    def landing(self) -> Path:
        """What the operator's systems drop; never written by us."""
        return self.data / "landing"

    @cached_property
    def raw(self) -> Path:
        """Validated rows as Parquet, and the manifest of what was delivered."""
        return self.data / "raw"

    @cached_property
    def quarantine(self) -> Path:
        """Records that broke a contract, as Parquet, with reason and raw text."""
        return self.data / "quarantine"

    @cached_property
    def published(self) -> Path:
        """Builds that passed every blocking check; the only place that readers open."""
        return self.data / "published"

    @cached_property
    def alerts(self) -> Path:
        """One JSON file per alarm, for the operator's own monitoring to pick up."""
        return self.data / "alerts"

    @cached_property
    def warehouse(self) -> Path:
        """The builder's scratch DuckDB file."""
        return self.data / "warehouse.duckdb"

    @cached_property
    def dagster_home(self) -> Path:
        """Dagster's instance: run history, event log, schedules."""
        return self.data / "dagster"

    @cached_property
    def temporary(self) -> Path:
        """Spill files and half-written files; on the same file system as the rest."""
        return self.data / "tmp"
