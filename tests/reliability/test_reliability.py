"""Every fault with its small count; `python -m tests.reliability --full` has the large ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reliability.catalogue import Fault
from tests.reliability.faults import FAULTS
from tests.reliability.lab import Lab, open_labs
from tests.reliability.runner import run_fault


@pytest.fixture(scope="module")
def labs() -> Iterator[list[Lab]]:
    with open_labs(2) as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_fault_is_survived(fault: Fault, labs: list[Lab]) -> None:
    result = run_fault(fault, fault.seeds(fault.ci), labs)
    assert not result.failures, result.explain()
