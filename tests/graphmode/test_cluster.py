"""Workers: what each has of the data, the noise and the gradients. Without any other process."""

import json
import socket

import numpy as np
import pytest

from data import feeds, queues
from graphmode import cluster, config, sessions, slim, tf, training
from graphmode.cluster import __main__ as entry
from graphmode.cluster import addresses, batch_norms, gradients, peers
from graphmode.cluster.addresses import Place
from graphmode.cluster.crew import Crew
from graphmode.cluster.exchange import BUCKET, Exchange
from graphmode.errors import InputError
from graphmode.training import run_folder


class Member(cluster.Alone):
    """A worker as the data and the noise see it."""

    def __init__(self, rank, count, accumulate=1, batch=0):
        self.rank, self.count, self.accumulate, self.batch = rank, count, accumulate, batch


# Data


@pytest.mark.parametrize("examples", [23, 7])
def test_workers_and_runs_have_the_parts_of_the_batches_of_a_process_alone(examples):
    size, count, accumulate = 2, 3, 2
    order = np.concatenate(
        [np.random.default_rng([5, epoch]).permutation(examples) for epoch in range(9)]
    )
    for step in range(3):
        parts = []
        for run in range(accumulate):
            for rank in range(count):
                with cluster.current(Member(rank, count, accumulate)):
                    batch = feeds.shuffled(examples, size, 5)
                    parts.extend(batch(step * accumulate + run))
        if examples >= 12:
            assert parts == feeds.shuffled(examples, 12, 5)(step).tolist()
        else:  # a batch is larger than the data: one epoch after the other
            assert parts == order[12 * step : 12 * step + 12].tolist()


def test_mirrored_images_are_those_of_the_whole_batch():
    whole = feeds.mirrored(4, 6, 0)
    with cluster.current(Member(1, 2)):
        assert feeds.mirrored(4, 3, 0).tolist() == whole[3:].tolist()


def taken(places, seed, member, number):
    """(names, their numbers) that a worker reads from the queue of names."""
    with cluster.current(member), tf.Graph().as_default():
        tf.set_random_seed(seed)
        queue, number_of = queues.names(places, seed)
        name = queue.dequeue()
        pair = name, number_of(name)
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            read = [session.run(pair) for _ in range(number)]
            coordinator.request_stop()
            session.run(queue.close(cancel_pending_enqueues=True))
            coordinator.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
    return [(int(number), name) for name, number in read]


def test_queues_of_all_workers_have_the_names_of_one_queue():
    places = [str(place) for place in range(7)]  # no multiple of a batch
    alone = taken(places, 3, cluster.Alone(), 24)
    assert [number for number, _ in alone] == list(range(1, 25))
    parts = [taken(places, 3, Member(rank, 3, batch=2), 8) for rank in range(3)]
    assert sorted(sum(parts, [])) == alone
    assert [number for number, _ in parts[1]] == [3, 4, 9, 10, 15, 16, 21, 22]


# Noise


def noise_of(member, ops, batch):
    """What the functions `ops` of a batch size give in step 0."""
    with cluster.current(member), sessions.graph(config.Run()):
        made = [op(batch) for op in ops]
        with tf.Session() as session:
            number = tf.get_collection("noise_number")[0]
            return session.run(made, {number: 7})


def test_noise_of_all_workers_is_that_of_one_process():
    ops = [
        lambda batch: tf.random_normal([batch, 3]),
        lambda batch: tf.random_uniform([batch, 2], 0, 9, tf.int32),
        lambda batch: tf.nn.dropout(
            tf.placeholder_with_default(tf.ones([batch, 5]), [None, 5]), 0.5
        ),
    ]
    whole = noise_of(cluster.Alone(), ops, 4)
    parts = [noise_of(Member(rank, 2, batch=2), ops, 2) for rank in range(2)]
    for alone, first, second in zip(whole, *parts):
        assert alone.tolist() == np.concatenate([first, second]).tolist()


def test_noise_that_is_not_of_the_batch_differs_between_workers():
    ops = [lambda batch: tf.random_normal([9]), lambda batch: tf.random_normal([])]
    parts = [noise_of(Member(rank, 2, batch=2), ops, 2) for rank in range(2)]
    assert not np.isclose(*[part[0] for part in parts]).any()
    assert parts[0][1] != parts[1][1]


