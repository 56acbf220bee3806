"""The blog's experiments, one change at a time."""
