"""A seeded telecom operator whose truth is known.

It writes landing files only, as the systems of an operator would, and keeps what nobody else may
know (hazards, dirt, true states) below `truth/`. No pipeline code reads truth. The contracts are
its schema: a row with a column that no contract knows is an error here, not in production.

Same knobs, same bytes: every draw comes from a stream named after what it is for and on which day,
so the size of a step changes nothing.
"""
