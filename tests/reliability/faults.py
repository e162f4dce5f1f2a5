"""All faults in the order of the table: how often in CI, how often by `make reliability`."""

from __future__ import annotations

from tests.reliability.catalogue import Fault, each
from tests.reliability.drift import drift
from tests.reliability.full_disk import full_disk
from tests.reliability.io_errors import io_error
from tests.reliability.kill_ingest import kill_ingest
from tests.reliability.kill_publish import STEPS, kill_publish
from tests.reliability.missed_days import missed_days
from tests.reliability.mutated import mutated
from tests.reliability.orders import permuted
from tests.reliability.repeats import repeat
from tests.reliability.second_process import second_process
from tests.reliability.surroundings import surroundings
from tests.reliability.unfinished import unfinished

FAULTS: tuple[Fault, ...] = (
    Fault("R1", "kill -9 of ingest at any instant or fault point", 20, 1000, each(kill_ingest)),
    Fault("R3", "kill -9 of publish at each step", 2 * STEPS, 50 * STEPS, each(kill_publish)),
    Fault("R5", "I/O error or no space at the n-th operation", 20, 2000, each(io_error)),
    Fault("R6", "full disk at ingest and publish", 3, 50, each(full_disk)),
    Fault("R8", "same content in other dress; two runs at once", 50, 5000, each(repeat)),
    Fault("R9", "late, overlapping and permuted files", 10, 500, each(permuted)),
    Fault("R10", "growing files, control totals, gaps", 10, 300, each(unfinished)),
    # 959: a time outside the calendar, 2797: an overlong line in front of a stanza
    Fault("R11", "damaged files of every format", 200, 200_000, mutated, kept=(959, 2797)),
    Fault("R12", "schema drift", 25, 500, each(drift)),
    Fault("R14", "second process", 3, 500, each(second_process)),
    Fault("R20", "other threads, locale, zone, home, read-only code", 4, 20, each(surroundings)),
    Fault("R21", "three days without a run", 1, 10, each(missed_days)),
)
