"""The larger parts that TensorFlow dropped: estimators, learn, eager, summaries, distributions."""

import importlib.util
import pathlib
import sys

import numpy as np
import pytest
from tensorflow.python.eager import context

from graphmode import tf
from graphmode.old_programs import namespace
from graphmode.old_programs.adapters import eager

DATA = """
    import numpy as np
    import tensorflow as tf
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.set_random_seed(1)
    x = np.random.RandomState(0).normal(size=[64, 2]).astype(np.float32)
    y = (x.sum(1) > 0).astype(np.int32)
"""
CANNED = f"""{DATA}
    columns = [tf.feature_column.numeric_column('x', shape=[2])]
    inputs = tf.estimator.inputs.numpy_input_fn
    model = tf.estimator.DNNClassifier(hidden_units=[8], feature_columns=columns, model_dir='m',
                                       optimizer=tf.train.AdamOptimizer(0.05))
    model.train(inputs({{'x': x}}, y, num_epochs=None, shuffle=True), steps=60)
    result = model.evaluate(inputs({{'x': x}}, y, num_epochs=1, shuffle=False))
    print(result['accuracy'] > 0.9, result['global_step'])
    row = next(model.predict(inputs({{'x': x[:1]}}, num_epochs=1, shuffle=False)))
    print(row['class_ids'].shape, row['probabilities'].shape)
    receiver = tf.estimator.export.build_raw_serving_input_receiver_fn(
        {{'x': tf.placeholder(tf.float32, [None, 2])}})
    predict = tf.contrib.predictor.from_saved_model(
        model.export_savedmodel('export', receiver), signature_def_key='predict')
    print(np.allclose(predict({{'x': x[:1]}})['probabilities'][0], row['probabilities']))
"""
CUSTOM = f"""{DATA}
    def model_fn(features, labels, mode, params):
        logits = tf.layers.dense(features, params['classes'])
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train = tf.train.AdamOptimizer(0.1).minimize(loss, tf.train.get_global_step())
        metrics = {{'accuracy': tf.metrics.accuracy(labels, tf.argmax(logits, 1))}}
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops=metrics)

    def input_fn():
        return tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(16)

    steps = []

    class Hook(tf.train.SessionRunHook):
        def after_run(self, run_context, run_values):
            steps.append(1)

    config = tf.estimator.RunConfig(model_dir='m', save_checkpoints_steps=20)
    model = tf.estimator.Estimator(model_fn, params={{'classes': 2}}, config=config)
    result, _ = tf.estimator.train_and_evaluate(
        model, tf.estimator.TrainSpec(input_fn, max_steps=40, hooks=[Hook()]),
        tf.estimator.EvalSpec(input_fn, steps=4))
    print(result['accuracy'] > 0.9, result['global_step'], len(steps))
"""
CONTRIB = f"""{DATA}
    contrib = tf.contrib.estimator
    columns = [tf.feature_column.numeric_column('x', shape=[2])]
    optimizer = contrib.clip_gradients_by_norm(tf.train.GradientDescentOptimizer(1.0), 0.001)
    model = tf.estimator.LinearEstimator(head=contrib.regression_head(label_dimension=1),
                                         feature_columns=columns, optimizer=optimizer)
    input_fn = lambda: ({{'x': tf.constant(x)}}, tf.constant(np.float32(y[:, None])))
    model.train(input_fn, steps=1)
    moved = [model.get_variable_value(name) for name in model.get_variable_names()
             if name != 'global_step']
    print('%.4f' % np.sqrt(sum((value ** 2).sum() for value in moved)))
    model = contrib.add_metrics(model, lambda labels, predictions: {{
        'error': tf.metrics.mean_absolute_error(labels, predictions['predictions'])}})
    print('error' in model.evaluate(input_fn, steps=1))
    print(sorted(next(contrib.forward_features(model, 'x').predict(input_fn))))
    means = tf.contrib.factorization.KMeansClustering(2, use_mini_batch=False, random_seed=3)
    epoch = lambda: tf.train.limit_epochs(tf.constant(x), num_epochs=1)
    means.train(epoch)
    before = means.score(epoch)
    means.train(epoch)
    print(means.cluster_centers().shape, means.score(epoch) <= before)
"""
LEARN = f"""{DATA}
    from tensorflow.contrib import learn
    columns = learn.infer_real_valued_columns_from_input(x)
    model = learn.DNNClassifier(hidden_units=[8], feature_columns=columns, n_classes=2,
                                optimizer=tf.train.AdamOptimizer(0.05))
    model.fit(x=x, y=y, steps=60)
    print(model.evaluate(x=x, y=y)['accuracy'] > 0.9, list(model.predict(x[:2])) == list(y[:2]))

    def model_fn(features, labels, mode, params):
        predicted = tf.squeeze(tf.layers.dense(features, 1), 1)
        loss = train = None
        if mode != learn.ModeKeys.INFER:
            loss = tf.losses.mean_squared_error(labels, predicted)
            train = tf.train.AdamOptimizer(params['rate']).minimize(
                loss, tf.train.get_global_step())
        return {{'sum': predicted}}, loss, train

    model = learn.SKCompat(learn.Estimator(model_fn, params={{'rate': 0.2}}))
    model.fit(x, x.sum(1), steps=80)
    metrics = {{'error': learn.MetricSpec(tf.metrics.mean_absolute_error, prediction_key='sum')}}
    print(model.score(x, x.sum(1), metrics=metrics)['error'] < 0.1, model.predict(x)['sum'].shape)
    inputs = lambda: ({{'x': tf.constant(x)}}, tf.constant(y))
    columns = [tf.contrib.layers.real_valued_column('x', 2)]
    export = learn.make_export_strategy(learn.build_parsing_serving_input_fn(
        tf.contrib.layers.create_feature_spec_for_parsing(columns)))
    result, folders = learn.learn_runner.run(lambda folder: learn.Experiment(
        learn.LinearClassifier(columns, folder), inputs, inputs, train_steps=3, eval_steps=1,
        export_strategies=export), 'm')
    print(result['global_step'], len(folders), len(tf.gfile.ListDirectory('m/export/Servo')))
"""
TPU = f"""{DATA}
    from tensorflow.contrib.tpu.python.tpu import tpu_config, tpu_estimator

    def model_fn(features, labels, mode, params):
        loss = tf.reduce_mean(tf.square(tf.layers.dense(features, 1)))
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
        return tpu_estimator.TPUEstimatorSpec(mode, loss=loss, train_op=train)

    def input_fn(params):
        return tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(params['batch_size'])

    model = tpu_estimator.TPUEstimator(
        model_fn, config=tpu_config.RunConfig(model_dir='m', tpu_config=tpu_config.TPUConfig(2)),
        use_tpu=False, train_batch_size=16)
    model.train(input_fn, max_steps=4)
    print(model.get_variable_value('global_step'))
"""
EAGER = """
    import numpy as np
    import tensorflow as tf
    tfe = tf.contrib.eager
    w = tfe.Variable(5.0, name='w')
    loss = lambda x: tf.square(w * x)
    print([(float(g), v.name) for g, v in tfe.implicit_gradients(loss)(2.0)])
    value, grads = tfe.implicit_value_and_gradients(loss)(1.0)
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(grads)
    print(float(value), float(w), float(tfe.gradients_function(lambda a: a ** 3)(2.0)[0]))
    print([x.numpy().tolist() for x in tfe.Iterator(tf.data.Dataset.range(4).batch(3))])
    mean, accuracy = tfe.metrics.Mean(), tfe.metrics.Accuracy()
    mean([1.0, 3.0]), mean([8.0], weights=[2.0]), accuracy([1, 2], [1, 0])
    print(mean.result().numpy(), accuracy.result().numpy())
    mean.init_variables()
    print(mean([7.0]), mean.result().numpy())
    saver = tfe.Saver([w])
    path = saver.save('w', global_step=3)
    w.assign(0.0)
    saver.restore(path)
    print(path, float(w))

    class Net(tfe.Network):
        def __init__(self):
            super(Net, self).__init__()
            self.layer = self.track_layer(tf.layers.Dense(2))

        def call(self, x):
            return self.layer(x)

    net = Net()
    print(net(tf.ones([1, 3])).shape, len(net.variables))
"""
DISTRIBUTIONS = """
    import tensorflow as tf
    ds = tf.contrib.distributions
    normal = ds.Normal(loc=[0.0, 1.0], scale=1.0)
    wide = ds.MultivariateNormalDiag(tf.zeros([2]), scale_identity_multiplier=2.0)
    values = [
        ds.Independent(normal, 1).log_prob([0.5, 0.5]),
        ds.kl_divergence(ds.MultivariateNormalDiag([1.0, 1.0], [2.0, 2.0]), wide),
        ds.MixtureSameFamily(ds.Categorical(probs=[0.3, 0.7]), normal).mean(),
        ds.TransformedDistribution(ds.Normal(0.0, 1.0), ds.bijectors.Exp()).log_prob(2.0),
        ds.TransformedDistribution(ds.Normal(0.0, 1.0), ds.bijectors.Affine([1.0, 2.0], scale_tril=
            [[1.0, 0.0], [1.0, 2.0]]), event_shape=[2]).log_prob([0.0, 0.0]),
        ds.OneHotCategorical(logits=[1.0, 2.0]).probs,
        ds.percentile([1.0, 2.0, 3.0, 4.0], 50.0),
    ]
    print(isinstance(wide, ds.Distribution), isinstance(wide, ds.MultivariateNormalDiag))
    with tf.Session() as sess:
        for value in sess.run(values):
            print(value.round(4).tolist())
"""
# What TensorFlow 1.15.5 prints.
DENSITIES = [-2.0879, 0.25, 0.7, -1.8523, -3.156, [0.2689, 0.7311], 2.0]


