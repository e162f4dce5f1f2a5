"""Why something costs what it costs, read back from the tables of the last build.

What belongs here: queries that walk from a result to what it was made of, and their telling. What
does not: any rule of pricing (SQL models). Reads the builder's warehouse, which holds the working
of the last build; marts alone do not carry it.
"""

from orchestration.explaining.usage import (
    Taken,
    UsageSegment,
    UsageStory,
    explain_usage,
    tell_usage,
)

__all__ = ["Taken", "UsageSegment", "UsageStory", "explain_usage", "tell_usage"]
