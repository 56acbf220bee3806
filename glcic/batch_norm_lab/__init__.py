"""The batch-norm laboratory: measurements of slim's, tf.layers' and hand-written batch norms."""
