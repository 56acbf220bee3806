"""The adapters of tf.contrib compute what TensorFlow 1.15.5 computes.

A case is a function of `tf` that returns tensors, or a function of a session. Each variable gets
values that its name determines, so another name is another result.
"""

import json
import pathlib
import zlib

import numpy as np
import pytest

from graphmode.old_programs import namespace

# Case -> for each result its first three values and its sum, with TensorFlow 1.15.5, where
# `summary` ran with its `tf` and `CASES` on Python 3.7.
RECORDED = json.loads(pathlib.Path(__file__).with_name("recorded_adapters.json").read_text())
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def normal(tf, *shape):
    return tf.constant(np.random.RandomState(0).normal(size=shape).astype(np.float32))


def of_cell(name, make, shape=(2, 3, 4)):
    """A cell over three time steps, as a loop."""

    def unrolled(tf):
        cell = make(tf.contrib.rnn)
        state, outputs = cell.zero_state(2, tf.float32), []
        for step in tf.unstack(normal(tf, *shape), axis=1):
            output, state = cell(step, state)
            outputs.append(output)
        return [outputs, state]

    CASES[name] = unrolled


of_cell("layer_norm", lambda rnn: rnn.LayerNormBasicLSTMCell(5))
of_cell("coupled", lambda rnn: rnn.CoupledInputForgetGateLSTMCell(4, True, num_proj=3))
of_cell("time_freq", lambda rnn: rnn.TimeFreqLSTMCell(4, True, feature_size=4))
of_cell("nas", lambda rnn: rnn.NASCell(4, 3, True))
of_cell("update_gate", lambda rnn: rnn.UGRNNCell(4))
of_cell("intersection", lambda rnn: rnn.IntersectionRNNCell(5, 5))
of_cell("groups", lambda rnn: rnn.GLSTMCell(4, number_of_groups=2, num_proj=2))
of_cell("simple", lambda rnn: rnn.SRUCell(4))
of_cell("independent", lambda rnn: rnn.IndyLSTMCell(4))
of_cell("lstm_block", lambda rnn: rnn.LSTMBlockCell(4, use_peephole=True, cell_clip=0.3))
of_cell("gru_block", lambda rnn: rnn.GRUBlockCellV2(4))
of_cell("convolutional", lambda rnn: rnn.ConvLSTMCell(2, [5, 4, 2], 3, [3, 3]), (2, 3, 5, 4, 2))
of_cell("attention", lambda rnn: rnn.AttentionCellWrapper(rnn.BasicLSTMCell(5), 3))
of_cell("projected", lambda rnn: rnn.OutputProjectionWrapper(rnn.GRUCell(3), 5))


@case
def fused(tf):
    cell = tf.contrib.rnn.LSTMBlockFusedCell(4, use_peephole=True)
    return cell(normal(tf, 3, 2, 5), dtype=tf.float32, sequence_length=[3, 2])


@case
def stacked(tf):
    rnn = tf.contrib.rnn
    forward, backward = ([rnn.GRUCell(3), rnn.GRUCell(2)] for _ in range(2))
    return rnn.stack_bidirectional_dynamic_rnn(
        forward, backward, normal(tf, 2, 3, 4), dtype=tf.float32, sequence_length=[3, 2]
    )


@case
def crf(tf):
    crf = tf.contrib.crf
    scores, tags, lengths = (
        normal(tf, 2, 4, 3),
        tf.constant([[0, 1, 2, 0], [2, 2, 1, 0]]),
        tf.constant([3, 4]),
    )
    likelihood, transitions = crf.crf_log_likelihood(scores, tags, lengths)
    return [likelihood, *crf.crf_decode(scores, transitions, lengths)]


@case
def sequence_loss(tf):
    weights = tf.constant([[1.0, 1, 0], [1, 0, 0]])
    targets = tf.constant([[1, 2, 0], [3, 0, 0]])
    return [
        tf.contrib.seq2seq.sequence_loss(normal(tf, 2, 3, 5), targets, weights, *averages)
        for averages in ((True, True), (True, False), (False, True), (False, False))
    ]


