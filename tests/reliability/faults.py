"""All faults in the order of the table."""

from __future__ import annotations

from tests.reliability.catalogue import Fault, each
from tests.reliability.kill_ingest import kill_ingest
from tests.reliability.kill_publish import STEPS, kill_publish
from tests.reliability.orders import permuted
from tests.reliability.repeats import repeat

FAULTS: tuple[Fault, ...] = (
    Fault("R1", "kill -9 of ingest at any instant or fault point", 20, 1000, each(kill_ingest)),
    Fault("R8", "the same content renamed, repacked, redressed; two runs at once", 50, 5000, each(repeat)),
    Fault("R9", "late, overlapping and permuted files", 10, 500, each(permuted)),
    Fault("R3", "kill -9 at each step of publish, while readers read", STEPS * 2, STEPS * 50, each(kill_publish)),
)
