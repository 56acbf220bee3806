"""The blog's experiments: one change at a time against a base, with a verdict from numbers."""
