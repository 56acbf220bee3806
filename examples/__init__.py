"""Programs that use everything: the tour, and a template for a new model."""