# Gradients


def fitted(settings, batch_size, batch, learned=None, **flags):
    """The weight of a linear model after four steps over 12 examples, and its scalars."""
    run = settings(batch_size=batch_size, max_steps=4, summary_freq=1, overwrite=True, **flags)
    crew = Crew(Place([""], 0), run)
    own = crew.own(run)
    x = np.random.RandomState(0).randn(12, 3).astype(np.float32)
    with cluster.current(crew), sessions.graph(own):
        fed = tf.placeholder(tf.float32, [None, 3])
        w = tf.get_variable("w", [3], initializer=tf.ones_initializer())
        loss = tf.reduce_mean(tf.square(tf.linalg.matvec(fed, w) - 2.0))
        step = tf.train.AdamOptimizer(0.1).minimize(loss)
        indices = feeds.shuffled(12, own.batch_size, 0)
        model = training.Model(
            [training.Phase("train", 4, [training.Update(step, {"loss": loss})])],
            feed=lambda number: {fed: x[indices(number)]},
        )
        training.fit(model, own)
    folder = run_folder.find_checkpoint(run.output_dir)
    rows = (folder.parent / "scalars.csv").read_text()
    return tf.train.load_checkpoint(str(folder)).get_tensor("w"), rows, folder.parent


def test_accumulated_runs_make_the_step_of_the_whole_batch(settings):
    once, rows, _ = fitted(settings, 6, 6)
    added, again, folder = fitted(settings, 6, 2, accumulate=3)
    np.testing.assert_allclose(added, once, rtol=1e-5)
    numbers = [[float(line.split(",")[2]) for line in text.split()[1:]] for text in (rows, again)]
    np.testing.assert_allclose(*numbers, rtol=1e-5)
    stored = json.loads((folder / "config.json").read_text())["config"]
    assert stored["batch_size"] == 6 and stored["accumulate"] == 3


def test_batches_that_cannot_be_shared_are_refused(settings):
    with pytest.raises(InputError, match=r"--batch_size 7 is no multiple of 2: 1 workers and 2"):
        Crew(Place([""], 0), settings(batch_size=7, accumulate=2))


def test_flags_of_workers_are_refused_by_a_process_alone(settings):
    with sessions.graph(settings()):
        with pytest.raises(InputError, match="--accumulate 2 .* ./run.sh --workers 1"):
            training.fit(training.Model([]), settings(accumulate=2))


def test_what_the_collective_ops_are_asked_for():
    """Also for GPUs, which nobody tries here: the hint, the device, the numbers that travel."""
    with tf.Graph().as_default() as graph:
        small, large = tf.ones([3]), tf.ones([BUCKET - 3])
        for hint, kind in (("ring", "float32"), ("nccl", "bfloat16")):
            exchange = Exchange(2, 0, hint, kind)
            made = gradients.averaged(
                exchange, [(small + 1, small), (large + 1, large), (small + 2, small)]
            )
            assert [mean.shape.as_list() for mean, _ in made] == [[3], [BUCKET - 3], [3]]
            assert gradients.averaged(exchange, made) == made  # means are not averaged again
        ops = [op for op in graph.get_operations() if op.type == "CollectiveReduceV2"]
    assert [op.get_attr("communication_hint") for op in ops] == [b"ring"] * 2 + [b"nccl"] * 2
    assert [op.inputs[0].dtype for op in ops] == [tf.float32] * 2 + [tf.bfloat16] * 2
    assert [op.inputs[0].shape.as_list() for op in ops] == [[BUCKET], [3]] * 2
    assert [op.device for op in ops] == ["/device:CPU:0"] * 2 + [""] * 2
    keys = [tf.get_static_value(op.inputs[3]) for op in ops]
    assert len(set(map(int, keys))) == 4


# Batch norm


