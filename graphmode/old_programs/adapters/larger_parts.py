"""The rows of `tables.MODULES` and `tables.CURES` for the larger parts of TensorFlow 1.

These are tf.estimator, and tf.contrib's distributions, eager, estimator, factorization, learn,
predictor, summary, tensorboard and tpu.
"""

from typing import Any, Dict, List

from graphmode.old_programs.adapters.paths import Module, Names, adapter, of

_PYTHON = "tensorflow.python"
_OPS = f"{_PYTHON}.ops"
_ESTIMATORS = f"{__package__}.estimators"

_estimator = Names(
    of(
        _ESTIMATORS,
        "TowerOptimizer binary_classification_head clip_gradients_by_norm export_all_saved_models "
        "export_saved_model_for_mode forward_features logistic_regression_head multi_class_head "
        "multi_head multi_label_head poisson_regression_head regression_head replicate_model_fn",
    )
)
_kmeans = Names(
    {
        **of(
            f"{_OPS}.clustering_ops",
            "COSINE_DISTANCE KMEANS_PLUS_PLUS_INIT KMeans RANDOM_INIT SQUARED_EUCLIDEAN_DISTANCE",
        ),
        "KMeansClustering": f"{_ESTIMATORS}.",
    }
)
_summary = Names(
    {
        **of(
            f"{_OPS}.summary_ops_v2",
            "SummaryWriter always_record_summaries audio create_file_writer "
            "create_summary_file_writer eval_dir flush generic histogram image import_event "
            "initialize never_record_summaries record_summaries_every_n_global_steps scalar "
            "summary_writer_initializer_op",
        ),
        "all_summary_ops": f"{_OPS}.summary_ops_v2.all_v2_summary_ops",
        "graph": f"{_OPS}.summary_ops_v2.graph_v1",
        "should_record_summaries": f"{_OPS}.summary_ops_v2._legacy_contrib_should_record_summaries",
    }
)
_eager = Names(
    {
        **of(f"{__package__}.eager", "Iterator Network Saver Sequential get_optimizer_variables"),
        **of(
            f"{_PYTHON}.eager.context",
            "ASYNC DEVICE_PLACEMENT_EXPLICIT DEVICE_PLACEMENT_SILENT DEVICE_PLACEMENT_WARN SYNC "
            "async_clear_error async_wait execution_mode executing_eagerly list_devices num_gpus "
            "set_execution_mode set_server_def",
        ),
        **of("tf", "GradientTape TensorSpec custom_gradient enable_eager_execution"),
        "Checkpoint": "tf.train.",
        "Checkpointable": f"{_PYTHON}.trackable.autotrackable.AutoTrackable",
        "EagerVariableStore": f"{_OPS}.variable_scope.",
        "Variable": f"{_OPS}.resource_variable_ops.ResourceVariable",
        "connect_to_remote_host": f"{_PYTHON}.eager.remote.",
        "defun": f"{_PYTHON}.eager.def_function.function",
        "enable_remote_eager_execution": f"{_PYTHON}.framework.ops.enable_eager_execution_internal",
        "function": f"{_PYTHON}.eager.def_function.",
        "gradients_function": f"{_PYTHON}.eager.backprop.",
        "implicit_gradients": f"{_PYTHON}.eager.backprop.implicit_grad",
        "implicit_value_and_gradients": f"{_PYTHON}.eager.backprop.implicit_val_and_grad",
        "in_eager_mode": "tf.executing_eagerly",
        "make_template": f"{_OPS}.template.make_template_internal",
        "py_func": "tf.py_function",
        "run": f"{_PYTHON}.framework.ops.eager_run",
        "run_all_tests_in_graph_and_eager_modes": f"{_PYTHON}.framework.test_util."
        "run_all_in_graph_and_eager_modes",
        "run_test_in_graph_and_eager_modes": f"{_PYTHON}.framework.test_util."
        "run_in_graph_and_eager_modes",
        "value_and_gradients_function": f"{_PYTHON}.eager.backprop.val_and_grad_function",
    }
)
_metrics = Names(
    of(
        f"{__package__}.eager",
        "Accuracy BinaryAccuracy CategoricalAccuracy Mean Metric SparseAccuracy",
    )
)
_DISTRIBUTIONS = f"{_OPS}.distributions"
_distributions = Names(
    {
        **of(
            f"{_DISTRIBUTIONS}.distributions",
            "Bernoulli Beta Categorical Dirichlet DirichletMultinomial Distribution Exponential "
            "FULLY_REPARAMETERIZED Gamma Laplace Multinomial NOT_REPARAMETERIZED Normal "
            "ReparameterizationType StudentT Uniform",
        ),
        "BetaWithSoftplusConcentration": f"{_DISTRIBUTIONS}.beta.",
        "ExponentialWithSoftplusRate": f"{_DISTRIBUTIONS}.exponential.",
        "GammaWithSoftplusConcentrationRate": f"{_DISTRIBUTIONS}.gamma.",
        "LaplaceWithSoftplusScale": f"{_DISTRIBUTIONS}.laplace.",
        "NormalWithSoftplusScale": f"{_DISTRIBUTIONS}.normal.",
        "StudentTWithAbsDfSoftplusScale": f"{_DISTRIBUTIONS}.student_t.",
        **of(
            f"{_DISTRIBUTIONS}.util",
            "fill_triangular fill_triangular_inverse matrix_diag_transform "
            "reduce_weighted_logsumexp softplus_inverse tridiag",
        ),
    }
)
_DATA = f"{__package__}.learn_data"
_LEARN = f"{__package__}.learn"
_learn = Names(
    {
        **of(
            _LEARN,
            "BaseEstimator Estimator ExportStrategy InputFnOps MetricSpec ModeKeys ModelFnOps "
            "PredictionKey ProblemType RunConfig SKCompat TaskType "
            "infer_real_valued_columns_from_input infer_real_valued_columns_from_input_fn",
        ),
        **of(
            f"{__package__}.learn_canned",
            "DNNClassifier DNNLinearCombinedClassifier DNNLinearCombinedRegressor DNNRegressor "
            "LinearClassifier LinearRegressor",
        ),
        **of(
            f"{__package__}.learn_runs",
            "Experiment NotFittedError build_parsing_serving_input_fn make_export_strategy "
            "no_op_train_fn run_n",
        ),
        **of(_DATA, "extract_pandas_data extract_pandas_labels extract_pandas_matrix"),
        "KMeansClustering": f"{_ESTIMATORS}.",
        "NanLossDuringTrainingError": "tf.train.",
    }
)
_runner = Names(of(f"{__package__}.learn_runs", "run"))
_monitors = Names(
    {
        "ValidationMonitor": f"{__package__}.learn_runs.",
        "CheckpointSaver": "tf.train.CheckpointSaverHook",
        "NanLoss": "tf.train.NanTensorHook",
        "PrintTensor": "tf.train.LoggingTensorHook",
        "StopAtStep": "tf.train.StopAtStepHook",
    }
)
_csv = Names(
    of(
        _DATA,
        "Dataset Datasets load_boston load_csv_with_header load_csv_without_header load_iris "
        "maybe_download shrink_csv",
    )
)
_datasets = Names(of(_DATA, "DATASETS load_boston load_dataset load_iris"))
_mnist = [Names(of(_DATA, "load_mnist")), Module("graphmode.old_programs.input_data")]
_words = Names(
    of(
        _DATA,
        "ByteProcessor CategoricalVocabulary TOKENIZER_RE VocabularyProcessor tokenizer",
    )
)
_TPU = [
    "tf.tpu",
    Names(
        {
            **of(
                f"{_PYTHON}.tpu.ops.tpu_ops",
                "cross_replica_sum infeed_dequeue infeed_dequeue_tuple infeed_enqueue "
                "infeed_enqueue_tuple outfeed_dequeue outfeed_dequeue_tuple outfeed_enqueue "
                "outfeed_enqueue_tuple",
            ),
            **of(f"{_PYTHON}.tpu.training_loop", "repeat while_loop"),
            "DeviceAssignment": f"{_PYTHON}.tpu.device_assignment.",
            "InfeedQueue": f"{_PYTHON}.tpu.tpu_feed.",
            "Topology": f"{_PYTHON}.tpu.topology.",
            "device_assignment": f"{_PYTHON}.tpu.device_assignment.",
        }
    ),
    Module(f"{_ESTIMATORS}.ESTIMATOR.tpu"),
]

