"""Opens a landed file as one bounded stream of bytes, whatever it is packed in.

What a file is packed in is decided by its first bytes, not by its name. The stream counts what goes
in and what comes out and refuses to go on past the caps, so a zip bomb costs no more than the cap.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, cast

import pyarrow as pa

from orchestration.ingest.landing import LandedFile
from orchestration.settings import Settings

# below this many bytes a high ratio is harmless and common (a short file of zeros)
_RATIO_COUNTS_FROM = 64 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
}
_PACKED_AGAIN = {_GZIP: "packed twice (gzip inside)", _ZSTD: "packed twice (zstd inside)"}


class Refusal(Exception):  # noqa: N818  the domain's word: a refused file
    """The file as a whole contradicts its contract; nothing of it is kept."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


class Hold(Exception):  # noqa: N818  the domain's word: a held file
    """The file is not ready; it is looked at again in the next run."""

    def __init__(self, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code
        self.message = message


class ByteSource(Protocol):
    """Anything that hands out bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        ...


class BoundedStream:
    """Reads from a source until a cap is passed; `taken` is what it has handed out.

    At the end of the file it is checked that nobody wrote to it meanwhile: before, not after,
    anybody makes use of what was read.
    """

    def __init__(
        self, source: ByteSource, landed: LandedFile, settings: Settings, file: BinaryIO
    ) -> None:
        self._source = source
        self._landed = landed
        self._settings = settings
        self._file = file
        self.taken = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; raises `Refusal` past the caps or on damaged packing."""
        try:
            data = self._source.read(size)
        except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
            if isinstance(error, OSError) and error.errno:
                raise
            raise Refusal(
                "DAMAGED_PACKING",
                f"{self._landed.file}: cannot be unpacked after {self.taken:,} bytes ({error}): "
                "transfer it again",
            ) from error
        if not data and size:
            check_unchanged(self._landed, self._file)
        if not self.taken and self._source is not self._file:
            _refuse_packing(self._landed, data, (*_FOREIGN.items(), *_PACKED_AGAIN.items()))
        self.taken += len(data)
        check_size(self._landed, self.taken, self._settings)
        return data


def check_size(landed: LandedFile, taken: int, settings: Settings) -> None:
    """Raise `Refusal` when a file unpacks to more than is allowed."""
    if taken > settings.max_file_bytes:
        raise Refusal(
            "TOO_LARGE",
            f"{landed.file}: holds more than {settings.max_file_bytes:,} bytes; "
            "split it, or raise TOLLHOUSE_MAX_FILE_BYTES",
        )
    ratio = taken // max(landed.size_bytes, 1)
    if taken > _RATIO_COUNTS_FROM and ratio > settings.max_ratio:
        raise Refusal(
            "PACKING_RATIO",
            f"{landed.file}: unpacks to more than {settings.max_ratio} times its "
            "size; if that is real, deliver it unpacked or raise TOLLHOUSE_MAX_RATIO",
        )


def open_regular(landed: LandedFile) -> BinaryIO:
    """Open the file itself, never through a link, and never anything but a regular file."""
    try:
        handle = os.open(landed.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Hold("GONE", f"{landed.file}: vanished before it could be read") from error
    except PermissionError as error:
        raise Hold("UNREADABLE", f"{landed.file}: no permission to read it") from error
    except OSError as error:
        raise Refusal("NOT_A_FILE", f"{landed.file}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Refusal("NOT_A_FILE", f"{landed.file}: not a regular file")
    return os.fdopen(handle, "rb", buffering=0)


@contextmanager
def open_stream(landed: LandedFile, settings: Settings) -> Iterator[BoundedStream]:
    """Open a landed file unpacked."""
    with open_regular(landed) as file:
        magic = file.read(6)
        file.seek(0)
        _refuse_packing(landed, magic, _FOREIGN.items())
        source: ByteSource
        if magic.startswith(_GZIP):
            source = cast("ByteSource", gzip.GzipFile(fileobj=file))
        elif magic.startswith(_ZSTD):
            source = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
        else:
            source = file
        yield BoundedStream(source, landed, settings, file)


def _refuse_packing(landed: LandedFile, start: bytes, kinds: Iterable[tuple[bytes, str]]) -> None:
    for prefix, name in kinds:
        if start.startswith(prefix):
            raise Refusal(
                "UNKNOWN_PACKING",
                f"{landed.file}: is {name}; deliver it plain, or packed once as .gz or .zst",
            )


def check_unchanged(landed: LandedFile, file: BinaryIO) -> None:
    """Raise `Hold` when the file was written to since it was listed."""
    facts = os.fstat(file.fileno())
    if (facts.st_size, facts.st_mtime_ns) != (landed.size_bytes, landed.modified_ns):
        raise Hold(
            "GROWING",
            f"{landed.file}: changed while it was read ({landed.size_bytes:,} bytes when listed, "
            f"{facts.st_size:,} now): it is read again in the next run",
        )
