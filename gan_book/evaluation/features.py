"""Which features the Frechet distance of samples is measured on.

With classes: the last hidden layer of a classifier that is trained on the real images
(evaluation/classifier.py). Without: that of a network that learns from the images alone
(evaluation/self_supervised.py). `--features PATH`: the output of a SavedModel of yours. A distance
can be compared only with other distances on the same features.
"""

import contextlib

import numpy as np

from gan_book.evaluation import classifier, self_supervised
from graphmode import files, sessions, tf
from graphmode.errors import InputError


@contextlib.contextmanager
def trained(config, examples):
    """Opens the networks that measure images.

    Args:
        config: has the fields of `inputs.Inputs` and `classifier.Evaluated`.
        examples: the real images, data.Digits.

    Yields:
        A function: uint8 images, or floats in [0, 1], [N, height, width(, channels)] ->
        (probabilities [N, classes], or None without classes; features [N, size]).

    Raises:
        InputError: see `classifier.trained` and `saved_model`.
    """
    with contextlib.ExitStack() as stack:
        if examples.classes:
            measure = stack.enter_context(classifier.trained(config, examples))
        else:
            own = stack.enter_context(self_supervised.trained(config, examples))

            def measure(images):
                return None, own(images)

        if not config.features:
            yield measure
            return
        others = stack.enter_context(saved_model(config.features, config.shape))
        yield lambda images: (measure(images)[0], others(images))


@contextlib.contextmanager
def saved_model(path, shape):
    """Opens a SavedModel whose serving signature takes images and returns features.

    Its input is [N, height, width, channels] of floats in [0, 1]. Images are resized to its height
    and width; gray images are repeated as RGB. Of the outputs, `features` counts, or the only one;
    of a map, [N, height, width, size], the mean over height and width.

    Args:
        shape: (height, width, channels) of the images.

    Yields:
        A function: images as in `trained` -> features [N, size].

    Raises:
        InputError: it cannot be read, or has other inputs or outputs.
    """
    with tf.Graph().as_default(), sessions.session() as session:
        try:
            with files.no_pattern(path) as name:
                made = tf.saved_model.loader.load(session, [tf.saved_model.SERVING], name)
        except (OSError, RuntimeError, ValueError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"--features {path} is no SavedModel to serve: {reason}") from None
        signature = made.signature_def["serving_default"]
        x, features = _ends(path, session.graph, signature)
        images = tf.placeholder(tf.float32, [None, *shape])
        resized = images
        _, height, width, channels = x.shape.as_list()
        if height and width and (height, width) != tuple(shape[:2]):
            resized = tf.image.resize_images(images, [height, width])
        if channels == 3 and shape[2] == 1:
            resized = tf.tile(resized, [1, 1, 1, 3])
        if channels not in (None, resized.shape.as_list()[3]):
            raise InputError(f"--features {path} takes {channels} channels, not {shape[2]}")

        def measure(given):
            whole = 255.0 if given.dtype == np.uint8 else 1.0
            given = given.reshape(-1, *shape).astype(np.float32) / np.float32(whole)
            parts = [
                session.run(
                    features, {x: session.run(resized, {images: given[start : start + 50]})}
                )
                for start in range(0, len(given), 50)
            ]
            return np.concatenate(parts)

        yield measure


def _ends(path, graph, signature):
    """The tensors of a signature: (images, features [N, size])."""
    inputs, outputs = dict(signature.inputs), dict(signature.outputs)
    chosen = outputs.get("features") or (len(outputs) == 1 and next(iter(outputs.values())))
    if len(inputs) != 1 or not chosen:
        raise InputError(
            f"--features {path} has inputs {', '.join(inputs)} and outputs {', '.join(outputs)}: "
            "use one with one input, and one output or an output called features"
        )
    [entry] = inputs.values()
    x, features = (graph.get_tensor_by_name(end.name) for end in (entry, chosen))
    if x.shape.ndims != 4 or x.dtype != tf.float32 or features.shape.ndims not in (2, 4):
        raise InputError(
            f"--features {path} takes {x.dtype.name} {x.shape} and returns {features.shape}: "
            "use one that takes float32 [N, height, width, channels] and returns [N, size]"
        )
    if features.shape.ndims == 4:
        features = tf.reduce_mean(features, [1, 2])
    return x, features
