"""Pictures are small, equal from run to run, and well-formed."""

from __future__ import annotations

from pathlib import Path

import defusedxml.ElementTree

from data.simulator.pictures import Chart


def _chart() -> Chart:
    return Chart("Use & more", "records", ["a", "b", "c"], {"x": [1, None, 3], "y": [0, 2_500, 3]})


def test_a_chart_is_well_formed_and_always_the_same() -> None:
    text = _chart().svg()
    root = defusedxml.ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert text == _chart().svg()
    assert "Use &amp; more" in text
    assert ">3,000<" in text


def test_pictures_in_the_documents_are_small_and_there() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    text = (docs / "simulator.md").read_text(encoding="utf-8")
    for path in sorted((docs / "images").glob("simulator-*.svg")):
        assert path.stat().st_size < 100_000
        assert f"images/{path.name}" in text