def needs(package):
    """Asserts that a package is there, which setup.py lists among those of the tests."""
    assert importlib.util.find_spec(package.replace("-", "_")), f"{package} is not installed"


def slow(*values):
    """The case of a test that only CI runs."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.slow
@pytest.mark.parametrize(
    "program, shown",
    [
        (CANNED, ["True 60", "(1,) (2,)", "True"]),
        (CUSTOM, ["True 40 40"]),
        (TPU, ["4"]),
        slow(CONTRIB, ["0.0010", "True", "['predictions', 'x']", "(2, 2) True"]),
        slow(LEARN, ["True True", "True (64,)", "3 1 1"]),
    ],
    ids=["canned", "custom", "tpu", "contrib", "learn"],
)
def test_estimators(program, shown, runs_here):
    needs("tensorflow-estimator")
    assert runs_here(program).splitlines() == shown


def test_without_its_package_a_missing_estimator_names_it(runs_here, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("tensorflow_estimator")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow_estimator", None)
    for use in ("tf.estimator.Estimator", "tf.contrib.learn.LinearClassifier([])"):
        with pytest.raises(AttributeError, match="pip install tensorflow-estimator==2.15.0$"):
            runs_here(f"import tensorflow as tf\n{use}\n")


@pytest.mark.parametrize(
    "name, cure",
    [
        ("contrib.summary.create_db_writer", "create_file_writer"),
        ("contrib.factorization.WALSModel", "sklearn"),
    ],
)
def test_what_stays_missing_names_a_replacement(name, cure, runs_here):
    with pytest.raises(AttributeError, match=f"tf.{name} is missing .*{cure}"):
        runs_here(f"import tensorflow as tf\ntf.{name}\n")


@pytest.mark.slow
def test_eager_execution(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("program.py").write_text(EAGER.replace("\n    ", "\n"))
    with context.eager_mode():
        namespace.run("program.py", [])
    assert capsys.readouterr().out.splitlines() == [
        "[(40.0, 'w:0')]",
        "25.0 4.0 12.0",
        "[[0, 1, 2], [3]]",
        "5.0 0.5",
        "[7.0] 7.0",
        "w-3 4.0",
        "(1, 2) 2",
    ]


def test_a_metric_of_eager_execution_in_a_graph():
    with tf.Graph().as_default(), tf.Session() as session:
        metric = eager.BinaryAccuracy(0.5)
        update = metric([1, 0, 1], [0.9, 0.8, 0.7])
        session.run(metric.init_variables())
        session.run([update, update])
        assert session.run(metric.value()) == pytest.approx(2 / 3)
        assert len(tf.local_variables()) == 2 and not tf.trainable_variables()


def test_contrib_summary_is_that_of_graphs(runs_here, tmp_path):
    runs_here("""
        import tensorflow as tf
        summary = tf.contrib.summary
        step = tf.train.get_or_create_global_step()
        writer = summary.create_file_writer('logs')
        with writer.as_default(), summary.record_summaries_every_n_global_steps(2, step):
            summary.scalar('a', 2.5)
        with tf.Session() as sess, writer.as_default():
            sess.run(step.initializer)
            summary.initialize(session=sess)
            for _ in range(4):
                sess.run(summary.all_summary_ops())
                sess.run(tf.assign_add(step, 1))
            sess.run(summary.flush(writer))
        """)
    (file,) = (tmp_path / "logs").iterdir()
    events = [event for event in tf.train.summary_iterator(str(file)) if event.summary.value]
    assert [(event.step, event.summary.value[0].tag) for event in events] == [(0, "a"), (2, "a")]


def test_the_projector_writes_its_file_beside_the_summaries(runs_here, tmp_path):
    runs_here("""
        import tensorflow as tf
        from tensorflow.contrib.tensorboard.plugins import projector
        config = projector.ProjectorConfig()
        config.embeddings.add().tensor_name = 'words'
        projector.visualize_embeddings(summary_writer=tf.summary.FileWriter('logs'), config=config)
        """)
    written = (tmp_path / "logs" / "projector_config.pbtxt").read_text()
    assert written == 'embeddings {\n  tensor_name: "words"\n}\n'


def test_words_become_numbers(runs_here):
    shown = runs_here("""
        from tensorflow.contrib import learn
        texts = ["The cat's tail", 'the mat the TFLearn', 'cat the mat']
        words = learn.preprocessing.VocabularyProcessor(3)
        print([row.tolist() for row in words.fit_transform(texts)], len(words.vocabulary_))
        words.save('words')
        words = learn.preprocessing.VocabularyProcessor.restore('words')
        print(next(words.transform(['a new mat'])).tolist(), list(words.reverse([[3, 0]])))
        often = learn.preprocessing.VocabularyProcessor(2, min_frequency=1).fit(texts)
        print(sorted(often.vocabulary_._mapping.items(), key=lambda item: item[1]))
        """)
    assert shown.splitlines() == [
        "[[1, 2, 3], [4, 5, 4], [8, 4, 5]] 9",
        "[0, 0, 5] ['tail <UNK>']",
        "[('<UNK>', 0), ('the', 1), ('mat', 2)]",
    ]


def test_tables_in_csv_files(runs_here, tmp_path):
    (tmp_path / "table.csv").write_text("2,2,a,b\n1,2.5,0\n3,4,1\n")
    shown = runs_here("""
        import numpy as np
        import tensorflow as tf
        base = tf.contrib.learn.datasets.base
        table = base.load_csv_with_header(filename='table.csv', target_dtype=np.int32,
                                          features_dtype=np.float32)
        print(table.data.tolist(), table.data.dtype, table.target, type(table).__name__)
        """)
    assert shown == "[[1.0, 2.5], [3.0, 4.0]] float32 [0 1] Dataset\n"


def test_basic_distributions_are_those_of_version_1(runs_here):
    shown = runs_here("""
        import tensorflow as tf
        ds = tf.contrib.distributions
        print(ds.Normal is tf.distributions.Normal)
        values = [ds.Bernoulli(logits=0.0).probs, ds.kl_divergence(ds.Normal(0., 1.),
                  ds.Normal(1., 1.)), ds.NormalWithSoftplusScale(0.0, 1.0).stddev()]
        with tf.Session() as sess:
            print(['%.4f' % value for value in sess.run(values)])
        """)
    assert shown == f"True\n['0.5000', '0.5000', '{np.log1p(np.e):.4f}']\n"


@pytest.mark.slow
def test_other_distributions_with_basic_ones_as_parts(runs_here):
    needs("tensorflow-probability")
    shown = runs_here(DISTRIBUTIONS).splitlines()
    assert shown[0] == "True True"
    for line, expected in zip(shown[1:], DENSITIES):
        assert eval(line) == pytest.approx(expected, abs=1e-4)
