"""Pages over published builds: they select, filter and draw, and compute no figure."""
