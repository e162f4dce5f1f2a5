"""Faults that the house must survive, each tried on the real code with a seed.

Every fault is a module; `catalogue` lists them, `lab` gives them folders and worker processes,
`invariants` says what must hold after every fault. `python -m tests.reliability` runs them in
numbers and prints a table, pytest runs the same functions with small counts.
"""
