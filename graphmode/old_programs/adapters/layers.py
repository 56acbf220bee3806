"""tf.contrib.layers: sparse columns and embeddings, on tf.feature_column of today.

The columns of tf.contrib.layers became those of tf.feature_column in TensorFlow 1.3, with the same
values. Only the variables have other names, so a checkpoint of the old columns does not fit.
"""

from typing import Any, Dict

import tf_slim as slim
from tensorflow.python.feature_column import feature_column_v2 as _columns_v2

from graphmode import tf

_columns = tf.feature_column
_combiners: Dict[
    Any, str
] = {}  # sparse column -> how a linear model combines its values, if not by their sum


def _combined(column, combiner):
    if combiner not in (None, "sum"):
        _combiners[column] = combiner
    return column


def real_valued_column(
    column_name, dimension=1, default_value=None, dtype=tf.float32, normalizer=None
):
    """A column of numbers."""
    return _columns.numeric_column(column_name, (dimension or 1,), default_value, dtype, normalizer)


def bucketized_column(source_column, boundaries):
    """A column of numbers, cut into buckets."""
    return _columns.bucketized_column(source_column, sorted(boundaries))


def sparse_column_with_hash_bucket(
    column_name, hash_bucket_size, combiner="sum", dtype=tf.string, hash_keys=None
):
    """A column of strings or whole numbers, by their hash values."""
    if hash_keys is not None:
        raise ValueError("hash_keys is not supported; leave it out")
    return _combined(
        _columns.categorical_column_with_hash_bucket(column_name, hash_bucket_size, dtype), combiner
    )


def sparse_column_with_integerized_feature(
    column_name, bucket_size, combiner="sum", dtype=tf.int64
):
    """A column of whole numbers below `bucket_size`."""
    del dtype  # the column takes every type of whole numbers
    return _combined(_columns.categorical_column_with_identity(column_name, bucket_size), combiner)


def sparse_column_with_keys(column_name, keys, default_value=-1, combiner="sum", dtype=tf.string):
    """A column of the strings or numbers in `keys`."""
    return _combined(
        _columns.categorical_column_with_vocabulary_list(
            column_name, tuple(keys), tf.as_dtype(dtype), default_value
        ),
        combiner,
    )


def sparse_column_with_vocabulary_file(
    column_name,
    vocabulary_file,
    num_oov_buckets=0,
    vocab_size=None,
    default_value=-1,
    combiner="sum",
    dtype=tf.string,
):
    """A column of the strings in a file."""
    return _combined(
        _columns.categorical_column_with_vocabulary_file(
            column_name,
            vocabulary_file,
            vocab_size,
            num_oov_buckets,
            None if num_oov_buckets else default_value,
            dtype,
        ),
        combiner,
    )


def weighted_sparse_column(sparse_id_column, weight_column_name, dtype=tf.float32):
    """A sparse column with weights."""
    return _columns.weighted_categorical_column(sparse_id_column, weight_column_name, dtype)


def one_hot_column(sparse_id_column):
    """A dense column: the count of each value."""
    return _columns.indicator_column(sparse_id_column)


def embedding_column(
    sparse_id_column,
    dimension,
    combiner="mean",
    initializer=None,
    ckpt_to_load_from=None,
    tensor_name_in_ckpt=None,
    max_norm=None,
    trainable=True,
):
    """A dense column: trained vectors of the values."""
    return _columns.embedding_column(
        sparse_id_column,
        dimension,
        combiner or "mean",
        initializer,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )


def shared_embedding_columns(
    sparse_id_columns,
    dimension,
    combiner="mean",
    shared_embedding_name=None,
    initializer=None,
    ckpt_to_load_from=None,
    tensor_name_in_ckpt=None,
    max_norm=None,
    trainable=True,
):
    """Dense columns that share their vectors."""
    return _columns.shared_embedding_columns(
        sparse_id_columns,
        dimension,
        combiner or "mean",
        initializer,
        shared_embedding_name,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )


def crossed_column(
    columns,
    hash_bucket_size,
    combiner="sum",
    ckpt_to_load_from=None,
    tensor_name_in_ckpt=None,
    hash_key=None,
):
    """A sparse column of the combinations of other columns, by their hash values."""
    if ckpt_to_load_from or tensor_name_in_ckpt:
        raise ValueError("ckpt_to_load_from is not supported; use tf.train.init_from_checkpoint")
    # A sparse column counts by its raw strings, not by its own numbers.
    parts = [
        column
        if isinstance(column, (_columns_v2.BucketizedColumn, _columns_v2.CrossedColumn))
        else column.key
        for column in columns
    ]
    return _combined(_columns.crossed_column(parts, hash_bucket_size, hash_key), combiner)


def check_feature_columns(feature_columns):
    """Raises ValueError if two columns have the same name."""
    seen = set()
    for column in feature_columns:
        if column.name in seen:
            raise ValueError(f"Duplicate feature column key found for column: {column.name}")
        seen.add(column.name)


def input_from_feature_columns(
    columns_to_tensors,
    feature_columns,
    weight_collections=None,
    trainable=True,
    scope=None,
    cols_to_outs=None,
):
    """The values of dense columns, side by side: [batch, sum].

    As in TensorFlow 1.15 they are ordered by kind (buckets, embeddings, one-hot, numbers), then by
    name.
    """
    check_feature_columns(feature_columns)
    values = {} if cols_to_outs is None else cols_to_outs
    with tf.variable_scope(scope, "input_from_feature_columns"):
        _columns.input_layer(
            columns_to_tensors,
            list(feature_columns),
            weight_collections,
            trainable,
            cols_to_output_tensors=values,
        )
        ordered = sorted(set(feature_columns), key=_old_order)
        return tf.concat([values[column] for column in ordered], 1)


def _old_order(column):
    kinds = ("Bucketized", "Embedding", "Indicator", "Numeric")
    name = type(column).__name__
    return next((n for n, kind in enumerate(kinds) if kind in name), len(kinds)), column.name


def weighted_sum_from_feature_columns(
    columns_to_tensors,
    feature_columns,
    num_outputs,
    weight_collections=None,
    trainable=True,
    scope=None,
):
    """A linear model of the columns: (logits, column -> variables, bias)."""
    check_feature_columns(feature_columns)
    combiners = {_combiners.get(column, "sum") for column in feature_columns}
    if len(combiners) > 1:
        raise ValueError(f"the columns have different combiners: {sorted(combiners)}")
    variables = {}
    with tf.variable_scope(scope, "weighted_sum_from_feature_columns"):
        logits = _columns.linear_model(
            columns_to_tensors,
            list(feature_columns),
            num_outputs,
            sparse_combiner=combiners.pop(),
            weight_collections=weight_collections,
            trainable=trainable,
            cols_to_vars=variables,
        )
    bias = variables.pop("bias")
    return logits, variables, bias[0]


joint_weighted_sum_from_feature_columns = weighted_sum_from_feature_columns


def create_feature_spec_for_parsing(feature_columns):
    """What tf.parse_example needs for the columns."""
    return _columns.make_parse_example_spec(list(feature_columns))


def parse_feature_columns_from_examples(serialized, feature_columns, name=None, example_names=None):
    """The features of serialized tf.Example protos: name -> tensor."""
    spec = create_feature_spec_for_parsing(feature_columns)
    return tf.parse_example(serialized, spec, name, example_names)


def make_place_holder_tensors_for_base_features(feature_columns):
    """A placeholder for each feature that the columns need: name -> placeholder."""
    made = {}
    for name, kind in create_feature_spec_for_parsing(feature_columns).items():
        if isinstance(kind, tf.VarLenFeature):
            made[name] = tf.sparse_placeholder(kind.dtype, name=f"Placeholder_{name}")
        else:
            shape = [None, *kind.shape]
            made[name] = tf.placeholder(kind.dtype, shape, name=f"Placeholder_{name}")
    return made


