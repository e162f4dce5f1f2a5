"""What a dbt command is asked to do, and that one parse serves a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration import warehouse
from orchestration.settings import Settings

DAY = date(2026, 10, 1)


class Parsed:
    """Stands for a parsed project of no models."""

    def __init__(self, copies: list[Parsed]) -> None:
        self.nodes: dict[str, Any] = {}
        self.copies = copies

    def deepcopy(self) -> Parsed:
        copy = Parsed(self.copies)
        self.copies.append(copy)
        return copy


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[tuple[str, ...], Any]]]:
    """Commands that dbt would get, with the manifest that each is handed."""
    asked: list[tuple[tuple[str, ...], Any]] = []

    def invoke(_: Settings, args: Sequence[str], manifest: Any = None) -> SimpleNamespace:
        asked.append((tuple(args), manifest))
        result = Parsed([]) if args[0] == "parse" else SimpleNamespace(results=())
        return SimpleNamespace(success=True, exception=None, result=result)

    monkeypatch.setattr(warehouse, "_invoke", invoke)
    monkeypatch.setattr(warehouse, "_last_parsed", {})
    yield asked


def test_unit_tests_are_left_out_once_the_same_code_was_green(
    settings: Settings, commands: list[tuple[tuple[str, ...], Any]]
) -> None:
    warehouse.run_dbt(settings, ["build"], DAY)
    warehouse.run_dbt(settings, ["build"], DAY, tested_from=DAY)
    warehouse.run_dbt(settings, ["build", "--select", "one"], DAY, tested_from=DAY)
    built = [" ".join(args) for args, _ in commands if args[0] == "build"]
    assert ["--exclude-resource-type unit_test" in text for text in built] == [False, True, False]


def test_a_project_is_parsed_once_and_each_command_gets_a_copy_of_its_own(
    settings: Settings,
    commands: list[tuple[tuple[str, ...], Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warehouse.run_dbt(settings, ["build"], DAY)
    warehouse.run_dbt(settings, ["build"], DAY)
    assert [args[0] for args, _ in commands] == ["parse", "build", "build"]
    handed = [manifest for args, manifest in commands if args[0] == "build"]
    assert handed[0] is not handed[1]
    assert handed == handed[0].copies
    monkeypatch.setattr(warehouse, "code_digest", lambda _: "of other code")
    warehouse.run_dbt(settings, ["build"], DAY)
    assert [args[0] for args, _ in commands][3:] == ["parse", "build"]
