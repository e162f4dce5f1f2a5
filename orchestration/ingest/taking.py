"""In which order the files of a feed are taken, so that it does not matter when a run happens.

The days are gone through one by one, whether or not they were run one by one. On each day the
smallest (folder day, path) that may be taken is next; a file behind a gap may be taken as soon as
the gap is closed, before any larger one. So what is taken, and of twins which one, follows from the
files, their days and the waivers alone.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence as Files
from datetime import date

from orchestration.contracts import Feed
from orchestration.ingest.containers import Hold, Refusal
from orchestration.ingest.days import booking_day
from orchestration.ingest.files import ingest_file
from orchestration.ingest.groups import Group
from orchestration.ingest.landing import LandedFile
from orchestration.ingest.manifest import FileEntry
from orchestration.ingest.sequences import Sequence, sequence_of, waived_sequences
from orchestration.settings import Settings


def take_files(
    settings: Settings, feed: Feed, files: Files[LandedFile], group: Group, as_of: date
) -> list[FileEntry]:
    """Decide about the files of a feed that count up to `as_of`; returns the decisions.

    `files` are in order of (folder day, path).
    """
    if feed.file_sequence is None or not files:
        closed = group.manifest.processed_through
        entries = []
        for landed in files:
            day = booking_day(landed.folder_on, closed)
            if day <= as_of:
                entries.append(ingest_file(settings, feed, landed, group, day))
                group.flush_if_large()
        return entries
    return _NumberedFiles(settings, feed, files, group).take(as_of)


class _NumberedFiles:
    """One pass over the files of a feed whose names carry numbers."""

    def __init__(
        self, settings: Settings, feed: Feed, files: Files[LandedFile], group: Group
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._files = files
        self._group = group
        manifest = group.manifest
        waived = waived_sequences(settings, manifest, feed)
        self._sequence = Sequence(feed, manifest.of_feed(feed.id), waived)
        self._numbers = [self._number(landed) for landed in files]
        self._by_day: dict[date, list[int]] = defaultdict(list)
        for place, landed in enumerate(files):
            self._by_day[booking_day(landed.folder_on, manifest.processed_through)].append(place)
        # places of files that may be tried now, and (number, place) of those behind a gap
        self._ready: list[int] = []
        self._behind: list[tuple[int, int]] = []
        self._entries: list[FileEntry] = []

    def _number(self, landed: LandedFile) -> int | None:
        known = self._group.manifest.entries.get((self._feed.id, landed.file))
        if known is not None and known.status in ("ingested", "repeat"):
            # its place in the sequence was found when it was taken
            return None
        return sequence_of(self._feed, landed.file)

    def take(self, as_of: date) -> list[FileEntry]:
        first = min(self._by_day, default=date.max)
        further = {day for day in self._sequence.days if day > first}
        for day in sorted(self._by_day.keys() | further):
            if day <= as_of:
                self._sequence.move_to(day)
                self._ready += self._by_day.get(day, [])
                heapq.heapify(self._ready)
                self._take_day(day)
        for number, place in sorted(self._behind):
            self._hold(self._files[place], self._sequence.gap(self._files[place], number))
        return self._entries

    def _take_day(self, day: date) -> None:
        self._release()
        while self._ready:
            place = heapq.heappop(self._ready)
            number = self._numbers[place]
            if number is not None and not self._sequence.may_be_taken(number):
                heapq.heappush(self._behind, (number, place))
                continue
            self._decide(self._files[place], number, day)
            self._release()

    def _release(self) -> None:
        """Let files be tried that no gap holds any more."""
        while self._behind and self._sequence.may_be_taken(self._behind[0][0]):
            heapq.heappush(self._ready, heapq.heappop(self._behind)[1])

    def _decide(self, landed: LandedFile, number: int | None, day: date) -> None:
        # the same file sent again carries its number again: that is a repeat, not a fault
        objection: Refusal | None = None
        if number is not None:
            objection = self._sequence.objection(landed, number)
        entry = ingest_file(self._settings, self._feed, landed, self._group, day, objection)
        if number is not None and entry.status in ("ingested", "repeat"):
            self._sequence.take(number, landed.file)
        self._entries.append(entry)
        self._group.flush_if_large()

    def _hold(self, landed: LandedFile, why: Hold) -> None:
        entry = FileEntry(
            status="held",
            system=self._feed.system,
            feed=self._feed.name,
            file=landed.file,
            folder_on=landed.folder_on,
            size_bytes=landed.size_bytes,
            modified_ns=landed.modified_ns,
            reason_code=why.reason_code,
            message=why.message,
            contract_version=self._feed.version,
            contract_digest=self._feed.digest,
        )
        if self._group.manifest.entries.get(entry.key) != entry:
            self._group.manifest.add(entry)
        self._entries.append(entry)
