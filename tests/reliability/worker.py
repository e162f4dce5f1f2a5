"""The driver's end of a server process: hands it jobs and hears what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
# a file that needs longer than this hangs
QUIET_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    `status` is ok, error (the task raised), ended (the process died) or hung (it was killed because
    it said nothing for too long).
    """

    status: str
    value: Any = None
    kind: str = ""
    number: int | None = None
    message: str = ""
    trace: str = ""
    signal: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass
class Worker:
    """One server process; runs one job at a time, each in a child of its own."""

    peak_mb: float = 0.0
    _process: subprocess.Popen[bytes] | None = None
    _notes: list[str] = field(default_factory=list)

    def start(
        self,
        task: str,
        arguments: dict[str, Any],
        *,
        environment: dict[str, str] | None = None,
        kill_after: float | None = None,
        quiet_seconds: float = 60.0,
    ) -> None:
        """Start a job; `finish` waits for its end. `kill_after` seconds it dies by SIGKILL."""
        job = {
            "task": task,
            "arguments": arguments,
            "environment": environment or {},
            "kill_after": kill_after,
            "quiet_seconds": quiet_seconds,
        }
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.server"],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            next(self._answers())
        self._notes = []
        assert self._process.stdin
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()

    def _answers(self) -> Iterator[dict[str, Any]]:
        assert self._process and self._process.stdout
        for line in self._process.stdout:
            yield json.loads(line)
        raise RuntimeError("the server process is gone")

    def wait_for_note(self) -> str:
        """Wait until the running job says something before its end."""
        note = str(next(self._answers())["note"])
        self._notes.append(note)
        return note

    def finish(self) -> Outcome:
        """Wait for the end of the running job."""
        for message in self._answers():
            if "note" in message:
                self._notes.append(str(message["note"]))
                continue
            self.peak_mb = max(self.peak_mb, float(message["peak_mb"]))
            return Outcome(**message, notes=tuple(self._notes))
        raise AssertionError("not reached: the answers end with an error")

    def run(self, task: str, arguments: dict[str, Any], **options: Any) -> Outcome:
        """Run a job to its end."""
        self.start(task, arguments, **options)
        return self.finish()

    def close(self) -> None:
        """End the server process."""
        if self._process is not None:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.close()
            self._process.wait(60)
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
