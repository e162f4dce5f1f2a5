"""R3: publish dies at each of its steps; readers find the old build or the new one, never neither.

Even rounds kill at each passage of each fault point, odd rounds at random instants. In every third
round nothing was published before: readers then find nothing or the new build.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.reliability.builds import Files, Readers, served_files
from tests.reliability.lab import Lab, demand, seeded

POINTS = ("write", "before_rename", "after_rename", "before_pointer", "after_pointer")
OLD, NEW = "2026-10-01", "2026-10-02"
# at least as many as there are passages of fault points: a seed is a round and a step
STEPS = 12


@dataclass(frozen=True)
class Reference:
    """The new build as published undisturbed, how long that takes, and the passages to kill at."""

    build: str
    files: Files
    seconds: float
    passages: tuple[tuple[str, int], ...]


def prepare(lab: Lab, data: Path, *, has_old: bool) -> str | None:
    """Publish the old build if wanted and put the warehouse of the new one beside it."""
    old, files = lab.once(("prepared", has_old), lambda: _prepared(lab, has_old))
    for name, content in files.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return None if old is None else str(old)


def _prepared(lab: Lab, has_old: bool) -> tuple[str | None, dict[str, bytes]]:
    with lab.folder() as data:
        old = None
        if has_old:
            lab.succeed("make_warehouse", {"data": str(data), "variant": 1})
            old = str(lab.succeed("publish_build", {"data": str(data), "as_of": OLD}).value)
        lab.succeed("make_warehouse", {"data": str(data), "variant": 2})
        paths = [path for path in data.rglob("*") if path.is_file()]
        return old, {path.relative_to(data).as_posix(): path.read_bytes() for path in paths}


def _count(lab: Lab, data: Path, point: str) -> int:
    counted = {"TOLLHOUSE_FAULT": f"{point}:1000000000:eio"}
    arguments = {"data": str(data), "as_of": NEW}
    return int(lab.succeed("count_publish", arguments, environment=counted).value)


def _reference(lab: Lab) -> Reference:
    passages: list[tuple[str, int]] = []
    for point in POINTS:
        with lab.folder() as data:
            prepare(lab, data, has_old=True)
            passages += [(point, n + 1) for n in range(_count(lab, data, point))]
    with lab.folder() as data:
        prepare(lab, data, has_old=True)
        seconds = lab.succeed("publish_build", {"data": str(data), "as_of": NEW}).seconds
        build, files = served_files(data / "published")
    demand(build is not None and 4 <= len(passages) <= STEPS, f"{passages} were passed")
    return Reference(str(build), files, seconds, tuple(passages))


def reference(lab: Lab) -> Reference:
    """Return how publishing ends undisturbed."""
    made: Reference = lab.once("publish", lambda: _reference(lab))
    return made


def check_served(published: Path, known: Reference, old: str | None) -> None:
    """Readers find the old build or the new one, whole."""
    build, files = served_files(published)
    demand(build in (old, known.build), f"readers find {build}, not {old} or {known.build}")
    if build == known.build:
        demand(files == known.files, f"{build} differs from the one published undisturbed")


def check_published(published: Path, known: Reference, old: str | None) -> None:
    """The new build is served, the old one is still there for who reads it, nothing is half."""
    build, files = served_files(published)
    demand((build, files) == (known.build, known.files), f"{build} is served, not {known.build}")
    names = {path.name for path in published.iterdir()}
    wanted = {"CURRENT", known.build} | ({old} if old else set())
    demand(names == wanted, f"published holds {sorted(names)}, expected {sorted(wanted)}")


def kill_publish(lab: Lab, seed: int) -> None:
    """Try one seed."""
    rng = seeded(f"kill publish {seed}")
    known = reference(lab)
    rounds, step = divmod(seed, STEPS)
    with lab.folder() as data:
        published = data / "published"
        old = prepare(lab, data, has_old=rounds % 3 != 2)
        with Readers(published) as readers:
            for _ in range(1 + (rng.random() < 0.3)):
                _kill(lab, known, data, rng, None if rounds % 2 else step)
                check_served(published, known, old)
            lab.succeed("publish_build", {"data": str(data), "as_of": NEW})
        for seen in readers.seen:
            order = [build for build in (old, known.build) if build in seen]
            demand(seen == order, f"a reader saw {seen}")
        check_published(published, known, old)


def _kill(lab: Lab, known: Reference, data: Path, rng: Random, step: int | None) -> None:
    arguments = {"data": str(data), "as_of": NEW}
    if step is None:
        moment = rng.uniform(0, known.seconds)
        outcome = lab.worker.run("publish_build", arguments, kill_after=moment)
    else:
        point, passage = known.passages[step % len(known.passages)]
        fault = {"TOLLHOUSE_FAULT": f"{point}:{passage}:kill"}
        outcome = lab.worker.run("publish_build", arguments, environment=fault)
    demand(outcome.status in ("ended", "ok"), f"publish failed: {outcome.trace or outcome.status}")
