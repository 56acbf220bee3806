"""Uses of the models that the chapter names: few labels, mixed data, a loss, compression, codes."""
