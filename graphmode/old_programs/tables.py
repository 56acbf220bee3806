"""TensorFlow 1's names: which module of today has them, and what to use instead of missing ones.

Only tables. `namespace` reads them; `adapters` has what needs more than another name.
"""

from typing import Any, Dict, List

from graphmode.old_programs import input_data
from graphmode.old_programs.adapters import larger_parts, tutorial_mnist
from graphmode.old_programs.adapters.paths import Module, Names, adapter, of

VERSION = "1.15.5"

_OPS = "tensorflow.python.ops"
_FRAMEWORK = "tensorflow.python.framework"

_framework = Names(
    {
        **of("tf", "TensorSpec argsort sort assert_same_float_dtype assert_scalar"),
        **of("tf", "convert_to_tensor_or_sparse_tensor is_tensor"),
        **of(
            f"{_OPS}.init_ops",
            "convolutional_delta_orthogonal convolutional_orthogonal_1d "
            "convolutional_orthogonal_2d convolutional_orthogonal_3d",
        ),
        **of("tensorflow.python.util.deprecation", "deprecated deprecated_arg_values"),
        **of("tensorflow.python.util.deprecation", "deprecated_args"),
        **of(f"{_FRAMEWORK}.smart_cond", "smart_case smart_cond smart_constant_value"),
        **of(f"{_FRAMEWORK}.ops", "get_name_scope prepend_name_scope strip_name_scope"),
        "BoundedTensorSpec": f"{_FRAMEWORK}.tensor_spec.",
        "RecordInput": f"{_OPS}.data_flow_ops.",
        "get_graph_from_inputs": "tf_slim.ops.framework_ops.",
        "load_and_remap_matrix_initializer": "tensorflow.python.training.checkpoint_ops."
        "_load_and_remap_matrix_initializer",
        "load_embedding_initializer": "tensorflow.python.training.checkpoint_ops."
        "_load_embedding_initializer",
    }
)
_lookup = Names(
    of(
        f"{_OPS}.lookup_ops",
        "FastHashSpec HasherSpec IdTableWithHashBuckets InitializableLookupTableBase "
        "KeyValueTensorInitializer LookupInterface StrongHashSpec TableInitializerBase "
        "TextFileIdTableInitializer TextFileIndex TextFileInitializer "
        "TextFileStringTableInitializer index_table_from_file index_to_string_table_from_file",
    )
)
_layers = Names(
    {
        "safe_embedding_lookup_sparse": "tf.nn.",
        "transform_features": "tensorflow.python.feature_column.feature_column._transform_features",
    }
)
_metrics = Names(
    {
        **of(f"{_OPS}.sets_impl", "set_difference set_intersection set_size set_union"),
        "confusion_matrix": "tf.",
    }
)
_training = Names(
    {
        "StopAfterNEvalsHook": "tensorflow.python.training.evaluation._StopAfterNEvalsHook",
        "evaluate_once": "tensorflow.python.training.evaluation._evaluate_once",
        "get_or_create_eval_step": "tensorflow.python.training.evaluation._get_or_create_eval_step",
    }
)
_rnn = Names(
    {
        "LayerRNNCell": "tf_keras.src.layers.rnn.legacy_cells.",
        "best_effort_input_batch_size": f"{_OPS}.rnn._best_effort_input_batch_size",
        "transpose_batch_time": f"{_OPS}.rnn._transpose_batch_time",
    }
)
_checkpoint = Names(
    {
        "CheckpointManager": "tf.train.",
        "Checkpointable": "tensorflow.python.trackable.autotrackable.AutoTrackable",
        "CheckpointableBase": "tensorflow.python.trackable.base.Trackable",
        "CheckpointableObjectGraph": "tensorflow.core.protobuf.trackable_object_graph_pb2."
        "TrackableObjectGraph",
        "PythonStateWrapper": "tensorflow.python.trackable.python_state.PythonState",
        **of("tensorflow.python.trackable.data_structures", "List Mapping NoDependency"),
        **of(
            "tensorflow.python.checkpoint.checkpoint",
            "capture_dependencies list_objects object_metadata",
        ),
    }
)
_distribute = Names(
    {
        **of(
            "tf.distribute",
            "CrossDeviceOps ReplicaContext get_loss_reduction get_replica_context get_strategy "
            "has_strategy in_cross_replica_context",
        ),
        **of("tensorflow.python.distribute.distribute_lib", "UpdateContext"),
        **of(
            "tensorflow.python.distribute.distribute_lib",
            "get_cross_replica_context require_replica_context",
        ),
        **of("tensorflow.python.distribute.step_fn", "StandardInputStep StandardSingleLossStep"),
        "AllReduceCrossDeviceOps": "tensorflow.python.distribute.cross_device_ops.",
        "DistributeConfig": "tensorflow.python.distribute.distribute_config.",
        "DistributionStrategy": "tf.distribute.Strategy",
        "MirroredStrategy": "tf.distribute.",
        "OneDeviceStrategy": "tf.distribute.",
        "Step": "tensorflow.python.distribute.step_fn.",
        "get_distribution_strategy": "tf.distribute.get_strategy",
        "has_distribution_strategy": "tf.distribute.has_strategy",
        "initialize_tpu_system": "tf.tpu.experimental.",
    }
)
_nest = [
    Names({"is_sequence": "tensorflow.python.util.nest.is_nested"}),
    Module("tensorflow.python.util.nest"),
]
_audio_ops = [Module(f"{_OPS}.gen_audio_ops")]