@pytest.mark.parametrize("kind", ["layers", "slim", "dense"])
def test_synchronized_batch_norm_of_one_worker_is_batch_norm(kind):
    """Output, gradient and moving averages are those of TensorFlow's ops."""

    def outcome():
        with tf.Graph().as_default():
            x = tf.constant(np.random.RandomState(0).randn(4, 3, 3, 2).astype(np.float32) * 3 + 1)
            x = tf.reshape(x, [12, 6]) if kind == "dense" else x
            if kind == "slim":
                y = slim.batch_norm(x, decay=0.9, scale=True, is_training=True)
            else:
                y = tf.layers.batch_normalization(x, training=True)
            slope = tf.gradients(tf.reduce_sum(y * tf.cos(3 * x)), x)[0]
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                values = session.run([y, slope])
                session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
                return values + session.run(tf.global_variables())

    plain = outcome()
    with batch_norms.synchronized(Exchange(1, 0)):
        own = outcome()
    assert len(own) == len(plain) == 6
    for ours, theirs in zip(own, plain):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


def test_statistics_are_those_of_all_workers():
    class Pair(Exchange):
        """The other worker has twice the values."""

        def gathered(self, vector):
            mean, variance = tf.split(vector, 2)
            return tf.stack([vector, tf.concat([2 * mean, 4 * variance], 0)])

    x = np.random.RandomState(1).randn(5, 2).astype(np.float32) + 3
    with tf.Graph().as_default(), tf.Session() as session:
        mean, variance = session.run(batch_norms.statistics(Pair(2, 0), tf.constant(x)))
    both = np.concatenate([x, 2 * x])
    np.testing.assert_allclose(mean, both.mean(0), rtol=1e-5)
    np.testing.assert_allclose(variance, both.var(0), rtol=1e-5)


# Who the workers are


def described(monkeypatch, **content):
    monkeypatch.setenv("TF_CONFIG", json.dumps(content))
    return addresses.found()


def test_tf_config_names_the_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert addresses.found() == Place([""], 0)
    workers = ["one:2222", "two:2222"]
    task = {"type": "worker", "index": 1}
    assert described(monkeypatch, cluster={"worker": workers}, task=task) == Place(workers, 1)
    # Kubeflow's TFJob and cloud services have a chief and count the workers from 0.
    jobs = {"chief": ["chief:2222"], "worker": workers}
    assert described(monkeypatch, cluster=jobs, task=task) == Place(["chief:2222", *workers], 2)
    task = {"type": "chief", "index": 0}
    assert described(monkeypatch, cluster=jobs, task=task).rank == 0


@pytest.mark.parametrize(
    "workers, index, words",
    [
        (["one:2222", "one:2222"], 0, "two workers have the same address: one:2222"),
        (["one", "two:1"], 0, "the address 'one' of a worker is not host:port"),
        (["one:1", "two:1"], 2, "--task 2 is not the number of one of 2 workers"),
    ],
)
def test_wrong_descriptions_are_named(monkeypatch, workers, index, words):
    task = {"type": "worker", "index": index}
    with pytest.raises(InputError, match=words):
        described(monkeypatch, cluster={"worker": workers}, task=task)


def test_parameter_servers_are_refused(monkeypatch):
    jobs = {"worker": ["one:1"], "ps": ["two:1"]}
    with pytest.raises(InputError, match="tasks of the kind ps"):
        described(monkeypatch, cluster=jobs, task={"type": "ps", "index": 0})


def test_slurm_names_the_workers(monkeypatch):
    monkeypatch.setenv("GRAPHMODE_CLUSTER", "slurm")
    with pytest.raises(InputError, match="this is no task of SLURM"):
        addresses.found()
    names = {
        "PROCID": "2",
        "STEP_NUM_TASKS": "3",
        "STEP_NODELIST": "node[1-2]",
        "STEP_TASKS_PER_NODE": "2,1",
    }
    for name, value in names.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert addresses.found() == Place(["node1:8888", "node1:8889", "node2:8888"], 2)


def test_followers_write_to_their_own_folder():
    flags = ["--lr", "1", "--output_dir", "a", "--resume", "--checkpoint=b", "--data", "digits"]
    kept = ["--lr", "1", "--data", "digits", "--output_dir", "own"]
    assert entry.of_follower(flags, "own") == kept


def test_servers_that_are_gone_or_hang_do_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # connects, and says nothing
        address = f"127.0.0.1:{hanging.getsockname()[1]}"
        assert not peers.answers(address, 0.2)
        others = peers.Peers(Place(["127.0.0.1:1", address], 0), 0.2)
        assert others.look() == 1
        assert others.missing("") == f"worker 1 at {address} is gone or does not answer"
    assert not peers.answers(address, 5)  # refused at once
