"""What the last green build was made of: tells whether there is anything to do, and what to test.

Written by whoever published, after publishing; losing the file costs one build, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from orchestration.settings import REPOSITORY, Settings

_CODE = (("orchestration", "*.py"), ("dbt_project", "*.sql"), ("dbt_project", "*.yml"))
_NOT_CODE = {"target", "logs", "__pycache__"}


@dataclass(frozen=True)
class Built:
    """The last build that was published: its id, its day and the digest of what made it."""

    build: str
    as_of: date
    code_digest: str


def code_digest(settings: Settings) -> str:
    """Return one digest over the code, the models and the contracts that a build depends on."""
    files = [(REPOSITORY, path) for top, kind in _CODE for path in (REPOSITORY / top).rglob(kind)]
    files += [(settings.contracts, path) for path in settings.contracts.rglob("*.odcs.yaml")]
    digest = hashlib.sha256(settings.time_zone.encode())
    for top, path in sorted(files):
        name = path.relative_to(top)
        if _NOT_CODE.isdisjoint(name.parts):
            digest.update(name.as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _file(settings: Settings) -> Path:
    return settings.data / "built.json"


def read_built(settings: Settings) -> Built | None:
    """Return the last green build, None when there is none (or nobody knows of it)."""
    try:
        body = json.loads(_file(settings).read_text(encoding="utf-8"))
        return Built(body["build"], date.fromisoformat(body["as_of"]), body["code_digest"])
    except (OSError, ValueError, KeyError):
        return None


def write_built(settings: Settings, built: Built) -> None:
    """Remember a build that was published."""
    path = _file(settings)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(json.dumps(asdict(built), default=str) + "\n", encoding="utf-8")
    half.replace(path)
