"""The table that `make reliability` prints, and the same figures for the benchmarks folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.reliability.runner import Result

OUT = Path(__file__).resolve().parents[2] / "benchmarks" / "out" / "reliability.json"
_TITLES = ("id", "fault", "count", "seeds", "failures", "peak MB", "seconds", "date")


def _seeds(result: Result) -> str:
    first, last = min(result.seeds), max(result.seeds)
    dense = len(result.seeds) == last - first + 1
    return (f"{first}-{last}" if last > first else f"{first}") if dense else f"{first}..{last}"


def table(results: Sequence[Result]) -> str:
    """Return the table, the notes below it, and every failure with how to see it again."""
    rows = [
        (
            result.fault.id,
            result.fault.title,
            f"{len(result.seeds):,}",
            _seeds(result),
            str(len(result.failures)),
            f"{result.peak_mb:.0f}",
            f"{result.seconds:.1f}",
            result.date,
        )
        for result in results
    ]
    widths = [max(len(row[n]) for row in [_TITLES, *rows]) for n in range(len(_TITLES))]
    lines = [
        " | ".join(
            cell.ljust(width) if n in (0, 1, 3, 7) else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [_TITLES, *rows]
    ]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    lines += [f"{r.fault.id}: {note}" for r in results for note in sorted(r.notes)]
    return "\n".join(lines) + "\n" + "".join(result.explain() for result in results)


def write_figures(results: Sequence[Result]) -> None:
    """Write failures and counts per fault to `benchmarks/out/reliability.json`.

    Figures of faults that were not run this time stay as they are.
    """
    figures = {item["name"]: item for item in json.loads(OUT.read_text())} if OUT.exists() else {}
    for result in results:
        name = f"reliability_{result.fault.id}_failures"
        figures[name] = {
            "name": name,
            "figure": len(result.failures),
            "unit": f"failures in {len(result.seeds)} tries",
            "context": f"{result.fault.title}; seeds {_seeds(result)}; {result.seconds:.0f} s; "
            f"peak {result.peak_mb:.0f} MB; {result.date}",
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figures[name] for name in sorted(figures)], indent=2) + "\n")
