import tempfile

import numpy as np
import tensorflow as tf

tf.logging.set_verbosity(tf.logging.ERROR)
rng = np.random.RandomState(0)
data = {
    "age": rng.uniform(18, 70, 80).astype(np.float32),
    "job": np.array(["clerk", "nurse", "cook", "other"])[rng.randint(4, size=80)],
    "zone": rng.randint(5, size=80),
}
labels = (data["age"] > 40).astype(np.int64)
age = tf.feature_column.numeric_column("age", normalizer_fn=lambda v: (v - 40) / 20)
job = tf.feature_column.categorical_column_with_vocabulary_list("job", ["clerk", "nurse", "cook"])
buckets = tf.feature_column.bucketized_column(tf.feature_column.numeric_column("age"), [30, 40, 50])
zone = tf.feature_column.categorical_column_with_identity("zone", 5)
crossed = tf.feature_column.crossed_column([buckets, "job"], hash_bucket_size=20)


def train_input_fn(features, labels, batch_size):
    dataset = tf.data.Dataset.from_tensor_slices((dict(features), labels))
    return dataset.repeat().batch(batch_size)


def eval_input_fn():
    return tf.data.Dataset.from_tensor_slices((dict(data), labels)).batch(40)


linear = tf.estimator.LinearClassifier(
    feature_columns=[buckets, job, zone, crossed],
    model_dir=tempfile.mkdtemp(),
    optimizer=tf.train.FtrlOptimizer(0.2),
)
linear.train(input_fn=lambda: train_input_fn(data, labels, 20), steps=30)
result = linear.evaluate(input_fn=eval_input_fn)
print(sorted(result), "%.2f" % result["accuracy"])

config = tf.estimator.RunConfig(
    save_checkpoints_steps=20, tf_random_seed=1, model_dir=tempfile.mkdtemp()
)
deep = tf.estimator.DNNClassifier(
    feature_columns=[
        age,
        tf.feature_column.indicator_column(job),
        tf.feature_column.embedding_column(zone, 2),
    ],
    hidden_units=[6, 4],
    n_classes=2,
    config=config,
    activation_fn=tf.nn.tanh,
    optimizer="Adam",
)
train_spec = tf.estimator.TrainSpec(lambda: train_input_fn(data, labels, 20), max_steps=20)
eval_spec = tf.estimator.EvalSpec(eval_input_fn, steps=None, start_delay_secs=0, throttle_secs=0)
tf.estimator.train_and_evaluate(deep, train_spec, eval_spec)
predictions = list(
    deep.predict(input_fn=eval_input_fn, predict_keys=["class_ids", "probabilities"])
)
print(len(predictions), sorted(predictions[0]), predictions[0]["probabilities"].shape)
print([name for name in deep.get_variable_names() if "kernel" in name and "Adam" not in name])
layer = tf.feature_column.input_layer(
    {"age": [[20.0], [60.0]], "job": [["cook"], ["x"]]},
    [age, tf.feature_column.indicator_column(job)],
)
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
    print(sess.run(layer).tolist())