def infer_real_valued_columns(features):
    """A column of numbers for each dense feature: of a dict, or of one tensor with the name ""."""
    features = features if isinstance(features, dict) else {"": features}
    columns = []
    for name, tensor in sorted(features.items()):
        if isinstance(tensor, tf.SparseTensor) or not (
            tensor.dtype.is_floating or tensor.dtype.is_integer
        ):
            raise ValueError(f"{name!r} is not a dense tensor of numbers")
        columns.append(real_valued_column(name, int(tensor.shape[1]), dtype=tensor.dtype))
    return columns


def bow_encoder(
    ids,
    vocab_size,
    embed_dim,
    sparse_lookup=True,
    initializer=None,
    regularizer=None,
    trainable=True,
    scope=None,
    reuse=None,
):
    """The mean of the vectors of a text's words: [batch, embed_dim].

    Args:
        ids: [batch, length], dense or sparse.
        sparse_lookup: the id 0 is no word.
    """
    with tf.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        table = _table(vocab_size, embed_dim, initializer, regularizer, trainable)
        if not sparse_lookup:
            return tf.reduce_mean(tf.nn.embedding_lookup(table, ids), axis=1)
        if not isinstance(ids, tf.SparseTensor):
            ids = slim.layers.dense_to_sparse(ids)
        return tf.nn.safe_embedding_lookup_sparse([table], ids, combiner="mean", default_id=0)


def embed_sequence(
    ids,
    vocab_size=None,
    embed_dim=None,
    unique=False,
    initializer=None,
    regularizer=None,
    trainable=True,
    scope=None,
    reuse=None,
):
    """The vectors of words: [batch, length, embed_dim]."""
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. "
            f"Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with tf.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        table = _table(vocab_size, embed_dim, initializer, regularizer, trainable)
        return (embedding_lookup_unique if unique else tf.nn.embedding_lookup)(table, ids)


def _table(rows, columns, *arguments):
    initializer, regularizer, trainable = arguments
    return slim.model_variable(
        "embeddings",
        shape=[rows, columns] if rows and columns else None,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
    )


def embedding_lookup_unique(params, ids, partition_strategy="mod", name=None):
    """tf.nn.embedding_lookup that fetches each row once, which matters between machines."""
    with tf.name_scope(name, "EmbeddingLookupUnique", [ids]):
        ids = tf.convert_to_tensor(ids)
        unique, places = tf.unique(tf.reshape(ids, [-1]))
        rows = tf.gather(tf.nn.embedding_lookup(params, unique, partition_strategy), places)
        result = tf.reshape(rows, tf.concat([tf.shape(ids), tf.shape(rows)[1:]], 0))
        result.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return result


def embedding_lookup_sparse_with_distributed_aggregation(
    params,
    sp_ids,
    sp_weights,
    partition_strategy="mod",
    name=None,
    combiner=None,
    max_norm=None,
):
    """tf.nn.embedding_lookup_sparse; the rows are summed in one place."""
    return tf.nn.embedding_lookup_sparse(
        params, sp_ids, sp_weights, partition_strategy, name, combiner or "mean", max_norm
    )


def sparse_feature_cross(
    inputs, hashed_output=False, num_buckets=0, name="sparse_feature_cross", hash_key=None
):
    """The combinations of features, "a_X_b", or their hash values: a SparseTensor."""
    if not isinstance(inputs, list) or not all(
        isinstance(part, (tf.SparseTensor, tf.Tensor)) for part in inputs
    ):
        raise TypeError("All inputs must be SparseTensor or Tensor")
    if hashed_output:
        return tf.sparse.cross_hashed(inputs, num_buckets, hash_key, name)
    return tf.sparse.cross(inputs, name)