_SLIM_LAYERS = [adapter("layers"), adapter("targets"), _layers, "tf_slim.layers", "tf_slim"]
_CONTRIB_FRAMEWORK = [
    adapter("framework"),
    _framework,
    Module("tf_slim.ops.variables"),
    "tf_slim",
    "tf.train",
    "tf.nest",
]
# Modules of TensorFlow 1 -> where their names are now, in this order: dotted paths (`tf.` is
# tensorflow.compat.v1), objects, or `paths.Module` and `paths.Names`, which import on first use.
MODULES: Dict[str, List[Any]] = {
    "contrib": [],
    "contrib.autograph": [
        Names(
            {
                **of("tensorflow.python.autograph.core.converter", "ConversionOptions Feature"),
                "stack": "tensorflow.python.autograph.lang.special_functions.",
                **of(
                    "tensorflow.python.autograph.lang.directives",
                    "set_element_type set_loop_options",
                ),
            }
        ),
        Module("tensorflow.python.autograph.impl.api"),
    ],
    "contrib.batching": [Module(f"{_OPS}.batch_ops")],
    "contrib.checkpoint": [adapter("checkpoint"), _checkpoint],
    "contrib.cluster_resolver": [Module("tensorflow.python.distribute.cluster_resolver")],
    "contrib.crf": [adapter("crf")],
    "contrib.data": [adapter("data"), adapter("core"), "tf.data.experimental", "tf.data"],
    "contrib.deprecated": [Module(f"{_OPS}.logging_ops")],
    "contrib.distribute": [_distribute],
    "contrib.factorization": [Names({"KMeans": f"{_OPS}.clustering_ops."})],
    "contrib.factorization.python.ops.clustering_ops": [Module(f"{_OPS}.clustering_ops")],
    "contrib.feature_column": [Module("tensorflow.python.feature_column.sequence_feature_column")],
    "contrib.framework": _CONTRIB_FRAMEWORK,
    "contrib.framework.nest": _nest,
    "contrib.framework.python.framework.checkpoint_utils": _CONTRIB_FRAMEWORK,
    "contrib.layers.python.layers.utils": [
        Module("tf_slim.layers.utils"),
        Names(of(f"{_FRAMEWORK}.smart_cond", "smart_cond smart_constant_value")),
    ],
    "contrib.framework.python.framework.tensor_util": _CONTRIB_FRAMEWORK,
    "contrib.framework.python.ops": _CONTRIB_FRAMEWORK,
    "contrib.framework.python.ops.audio_ops": _audio_ops,
    "contrib.graph_editor": [adapter("graph_editor"), adapter("graph_copies")],
    "contrib.hooks": [Names({"ProfilerHook": "tf.train."})],
    "contrib.image": [adapter("image")],
    "contrib.keras": ["tf.keras"],
    "contrib.layers": _SLIM_LAYERS,
    "contrib.layers.python.layers.encoders": [adapter("layers")],
    "contrib.layers.python.layers.feature_column": [adapter("layers")],
    "contrib.layers.python.layers.feature_column_ops": [adapter("layers")],
    "contrib.layers.python.layers.target_column": [adapter("targets")],
    "contrib.legacy_seq2seq": [adapter("legacy_seq2seq"), adapter("sequence_losses")],
    "contrib.lookup": [adapter("lookup"), _lookup, "tf.lookup"],
    "contrib.losses": ["tf_slim.losses"],
    "contrib.losses.metric_learning": [Module("tf_slim.losses.metric_learning")],
    "contrib.metrics": [_metrics, "tf_slim.metrics", "tf.metrics"],
    "contrib.nn": [adapter("nn"), Names({"nth_element": f"{_OPS}.nn_ops."}), "tf.nn"],
    "contrib.opt": [
        adapter("opt"),
        adapter("opt_wrappers"),
        adapter("opt_averages"),
        adapter("opt_external"),
    ],
    "contrib.predictor": [adapter("predictor")],
    "contrib.proto": ["tf.io"],
    "contrib.rnn": [
        adapter("rnn"),
        adapter("rnn_blocks"),
        adapter("rnn_gates"),
        adapter("rnn_wrappers"),
        _rnn,
        "tf.nn.rnn_cell",
        "tf.nn",
    ],
    "contrib.saved_model": [adapter("saved_model")],
    "contrib.seq2seq": [
        adapter("seq2seq"),
        adapter("seq2seq_helpers"),
        adapter("attention"),
        adapter("attention_wrapper"),
        adapter("beam_search"),
    ],
    "contrib.signal": ["tf.signal"],
    "contrib.slim": [
        *_SLIM_LAYERS,
        *_CONTRIB_FRAMEWORK,
        Names(
            {
                "InputLayer": "tensorflow.python.feature_column.feature_column.",
                "make_all": "tensorflow.python.util.all_util.",
            }
        ),
    ],
    "contrib.sparsemax": [adapter("sparsemax")],
    "contrib.staging": [Names({"StagingArea": f"{_OPS}.data_flow_ops."})],
    "contrib.stateless": [Module(f"{_OPS}.stateless_random_ops")],
    "contrib.tensorrt": [Module("tensorflow.python.compiler.tensorrt.trt_convert")],
    "contrib.tpu": [
        "tf.tpu",
        Names(
            {
                "Topology": "tensorflow.python.tpu.topology.",
                "DeviceAssignment": "tensorflow.python.tpu.device_assignment.",
                "device_assignment": "tensorflow.python.tpu.device_assignment.",
                "InfeedQueue": "tensorflow.python.tpu.tpu_feed.",
            }
        ),
    ],
    "contrib.training": [
        Names(of(f"{__package__}.adapters.hparams", "HParams parse_values")),
        adapter("training"),
        adapter("training_sequences"),
        _training,
        Module("tf_slim.training.evaluation"),
        Module("tf_slim.training"),
        "tf.train",
    ],
    "contrib.util": [
        Names(
            {
                **of(f"{_FRAMEWORK}.tensor_util", "constant_value make_tensor_proto"),
                **of(
                    f"{_FRAMEWORK}.meta_graph", "ops_used_by_graph_def stripped_op_list_for_graph"
                ),
                "make_ndarray": f"{_FRAMEWORK}.tensor_util.MakeNdarray",
            }
        )
    ],
    "config": [Names(of(f"{__package__}.adapters.core", "experimental_list_devices")), "tf.config"],
    "data": ["tf.data"],
    "data.experimental": [adapter("core"), "tf.data.experimental"],
    "nn": [
        Names(
            of(
                f"{__package__}.adapters.core",
                "sigmoid_cross_entropy_with_logits softmax_cross_entropy_with_logits "
                "sparse_softmax_cross_entropy_with_logits",
            )
        ),
        "tf.nn",
    ],
    "raw_ops": [Module(f"{__package__}.adapters.core.raw_ops"), "tf.raw_ops"],
    "tpu": ["tf.tpu"],
    "tpu.experimental": [adapter("core"), "tf.tpu.experimental"],
    "train": ["tf.train"],
    "examples": [],
    "examples.tutorials": [],
    "examples.tutorials.mnist": [],
    "examples.tutorials.mnist.input_data": [input_data],
    "examples.tutorials.mnist.mnist": [tutorial_mnist],
    # Here begin the rows of tf.estimator, tf.contrib.distributions, .eager, .estimator, .learn,
    # .summary and .tensorboard.
    "contrib.summary": ["tf.compat.v2.summary"],
    # Here they end.
}

