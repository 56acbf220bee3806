"""Sums and means over all workers: TensorFlow's collective ops.

All workers must build these ops in the same order: the keys by which the ops find one another are
counted. All workers must run them in the same steps.
"""

import itertools
from typing import Any, List, Sequence

from graphmode import tf

BUCKET = 2**23  # elements that travel together in one vector, at most, unless one tensor has more
KEYS = itertools.count(1)  # of the exchanges of this process
GROUP = 1  # the key of the one group that all workers form


class Exchange:
    """Builds the collective ops of one worker.

    Args:
        count: the number of workers. With one, no op is added.
        rank: the number of this worker, from 0.
        hint: "ring", or "nccl" if every worker has a GPU.
        kind: "float32", or "bfloat16" for half the bytes of gradients.
    """

    def __init__(self, count: int, rank: int, hint: str = "ring", kind: str = "float32"):
        self.count, self.rank, self._hint, self._kind = count, rank, hint, kind

    def summed(self, tensor) -> Any:
        """The sum over all workers. Its gradient is the sum of the gradients."""
        if self.count == 1:
            return tensor

        @tf.custom_gradient
        def forward(x):
            return self._reduce(x), self.summed

        return forward(tensor)

    def _reduce(self, tensor):
        # nccl needs its tensors on the GPU; a ring takes them from the CPU's memory.
        with tf.device(None if self._hint == "nccl" else "/device:CPU:0"):
            return tf.raw_ops.CollectiveReduceV2(
                input=tensor,
                group_size=self.count,
                group_key=GROUP,
                instance_key=next(KEYS),
                ordering_token=[],
                merge_op="Add",
                final_op="Id",
                communication_hint=self._hint,
            )

    def means(self, tensors: Sequence[Any], compressed: bool = False) -> List[Any]:
        """The means over all workers.

        Args:
            tensors: float32, of known shapes.
            compressed: whether they may travel as bfloat16 (`kind`).

        Returns:
            Tensors of the same shapes. None is ready before all are.
        """
        if self.count == 1:
            return list(tensors)
        sizes = [tensor.shape.num_elements() for tensor in tensors]
        means: List[Any] = [None] * len(tensors)
        last: List[Any] = []
        for group in _buckets(sizes):
            flat = tf.concat([tf.reshape(tensors[place], [-1]) for place in group], 0)
            with tf.control_dependencies(last):  # the same order on all workers
                total = self._travelled(flat, compressed)
            last = [total]
            parts = tf.split(total / self.count, [sizes[place] for place in group])
            for place, part in zip(group, parts):
                means[place] = tf.reshape(part, tensors[place].shape)
        # If an exchange fails, no variable has moved: the checkpoint is that of a whole step.
        with tf.control_dependencies(last):
            return [tf.identity(mean) for mean in means]

    def _travelled(self, flat, compressed):
        if compressed and self._kind == "bfloat16":
            return tf.cast(self._reduce(tf.cast(flat, tf.bfloat16)), tf.float32)
        return self._reduce(flat)

    def gathered(self, vector) -> Any:
        """The vectors of all workers: [size] -> [count, size], with gradients."""
        if self.count == 1:
            return vector[None]
        before, after = self.rank, self.count - 1 - self.rank
        return self.summed(tf.pad(vector[None], [[before, after], [0, 0]]))

    def of_chief(self, tensor) -> Any:
        """The chief's tensor, for all workers."""
        return self._reduce(tensor if self.rank == 0 else tf.zeros_like(tensor))


def _buckets(sizes):
    """Lists of places of tensors that travel together: an exchange has a cost of its own."""
    groups: List[List[int]] = []
    filled = BUCKET
    for place, size in enumerate(sizes):
        if filled + size > BUCKET:
            groups.append([])
            filled = 0
        groups[-1].append(place)
        filled += size
    return groups