def decoded(tf, cell, helper, **settings):
    seq2seq = tf.contrib.seq2seq
    decoder = seq2seq.BasicDecoder(
        cell, helper, cell.zero_state(2, tf.float32), tf.layers.Dense(7, name="projection")
    )
    outputs, _, lengths = seq2seq.dynamic_decode(decoder, **settings)
    return [outputs.rnn_output, outputs.sample_id, lengths]


@case
def greedy(tf):
    table = tf.get_variable("words", [7, 3])
    helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(table, tf.constant([1, 2]), 0)
    return decoded(tf, tf.contrib.rnn.LSTMCell(5), helper, maximum_iterations=6)


def attended(tf, kind, **settings):
    seq2seq = tf.contrib.seq2seq
    mechanism = getattr(seq2seq, kind)(
        5, normal(tf, 2, 6, 4), memory_sequence_length=tf.constant([6, 3]), **settings
    )
    cell = seq2seq.AttentionWrapper(tf.contrib.rnn.LSTMCell(5), mechanism, attention_layer_size=5)
    helper = seq2seq.TrainingHelper(normal(tf, 2, 4, 3), tf.constant([3, 4]))
    return decoded(tf, cell, helper, impute_finished=True)


@case
def luong(tf):
    return attended(tf, "LuongAttention", scale=True)


@case
def bahdanau(tf):
    return attended(tf, "BahdanauAttention", normalize=True)


@case
def monotonic(tf):
    return attended(tf, "BahdanauMonotonicAttention", score_bias_init=0.3)


@case
def beam_search(tf):
    seq2seq, rnn, beams = tf.contrib.seq2seq, tf.contrib.rnn, 3
    memory = seq2seq.tile_batch(normal(tf, 2, 6, 4), beams)
    cell = seq2seq.AttentionWrapper(rnn.LSTMCell(5), seq2seq.LuongAttention(5, memory))
    decoder = seq2seq.BeamSearchDecoder(
        cell,
        tf.get_variable("words", [7, 3]),
        tf.constant([1, 2]),
        0,
        cell.zero_state(2 * beams, tf.float32),
        beams,
        output_layer=tf.layers.Dense(7, name="projection", use_bias=False),
        length_penalty_weight=0.8,
        coverage_penalty_weight=0.4,
    )
    outputs, state, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=7)
    return [outputs.predicted_ids, state.log_probs, state.lengths, lengths]


@case
def translation(tf):
    sources = [tf.constant(words) for words in ([1, 2], [3, 0], [2, 2])]
    return tf.contrib.legacy_seq2seq.embedding_attention_seq2seq(
        sources, sources, tf.contrib.rnn.GRUCell(4), 6, 5, 3, num_heads=2, feed_previous=True
    )


@case
def losses_of_lists(tf):
    legacy = tf.contrib.legacy_seq2seq
    given = (
        tf.unstack(normal(tf, 3, 2, 5)),
        [tf.constant(words) for words in ([0, 0], [1, 4], [2, 3])],
        tf.unstack(tf.constant([[1.0, 1], [1, 0], [0, 1]])),
    )
    return [legacy.sequence_loss(*given), legacy.sequence_loss_by_example(*given)]


@case
def turned(tf):
    image = tf.contrib.image
    images = normal(tf, 2, 5, 4, 3)
    return [
        image.rotate(images, [0.3, -0.2], "BILINEAR"),
        image.translate(images, [[1, 2], [-1.5, 0.5]], "BILINEAR"),
        image.transform(images[0], [1, 0.1, 0, 0, 1, 0.2, 0.01, 0], output_shape=[3, 6]),
        image.dense_image_warp(images, normal(tf, 2, 5, 4, 2) * 2),
        image.connected_components(tf.constant([[1, 1, 0, 2], [0, 1, 0, 2], [3, 0, 1, 1]])),
    ]


