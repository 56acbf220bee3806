"""tf.contrib.lookup: tables of strings and numbers under their first names and arguments."""

from tensorflow.python.ops import gen_lookup_ops, lookup_ops
from tensorflow.python.ops.lookup_ops import FastHashSpec

from graphmode import tf


def index_table_from_tensor(
    mapping,
    num_oov_buckets=0,
    default_value=-1,
    hasher_spec=FastHashSpec,
    dtype=tf.string,
    name=None,
):
    """A table from the entries of `mapping` to their numbers."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return lookup_ops.index_table_from_tensor(
        mapping, num_oov_buckets, default_value, hasher_spec, dtype, name
    )


def string_to_index_table_from_tensor(
    mapping, num_oov_buckets=0, default_value=-1, hasher_spec=FastHashSpec, name=None
):
    """`index_table_from_tensor` for strings."""
    mapping = tf.convert_to_tensor(mapping)
    if mapping.dtype.base_dtype != tf.string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, name=name)


def string_to_index_table_from_file(
    vocabulary_file=None,
    num_oov_buckets=0,
    vocab_size=None,
    default_value=-1,
    hasher_spec=FastHashSpec,
    name=None,
):
    """A table from the lines of a file to their numbers."""
    return lookup_ops.index_table_from_file(
        vocabulary_file,
        num_oov_buckets,
        vocab_size,
        default_value,
        hasher_spec,
        key_dtype=tf.string,
        name=name,
    )


def string_to_index(tensor, mapping, default_value=-1, name=None):
    """The numbers of strings in `mapping`."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string_table_from_tensor(mapping, default_value="UNK", name=None):
    """A table from numbers to the entries of `mapping`."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return lookup_ops.index_to_string_table_from_tensor(mapping, default_value, name)


def index_to_string(tensor, mapping, default_value="UNK", name=None):
    """The entries of `mapping` with these numbers."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


class HashTable(lookup_ops.StaticHashTableV1):
    """A table that its initializer fills, with the attribute `init`."""

    def __init__(self, initializer, default_value, shared_name=None, name=None):
        self._shared = shared_name
        super().__init__(initializer, default_value, name=name or "hash_table")

    def _create_resource(self):
        if not self._shared:
            return super()._create_resource()
        return gen_lookup_ops.hash_table_v2(
            shared_name=self._shared,
            key_dtype=self._initializer.key_dtype,
            value_dtype=self._initializer.value_dtype,
            name=self._name,
        )

    @property
    def init(self):
        """The op that fills the table; tf.tables_initializer() runs it, too."""
        return self.initializer


class MutableHashTable(lookup_ops.MutableHashTable):
    """A table that a session fills."""

    def __init__(
        self,
        key_dtype,
        value_dtype,
        default_value,
        name="MutableHashTable",
        checkpoint=True,
    ):
        super().__init__(key_dtype, value_dtype, default_value, name, checkpoint)


class MutableDenseHashTable(lookup_ops.DenseHashTable):
    """A table in dense tensors."""

    def __init__(
        self,
        key_dtype,
        value_dtype,
        default_value,
        empty_key,
        deleted_key,
        initial_num_buckets=None,
        name="MutableDenseHashTable",
        checkpoint=True,
    ):
        super().__init__(
            key_dtype,
            value_dtype,
            default_value,
            empty_key,
            deleted_key,
            initial_num_buckets,
            name,
            checkpoint,
        )
