"""Which workers there are and which of them is this process: TF_CONFIG, SLURM, or run.sh's flags.

TensorFlow's own resolvers read the environment. `./run.sh --workers` and `--cluster` set TF_CONFIG.
"""

import json
import os
import re
import shutil
from typing import List, NamedTuple

from graphmode import tf
from graphmode.errors import InputError

PORT = 8888  # of the first task on each machine under SLURM


class Place(NamedTuple):
    """The addresses of all workers ("host:port"), and the number of this one, from 0."""

    addresses: List[str]
    rank: int


def found() -> Place:
    """The workers that the environment describes. One worker without an address if it has none.

    Raises:
        InputError: the description is not complete.
    """
    if os.environ.get("GRAPHMODE_CLUSTER") == "slurm":
        return _checked(*_slurm())
    if not os.environ.get("TF_CONFIG"):
        return Place([""], 0)
    return _checked(*_tf_config())


def _tf_config():
    text = os.environ["TF_CONFIG"]
    try:
        cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        jobs, kind, index = cluster.cluster_spec().as_dict(), cluster.task_type, cluster.task_id
        addresses = [*jobs.pop("chief", jobs.pop("master", [])), *jobs.pop("worker", [])]
        chiefs = len(json.loads(text).get("cluster", {}).get("chief", []))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(
            f"TF_CONFIG {text[:100]} cannot be read ({error}): see docs/scaling.md"
        ) from None
    if set(jobs) - {"evaluator"} or kind not in ("chief", "master", "worker"):
        raise InputError(
            f"TF_CONFIG has tasks of the kind {', '.join([*jobs, str(kind)])}: "
            "use only chief and worker; there are no parameter servers"
        )
    return addresses, (index or 0) + (chiefs if kind == "worker" else 0)


def _slurm():
    # Without GPUs TensorFlow's resolver divides by zero: one that is never used for each task.
    gpus = {} if shutil.which("nvidia-smi") else {"gpus_per_node": 2**10, "gpus_per_task": 1}
    try:
        cluster = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=PORT, auto_set_gpu=not gpus, **gpus
        )
        return cluster.cluster_spec().as_dict()["worker"], cluster.task_id
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise InputError(
            f"--cluster slurm: this is no task of SLURM ({error}); start it with srun"
        ) from None


def _checked(addresses, rank):
    for address in addresses:
        if not re.fullmatch(r"[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", str(address)):
            raise InputError(f"the address {address!r} of a worker is not host:port")
    if len(set(addresses)) < len(addresses):
        raise InputError(f"two workers have the same address: {', '.join(addresses)}")
    if not 0 <= rank < len(addresses):
        raise InputError(f"--task {rank} is not the number of one of {len(addresses)} workers")
    return Place(list(addresses), rank)