# Inner modules of tf.contrib that have the names of the module above them: module -> their paths
# below `python`. Every package on the way becomes a module, too.
_SAME = {
    "contrib.crf": "ops.crf",
    "contrib.data": "ops.batching ops.grouping ops.interleave_ops ops.readers ops.prefetching_ops "
    "ops.sliding",
    "contrib.framework": "framework ops.arg_scope ops.checkpoint_ops ops.variables ops.ops",
    "contrib.image": "ops.image_ops ops.dense_image_warp ops.sparse_image_warp "
    "ops.interpolate_spline ops.distort_image_ops",
    "contrib.layers": "layers.embedding_ops layers.initializers layers.layers "
    "layers.normalization layers.optimizers layers.regularizers layers.summaries layers.utils "
    "ops.sparse_ops",
    "contrib.legacy_seq2seq": "ops.seq2seq",
    "contrib.losses": "losses.loss_ops",
    "contrib.metrics": "metrics.classification ops.confusion_matrix_ops ops.histogram_ops "
    "ops.metric_ops ops.set_ops",
    "contrib.nn": "ops.alpha_dropout ops.cross_entropy ops.sampling_ops ops.scaled_softplus",
    "contrib.opt": "training.adamax training.external_optimizer training.lazy_adam_optimizer "
    "training.moving_average_optimizer training.nadam_optimizer "
    "training.variable_clipping_optimizer training.weight_decay_optimizers",
    "contrib.rnn": "ops.core_rnn_cell ops.core_rnn_cell_impl ops.fused_rnn_cell ops.gru_ops "
    "ops.lstm_ops ops.rnn ops.rnn_cell ops.core_rnn",
    "contrib.seq2seq": "ops.attention_wrapper ops.basic_decoder ops.beam_search_decoder "
    "ops.beam_search_ops ops.decoder ops.helper ops.loss",
    "contrib.slim": "slim",
    "contrib.training": "training.bucket_ops training.device_setter training.evaluation "
    "training.hparam training.resample training.sampling_ops training.training",
}
for _module, _paths in _SAME.items():
    for _path in _paths.split():
        _parts = ["python", *_path.split(".")]
        for _number in range(1, len(_parts) + 1):
            MODULES.setdefault(".".join([_module, *_parts[:_number]]), MODULES[_module])

# Names that are missing -> what can replace them.
CURES = {
    "contrib.cudnn_rnn": "tf.nn.rnn_cell",
    "contrib.ffmpeg": "another package for sound",
    "contrib.boosted_trees": "a package such as xgboost; TensorFlow 2 removed these operations",
    "contrib.tensor_forest": "sklearn.ensemble; TensorFlow 2 removed these operations",
    "contrib.labeled_tensor": "tensors, or the package xarray",
    "contrib.timeseries": "the package statsmodels",
    "contrib.tpu": "tf.tpu",
    "contrib.quantize": "tf.quantization.fake_quant_with_min_max_vars",
    "contrib.model_pruning": "the package tensorflow-model-optimization",
}

MODULES.update(larger_parts.MODULES)
CURES.update(larger_parts.CURES)
