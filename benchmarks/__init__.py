"""Named workloads: each prints one comparable figure and writes it to `benchmarks/out/`.

Speed is always a ratio within one run, against DuckDB doing the plain version of the same work on
the same rows, each side in a process of its own, turn by turn; memory is the peak of that process.
"""