MODULES: Dict[str, List[Any]] = {
    "contrib.distributions": [_distributions, adapter("distributions")],
    "contrib.distributions.bijectors": [Module(f"{__package__}.distributions.bijectors")],
    "contrib.distributions.python.ops": [_distributions, adapter("distributions")],
    "contrib.distributions.python.ops.bijectors": [
        Module(f"{__package__}.distributions.bijectors")
    ],
    "contrib.eager": [_eager],
    "contrib.eager.metrics": [_metrics],
    "contrib.eager.python.metrics": [_metrics],
    "contrib.eager.python.tfe": [_eager],
    "contrib.estimator": [_estimator, Module(f"{_ESTIMATORS}.CONTRIB")],
    "contrib.factorization": [_kmeans],
    "contrib.factorization.python.ops.clustering_ops": [_kmeans, Module(f"{_OPS}.clustering_ops")],
    "contrib.factorization.python.ops.kmeans": [_kmeans],
    "contrib.learn": [_learn],
    "contrib.learn.datasets": [_datasets],
    "contrib.learn.datasets.base": [_csv],
    "contrib.learn.datasets.mnist": _mnist,
    "contrib.learn.learn_runner": [_runner],
    "contrib.learn.monitors": [_monitors],
    "contrib.learn.preprocessing": [_words],
    "contrib.learn.python": [_learn],
    "contrib.learn.python.learn": [_learn],
    "contrib.learn.python.learn.datasets": [_datasets],
    "contrib.learn.python.learn.datasets.base": [_csv],
    "contrib.learn.python.learn.datasets.mnist": _mnist,
    "contrib.learn.python.learn.estimators": [_learn],
    "contrib.learn.python.learn.estimators.model_fn": [_learn],
    "contrib.learn.python.learn.estimators.run_config": [_learn],
    "contrib.learn.python.learn.learn_runner": [_runner],
    "contrib.learn.python.learn.metric_spec": [_learn],
    "contrib.learn.python.learn.monitors": [_monitors],
    "contrib.learn.python.learn.preprocessing": [_words],
    "contrib.learn.python.learn.preprocessing.text": [_words],
    "contrib.predictor": [adapter("predictor")],
    "contrib.summary": [_summary],
    "contrib.summary.summary": [_summary],
    "contrib.tensorboard.plugins.projector": [adapter("tensorboard")],
    "contrib.tpu": _TPU,
    "contrib.tpu.python.tpu.tpu_config": _TPU,
    "contrib.tpu.python.tpu.tpu_estimator": _TPU,
    "contrib.tpu.python.tpu.tpu_optimizer": _TPU,
    "estimator": [Module(f"{_ESTIMATORS}.ESTIMATOR")],
    "estimator.experimental": [Module(f"{_ESTIMATORS}.ESTIMATOR.experimental")],
    "estimator.export": [Module(f"{_ESTIMATORS}.ESTIMATOR.export")],
    "estimator.inputs": [Module(f"{_ESTIMATORS}.ESTIMATOR.inputs")],
}
for _name in list(MODULES):  # every package on the way is a module, too
    while "." in _name:
        _name = _name.rpartition(".")[0]
        MODULES.setdefault(_name, [])

