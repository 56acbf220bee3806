"""GLCIC, the blog's image completion (图像补全): networks, training, completion, evaluation."""
