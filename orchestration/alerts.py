"""Alarms as files: one JSON file per alarm in `settings.alerts`, for any monitoring to pick up.

An alarm has a name that follows from what it is about, so that raising it twice (by the pipeline
and by a sensor, or on every tick) leaves one file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.settings import Settings

_UNSAFE = re.compile(r"[^A-Za-z0-9_.=-]+")


@dataclass(frozen=True)
class Alert:
    """One alarm: `kind` is run_failed, check_failed or days_missed; `subject` what it is about."""

    kind: str
    subject: str
    message: str
    details: Mapping[str, Any]

    @property
    def filename(self) -> str:
        """The same for the same alarm."""
        return f"{self.kind}--{_UNSAFE.sub('-', self.subject)[:150]}.json"


def raise_alert(settings: Settings, alert: Alert) -> Path:
    """Write an alarm if it was not raised yet; returns its file."""
    path = settings.alerts / alert.filename
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "kind": alert.kind,
        "subject": alert.subject,
        "message": alert.message,
        "details": dict(alert.details),
        "raised_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # whoever watches the folder never sees half a file
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    half.replace(path)
    return path


def read_alerts(settings: Settings) -> list[Alert]:
    """Return every alarm, by file name."""
    found = []
    for path in sorted(settings.alerts.glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        found.append(Alert(body["kind"], body["subject"], body["message"], body["details"]))
    return found
