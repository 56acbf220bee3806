"""GLCIC, the blog's image completion: networks, holes, training, completion, evaluation."""