def optimized(name, make, steps=4):
    """Some steps of an optimizer; the rows of `a` get sparse gradients."""

    def trained(tf):
        tf.train.create_global_step()
        a, b = tf.get_variable("a", [4, 3]), tf.get_variable("b", [3])
        loss = tf.reduce_sum(tf.square(tf.gather(a, [0, 2, 2]) + b - 1.0))
        step = make(tf.contrib.opt, tf, a).minimize(loss, tf.train.get_global_step())

        def results(session):
            for _ in range(steps):
                session.run(step)
            return session.run([a, b])

        return results

    CASES[name] = trained


optimized("nadam", lambda opt, tf, a: opt.NadamOptimizer(0.1))
optimized("lazy_adam", lambda opt, tf, a: opt.LazyAdamOptimizer(0.1))
optimized("adamax", lambda opt, tf, a: opt.AdaMaxOptimizer(0.1))
optimized("add_sign", lambda opt, tf, a: opt.AddSignOptimizer(0.1))
optimized("power_sign", lambda opt, tf, a: opt.PowerSignOptimizer(0.1))
optimized("lars", lambda opt, tf, a: opt.LARSOptimizer(0.5))
optimized("adam_by_step", lambda opt, tf, a: opt.AdamGSOptimizer(tf.train.get_global_step(), 0.1))
optimized(
    "clipped",
    lambda opt, tf, a: opt.VariableClippingOptimizer(
        tf.train.GradientDescentOptimizer(0.1), {a: [1]}, 0.5
    ),
)


@case
def scipy(tf):
    v, w = tf.get_variable("v", [2]), tf.get_variable("w", [])
    loss = tf.reduce_sum((v - 3.0) ** 2) + (w + 1.0) ** 2
    optimizer = tf.contrib.opt.ScipyOptimizerInterface(
        loss, var_to_bounds={v: (0.0, 1.0)}, method="L-BFGS-B"
    )

    def results(session):
        optimizer.minimize(session)
        return session.run([v, w])

    return results


@case
def columns(tf):
    layers = tf.contrib.layers
    features = {
        "size": tf.constant([[0.5], [2.0]]),
        "word": tf.SparseTensor([[0, 0], [1, 0], [1, 1]], ["a", "b", "a"], [2, 2]),
    }
    word = layers.sparse_column_with_keys("word", ["a", "b"])
    size = layers.real_valued_column("size")
    dense = [size, layers.one_hot_column(word), layers.bucketized_column(size, [1.0])]
    return layers.input_from_feature_columns(features, dense)


