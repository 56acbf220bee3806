"""`tf.contrib.predictor`: functions that map numpy arrays to predictions, for serving.

A predictor keeps a session open with the model's graph and weights. More than 60 lines, because
no package has it.
"""

from graphmode import tf
from graphmode.old_programs.adapters import estimators


class Predictor:
    """Predicts from a dict of arrays.

    Args:
        session: has the weights.
        feed_tensors: name -> tensor of the inputs.
        fetch_tensors: name -> tensor of the predictions.
    """

    def __init__(self, session, feed_tensors, fetch_tensors):
        self.session, self.graph = session, session.graph
        self.feed_tensors, self.fetch_tensors = feed_tensors, fetch_tensors

    def __call__(self, input_dict):
        unknown = set(input_dict) - set(self.feed_tensors)
        if unknown:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unknown}\nexpected: {set(self.feed_tensors)}"
            )
        feed = {
            self.feed_tensors[name]: value
            for name, value in input_dict.items()
            if value is not None
        }
        return self.session.run(self.fetch_tensors, feed)

    def __repr__(self):
        return f"Predictor with {self.feed_tensors} and {self.fetch_tensors}"


def _of_signature(session, signature):
    """The predictor of a SignatureDef."""
    inputs, outputs = (
        {name: session.graph.get_tensor_by_name(info.name) for name, info in infos.items()}
        for infos in (signature.inputs, signature.outputs)
    )
    return Predictor(session, inputs, outputs)


def from_saved_model(
    export_dir,
    signature_def_key=None,
    signature_def=None,
    input_names=None,
    output_names=None,
    tags=None,
    graph=None,
    config=None,
):
    """The predictor of a SavedModel in a folder.

    Args:
        signature_def_key, signature_def: one of the model's signatures; by default the one for
            serving.
        input_names, output_names: {key: name of a tensor}, in place of a signature.
        tags: separated by commas; "serve" if None.
        config: a ConfigProto.

    Raises:
        ValueError: there is no such signature, or it is given in two ways.
    """
    ways = [signature_def_key is not None, signature_def is not None, input_names is not None]
    if sum(ways) > 1 or (input_names is None) != (output_names is None):
        raise ValueError(
            "You must specify at most one of signature_def_key OR signature_def OR"
            "(input_names AND output_names)."
        )
    session = tf.Session(graph=graph or tf.Graph(), config=config)
    with session.graph.as_default():
        loaded = tf.saved_model.loader.load(session, (tags or "serve").split(","), export_dir)
    if input_names is not None:
        of = session.graph.get_tensor_by_name
        return Predictor(
            session,
            {key: of(name) for key, name in input_names.items()},
            {key: of(name) for key, name in output_names.items()},
        )
    key = signature_def_key or "serving_default"
    if signature_def is None and key not in loaded.signature_def:
        raise ValueError(
            f"Got signature_def_key {key!r}. Available signatures are {list(loaded.signature_def)}."
        )
    return _of_signature(session, signature_def or loaded.signature_def[key])


def from_estimator(estimator, serving_input_receiver_fn, output_key=None, graph=None, config=None):
    """The predictor of an estimator and its newest checkpoint.

    Args:
        serving_input_receiver_fn: makes the placeholders, as for export_savedmodel.
        output_key: of the export outputs; by default the one for serving.
        config: a ConfigProto.

    Raises:
        KeyError: there is no such output.
    """
    key = output_key or "serving_default"
    with (graph or tf.Graph()).as_default():
        receiver = serving_input_receiver_fn()
        mode = estimators.ESTIMATOR.ModeKeys.PREDICT
        outputs = estimator.model_fn(receiver.features, None, mode, estimator.config).export_outputs
        if key not in outputs:
            raise KeyError(f"output_key must be one of {list(outputs)}; got {key}")
        creator = tf.train.ChiefSessionCreator(config=config, checkpoint_dir=estimator.model_dir)
        session = tf.train.MonitoredSession(session_creator=creator)
        return _of_signature(session, outputs[key].as_signature_def(receiver.receiver_tensors))