_INSTALL = "the package tensorflow-estimator: pip install tensorflow-estimator==2.15.0"
_TREES = "a package for boosted trees, such as xgboost: TensorFlow has no operations for them"
_PROBABILITY = (
    "the package tensorflow-probability: pip install 'tensorflow-probability>=0.24,<0.26'"
)
CURES: Dict[str, str] = {
    "contrib.distributions": _PROBABILITY,
    "contrib.estimator": _INSTALL,
    "contrib.estimator.boosted_trees_classifier_train_in_memory": _TREES,
    "contrib.estimator.boosted_trees_regressor_train_in_memory": _TREES,
    "contrib.factorization": "sklearn.mixture or sklearn.decomposition; only k-means is left",
    "contrib.factorization.KMeansClustering": _INSTALL,
    "contrib.tpu.TPUEstimator": _INSTALL,
    "contrib.tpu.TPUConfig": _INSTALL,
    "contrib.tpu.RunConfig": _INSTALL,
    "contrib.gan": "the losses and networks in plain TensorFlow",
    "contrib.learn": f"tf.estimator, for the estimators {_INSTALL}",
    "contrib.summary.create_db_writer": "tf.contrib.summary.create_file_writer",
    "estimator": _INSTALL,
    "estimator.BoostedTreesClassifier": _TREES,
    "estimator.BoostedTreesEstimator": _TREES,
    "estimator.BoostedTreesRegressor": _TREES,
}