@case
def tables(tf):
    lookup = tf.contrib.lookup
    words = tf.constant(["b", "c", "a"])
    hashed = lookup.HashTable(lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    return [
        lookup.index_table_from_tensor(["a", "b"], default_value=7).lookup(words),
        lookup.string_to_index(words, tf.constant(["a", "b", "c"])),
        hashed.lookup(words),
    ]


@case
def other_functions(tf):
    framework, nn = tf.contrib.framework, tf.contrib.nn
    x = normal(tf, 2, 3)
    return [
        framework.with_shape([2, 3], x),
        framework.sort(x),
        framework.argsort(x),
        framework.reduce_sum_n([x, x]),
        framework.py_func(lambda a, b: a - b, [x], {"b": x / 2}, tf.float32),
        nn.scaled_softplus(x, 2.0, 1.0),
        tf.contrib.sparsemax.sparsemax(x),
        tf.contrib.metrics.confusion_matrix([0, 1], [1, 1], 2, tf.int64),
        tf.contrib.metrics.set_size(
            tf.contrib.metrics.set_intersection(tf.constant([[1, 2]]), tf.constant([[2, 3]]))
        ),
        tf.constant(tf.contrib.util.constant_value(tf.constant(3))),
        tf.contrib.layers.embed_sequence(tf.constant([[0, 1, 1]]), 3, 2, unique=True),
        tf.contrib.layers.bow_encoder(tf.constant([[1, 2, 0]]), 3, 2),
    ]


@case
def replaced(tf):
    a, b = tf.constant([1.0, 2.0]), tf.constant(3.0)
    product = a * b
    total = product + a
    editor = tf.contrib.graph_editor
    again = editor.graph_replace(total, {b: tf.constant(5.0)})
    changed = editor.reroute_ts(tf.constant([0.0, 1.0]), product)
    return [again, total, tf.constant(changed)]


@case
def segments(tf):
    number = tf.placeholder_with_default(0, [])
    length = 4 * (number + 1)
    sequence = tf.cast(tf.reshape(tf.range(length * 2) + number * 100, [length, 2]), tf.float32)
    sequence.set_shape([None, 2])
    saver = tf.contrib.training.SequenceQueueingStateSaver(
        batch_size=1,
        num_unroll=4,
        input_length=length - 1,
        input_key=tf.as_string(number),
        input_sequences={"values": sequence},
        input_context={"number": number},
        initial_states={"sum": tf.zeros([2])},
    )
    batch = saver.next_batch
    total = batch.state("sum") + tf.reduce_sum(batch.sequences["values"], 1)
    save = batch.save_state("sum", total)
    fetched = [batch.context["number"], batch.sequence, batch.length, batch.total_length, total]

    def results(session):
        for value in range(2):
            session.run(saver.prefetch_op, {number: value})
        return sorted(
            np.concatenate([np.ravel(part) for part in session.run([fetched, save])[0]]).tolist()
            for _ in range(3)
        )

    return results


@case
def buckets(tf):
    number = tf.train.range_input_producer(8, num_epochs=1, shuffle=False).dequeue()
    lengths, (words,) = tf.contrib.training.bucket_by_sequence_length(
        number + 1,
        [tf.fill([number + 1], number)],
        batch_size=2,
        bucket_boundaries=[3, 6],
        dynamic_pad=True,
        allow_smaller_final_batch=True,
    )
    sums = tf.reduce_sum(words, 1)
    return lambda session: from_queues(tf, session, [[lengths, sums, tf.shape(words)], tf.no_op()])


def from_queues(tf, session, fetches):
    """All batches until the queues end, sorted."""
    coordinator, rows = tf.train.Coordinator(), []
    session.run(tf.local_variables_initializer())
    threads = tf.train.start_queue_runners(session, coordinator)
    try:
        while True:
            values, _ = session.run(fetches)
            rows.append(np.concatenate([np.ravel(value) for value in values]).tolist())
    except tf.errors.OutOfRangeError:
        coordinator.request_stop()
    coordinator.join(threads)
    return [np.array(row) for row in sorted(rows)]


def summary(tf, build):
    """[[first values..., sum]] of the results of a case."""
    with tf.Graph().as_default(), tf.Session() as session:
        results = build(tf)
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        session.run(tf.tables_initializer())
        for variable in tf.trainable_variables():
            seed = zlib.crc32(variable.op.name.encode()) % 2**31
            values = np.random.RandomState(seed).normal(size=variable.shape.as_list()) / 2
            variable.load(values.astype(np.float32), session)
        values = results(session) if callable(results) else session.run(results)
        return [
            [round(float(number), 5) for number in [*array.ravel()[:3], array.sum()]]
            for array in map(np.asarray, tf.nest.flatten(values))
        ]


@pytest.mark.parametrize("name", CASES)
def test_an_adapter_computes_what_1_15_5_computes(name):
    with namespace.installed(with_companions=False) as tf:
        found = summary(tf, CASES[name])
    assert len(found) == len(RECORDED[name])
    for values, expected in zip(found, RECORDED[name]):
        np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-3)
