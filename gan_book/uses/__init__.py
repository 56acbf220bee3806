"""Uses of the models that the chapter names: few labels, semi-supervised learning, compression."""
