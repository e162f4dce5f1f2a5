"""What went wrong outside any step, as one line for a person instead of a traceback.

What belongs here: errors that any command can meet (disk, permission, engine). What does not: the
errors that carry their own text, such as a held lock or a broken contract.
"""

from __future__ import annotations

import shutil
from typing import Any

from orchestration.publishing import current_build
from orchestration.settings import Settings


def what_failed(settings: Settings, error: BaseException) -> str:
    """Return `<what> (<path>); published is still: <build>` on one line."""
    what, path = _explained(error)
    where = f" ({path})" if path else ""
    return f"{what}{where}; published is still: {_served(settings)}"


def _explained(error: BaseException) -> tuple[str, str]:
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return _first_of(error.args[0])
    if isinstance(error, OSError) and error.strerror:
        return error.strerror, str(error.filename2 or error.filename or "")
    return " ".join(str(error).split()) or type(error).__name__, ""


def _first_of(failed: list[Any]) -> tuple[str, str]:
    """Explain the first of the (source, target, why) that a copy of a tree collects."""
    if not failed:
        return "a copy failed", ""
    _, target, why = failed[0]
    # "[Errno 28] No space left on device: 'path'": the path is said once
    text = str(why).removeprefix("[Errno ").split("] ", 1)[-1].split(": '", 1)[0]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return text + more, str(target)


def _served(settings: Settings) -> str:
    try:
        return current_build(settings) or "nothing"
    except OSError as error:
        return f"unknown ({error.strerror})"
