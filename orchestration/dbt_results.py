"""What a dbt command came to, node by node, in a shape that does not change with dbt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_PASSED = frozenset({"success", "pass", "warn", "skipped", "no-op"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, test or unit test.

    `rows` is what the engine said it wrote (None when it does not say), `failures` the number of
    offending rows of a test.
    """

    unique_id: str
    status: str
    seconds: float
    rows: int | None
    failures: int | None
    message: str

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with the node (a skipped one is the fault of another)."""
        return self.status in _PASSED


@dataclass(frozen=True)
class DbtResult:
    """One dbt command: its arguments, how long it took and the result of every node."""

    args: tuple[str, ...]
    seconds: float
    nodes: tuple[NodeResult, ...]

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """The nodes that broke the command."""
        return tuple(node for node in self.nodes if not node.passed)


class DbtError(RuntimeError):
    """A dbt command failed; the text names the failing nodes, `result` has all of them."""

    def __init__(self, message: str, result: DbtResult) -> None:
        super().__init__(message)
        self.result = result


def node_result(item: Any) -> NodeResult:
    """Return one result in dbt's own shape as ours."""
    rows = (item.adapter_response or {}).get("rows_affected")
    return NodeResult(
        unique_id=item.node.unique_id,
        status=str(item.status),
        seconds=float(item.execution_time),
        rows=None if rows is None or int(rows) < 0 else int(rows),
        failures=item.failures,
        message=str(item.message or ""),
    )


def explain(args: Sequence[str], result: DbtResult, exception: BaseException | None) -> str:
    """Say which nodes broke a command, and how."""
    lines = [f"dbt {' '.join(args)} failed"]
    lines += [f"  {node.unique_id}: {node.status}: {node.message}" for node in result.failed]
    if exception is not None:
        lines.append(f"  {exception}")
    return "\n".join(lines)
