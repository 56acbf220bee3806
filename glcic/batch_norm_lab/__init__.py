"""The batch norm laboratory: slim, tf.layers and hand-written batch norms in numbers."""
