"""What pages share: the published build, number formats, and the states of a page."""
