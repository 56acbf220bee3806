"""The real TensorFlow 1.15.5 as the referee: what it computed, compared with today's TensorFlow."""
