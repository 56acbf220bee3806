"""`tf.contrib.tensorboard.plugins.projector`: TensorBoard's own, with the arguments of the time."""

from typing import Any

from tensorboard.plugins import projector
from tensorboard.plugins.projector import EmbeddingInfo, ProjectorConfig, SpriteMetadata

__all__ = ["EmbeddingInfo", "ProjectorConfig", "SpriteMetadata", "visualize_embeddings"]


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Writes what TensorBoard's projector shows into the folder of a tf.summary.FileWriter."""
    projector.visualize_embeddings(summary_writer, config)
