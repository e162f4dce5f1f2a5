"""From the warehouse to versioned, read-only files that readers open; the pointer moves last."""

from orchestration.publishing.builds import (
    BrokenBuildError,
    NotGreenError,
    PublishResult,
    build_facts,
    current_build,
    publish,
    verify_build,
)

__all__ = [
    "BrokenBuildError",
    "NotGreenError",
    "PublishResult",
    "build_facts",
    "current_build",
    "publish",
    "verify_build",
]
