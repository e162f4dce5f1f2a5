"""R20: other threads, locale, time zone, no HOME, read-only code, no network: equal bytes.

Each run is a new interpreter in its surroundings: ingest, a warehouse from raw, publish. Every byte
of raw and quarantine Parquet and of the published build is the same in all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.reliability.lab import BrokenError, Lab, demand
from tests.reliability.worker import REPOSITORY
from tests.reliability.worlds import Landed, land, usual_world

_PROGRAM = (
    "import json, resource, sys; from tests.reliability import tasks; "
    "tasks.everything(lambda note: None, **json.loads(sys.argv[1])); "
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)
# in namespaces of its own: nothing of it is seen outside
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'

_VARIANTS: tuple[dict[str, str | None], ...] = (
    {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "TOLLHOUSE_THREADS": "1"},
    {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    {"TZ": "Pacific/Kiritimati", "HOME": None, "USER": None},
    {"unshare": "--mount --net", "PYTHONDONTWRITEBYTECODE": "1"},
    {"POLARS_MAX_THREADS": "7", "OMP_NUM_THREADS": "5", "TOLLHOUSE_THREADS": "8"},
    {"LC_ALL": "C", "TZ": "America/St_Johns", "PYTHONHASHSEED": "1"},
    {"LC_ALL": "POSIX", "PYTHONOPTIMIZE": "2", "TZ": "Asia/Kathmandu"},
    {"unshare": "--mount --net", "HOME": None, "TZ": "UTC", "POLARS_MAX_THREADS": "3"},
)


def _permitted(flags: list[str]) -> bool:
    command = ["unshare", *flags, "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(lab: Lab, world: Landed, folder: Path, variant: dict[str, str | None]) -> dict[str, str]:
    """Run everything in a surrounding and return the digest of every file that it made."""
    data = folder / "data"
    land(data / "landing", world.files)
    environment = os.environ.copy()
    for name, value in variant.items():
        environment.pop(name, None)
        if value is not None and name != "unshare":
            environment[name] = value
    command = [sys.executable, "-c", _PROGRAM, json.dumps(world.arguments(data))]
    flags = (variant.get("unshare") or "").split()
    if flags and _permitted(flags):
        command = ["unshare", *flags, "sh", "-c", _READ_ONLY, str(REPOSITORY), *command]
    elif flags:
        lab.notes.add("namespaces are not permitted here: code was writable, network was there")
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BrokenError(f"in {variant}: {done.stderr[-2000:]}")
    lab.elsewhere_mb = max(lab.elsewhere_mb, int(done.stdout.split()[-1]) / 1024)
    return {
        path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for top in ("raw", "quarantine", "published")
        for path in sorted((data / top).rglob("*"))
        if path.is_file()
    }


def surroundings(lab: Lab, seed: int) -> None:
    """Try one seed."""
    variant = _VARIANTS[seed % len(_VARIANTS)]
    number = seed // len(_VARIANTS)
    world = usual_world(number, big=5000)
    plain: dict[str, str | None] = {"POLARS_MAX_THREADS": "2"}

    def usual() -> dict[str, str]:
        with lab.folder() as folder:
            return _run(lab, world, folder, plain)

    wanted: dict[str, str] = lab.once(("surroundings", number), usual)
    with lab.folder() as folder:
        found = _run(lab, world, folder, variant)
    differ = [name for name in {**found, **wanted} if found.get(name) != wanted.get(name)]
    demand(not differ, f"in {variant} these differ: {differ[:5]}")
