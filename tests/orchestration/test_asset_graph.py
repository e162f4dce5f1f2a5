"""The whole asset graph as a committed text, so that a change of structure shows in review.

Refresh it with: `python -m tests.orchestration.test_asset_graph`
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.console import say
from orchestration.definitions import build_defs
from orchestration.settings import Settings

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
REFRESH = "python -m tests.orchestration.test_asset_graph"


def lines_of(definitions: dg.Definitions) -> Iterator[str]:
    """Describe every asset in a block: key, group, what it reads, and its checks (! blocks)."""
    graph = definitions.resolve_asset_graph()
    nodes = {node.key: node for node in graph.asset_nodes}
    checks: dict[dg.AssetKey, list[str]] = {}
    for check in graph.asset_check_keys:
        mark = "!" if graph.get(check).blocking else "?"
        checks.setdefault(check.asset_key, []).append(f"  {mark} {check.name}")
    for key in sorted(graph.materializable_asset_keys, key=lambda k: k.to_user_string()):
        node = nodes[key]
        yield f"{key.to_user_string()} [{node.group_name}]"
        yield from (
            f"  < {parent}" for parent in sorted(k.to_user_string() for k in node.parent_keys)
        )
        yield from sorted(checks.get(key, []))
    for job in sorted(d.name for d in definitions.resolve_all_job_defs()):
        yield f"job {job}"


def definitions_over(folder: Path) -> dg.Definitions:
    return build_defs(Settings(data=folder / "data"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return definitions_over(tmp_path_factory.mktemp("graph"))


def test_the_graph_is_the_committed_one(real: dg.Definitions) -> None:
    now = "\n".join(lines_of(real)) + "\n"
    before = SNAPSHOT.read_text(encoding="utf-8")
    diff = "\n".join(difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=1))
    assert now == before, f"the asset graph changed; if that is meant: {REFRESH}\n{diff}"


def test_the_definitions_load(real: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(real)


def test_every_asset_has_an_owner_a_group_and_a_description(real: dg.Definitions) -> None:
    graph = real.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.owners and node.description, key
        assert node.group_name not in ("", "default"), key


def test_only_the_closing_of_days_has_days(real: dg.Definitions) -> None:
    # one event per asset and day made a first run over half a year twice as long
    graph = real.resolve_asset_graph()
    dated = [key for key in graph.materializable_asset_keys if graph.get(key).is_partitioned]
    assert dated == [dg.AssetKey(["raw", "delivery_days"])]
    assert graph.get(dated[0]).backfill_policy == dg.BackfillPolicy.single_run()
    assert isinstance(real.resolve_job_def("daily").partitions_def, dg.DailyPartitionsDefinition)


def test_no_model_reads_a_raw_table_that_nobody_fills(real: dg.Definitions) -> None:
    graph = real.resolve_asset_graph()
    external = {key for key in graph.external_asset_keys if key.path[0] == "raw"}
    assert not external


def test_assets_and_checks_share_the_pool(real: dg.Definitions) -> None:
    repository = real.get_repository_def()
    ops = [assets.op for assets in repository.assets_defs_by_key.values()]
    ops += [checks.op for checks in repository.asset_checks_defs_by_key.values()]
    assert {op.pool for op in ops} == {"warehouse"}


def test_every_feed_adds_up_before_anything_is_built(real: dg.Definitions) -> None:
    graph = real.resolve_asset_graph()
    feeds = [
        key
        for key in graph.materializable_asset_keys
        if key.path[0] == "raw" and key.path[1] not in ("ingest", "delivery_days")
    ]
    for key in feeds:
        names = {check.name for check in graph.asset_check_keys if check.asset_key == key}
        assert "every_record_is_a_row_or_quarantined_or_blank" in names, key


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        SNAPSHOT.write_text("\n".join(lines_of(definitions_over(Path(folder)))) + "\n", "utf-8")
    say(f"wrote {SNAPSHOT.name}")
