"""tf.contrib.saved_model: Keras models as SavedModels, by tf.keras of today."""

from graphmode import tf


def save_keras_model(
    model,
    saved_model_path,
    custom_objects=None,
    as_text=None,
    input_signature=None,
    serving_only=False,
):
    """Saves a Keras model. Returns the path."""
    del custom_objects, as_text, serving_only
    tf.keras.models.save_model(
        model, saved_model_path, save_format="tf", signatures=input_signature
    )
    return saved_model_path


def load_keras_model(saved_model_path, custom_objects=None):
    """Loads what `save_keras_model` has saved."""
    return tf.keras.models.load_model(saved_model_path, custom_objects)
