"""A process that has imported everything and forks one child per job, watches it and kills it.

Forked children start in milliseconds and have touched no data: what they know, they read from the
disk, like a process started anew. Being the parent, this process kills without any doubt about
whose process id it is. Jobs come as JSON lines on standard input, outcomes go to standard output.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any

from orchestration.contracts import load_feeds
from orchestration.settings import Settings
from tests.reliability import tasks

# what a library prints must not mix with our answers
_ANSWERS = os.dup(1)
os.dup2(2, 1)


def _child(job: dict[str, Any], pipe: int) -> None:
    """Run the task, say what came of it, and end without the clean-up of a forked interpreter."""

    def say(**message: Any) -> None:
        os.write(pipe, json.dumps(message).encode() + b"\n")

    os.environ.update(job["environment"])
    started = time.monotonic()
    try:
        value = tasks.TASKS[job["task"]](lambda note: say(note=note), **job["arguments"])
        told = {"status": "ok", "value": value}
    except BaseException as error:
        told = {
            "status": "error",
            "kind": type(error).__name__,
            "number": getattr(error, "errno", None),
            "message": str(error),
            "trace": traceback.format_exc(),
        }
    say(seconds=time.monotonic() - started, **told)
    os._exit(0)


class _Watch:
    """Reads what a child says; kills it when its time has come or when it says nothing."""

    def __init__(self, job: dict[str, Any], pid: int, pipe: int) -> None:
        self.pid = pid
        self.pipe = pipe
        self.quiet_seconds = float(job["quiet_seconds"])
        now = time.monotonic()
        self.kill_at = None if job["kill_after"] is None else now + float(job["kill_after"])
        self.hung_at = now + self.quiet_seconds
        self.rest = b""
        self.told: dict[str, Any] | None = None
        self.hung = False

    def follow(self) -> None:
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN | select.POLLHUP)
        while True:
            now = time.monotonic()
            if self.kill_at is not None and now >= self.kill_at:
                self.kill_at = None
                os.kill(self.pid, signal.SIGKILL)
            if now >= self.hung_at and not self.hung:
                self.hung = True
                os.kill(self.pid, signal.SIGKILL)
            ends = [end for end in (self.kill_at, None if self.hung else self.hung_at) if end]
            wait = max(min(ends) - now, 0) * 1000 if ends else None
            if poll.poll(wait) and not self._read():
                return

    def _read(self) -> bool:
        data = os.read(self.pipe, 1 << 16)
        if not data:
            return False
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.hung_at = time.monotonic() + self.quiet_seconds
            if "note" in message:
                answer(message)
            else:
                self.told = message
        return True


def answer(message: dict[str, Any]) -> None:
    """Say something to the driver."""
    os.write(_ANSWERS, json.dumps(message).encode() + b"\n")


def _run(job: dict[str, Any]) -> None:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(job, writing)
    os.close(writing)
    watch = _Watch(job, pid, reading)
    watch.follow()
    os.close(reading)
    _, status, usage = os.wait4(pid, 0)
    end = os.waitstatus_to_exitcode(status)
    told = watch.told or {"status": "hung" if watch.hung else "ended"}
    # killed after its last word: the word was not heard by anyone else
    if watch.told and end:
        told = {"status": "ended"}
    answer({**told, "signal": -end if end < 0 else 0, "peak_mb": usage.ru_maxrss / 1024})


def main() -> None:
    """Serve jobs until standard input ends."""
    load_feeds(Settings().contracts)
    answer({"note": "ready"})
    for line in sys.stdin:
        _run(json.loads(line))


if __name__ == "__main__":
    main()
