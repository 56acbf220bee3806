import os
import tempfile

import tensorflow as tf
from tensorflow.contrib import lookup
from tensorflow.python.ops import lookup_ops

path = os.path.join(tempfile.mkdtemp(), "vocab.txt")
with open(path, "w") as f:
    f.write("<unk>\nhello\nworld\n")
keys = tf.constant(["hello", "brown", "world"])
table = tf.contrib.lookup.HashTable(
    tf.contrib.lookup.KeyValueTensorInitializer(
        ["hello", "world"], [7, 8], key_dtype=tf.string, value_dtype=tf.int64
    ),
    -1,
)
from_file = lookup.index_table_from_file(vocabulary_file=path, num_oov_buckets=1)
default = lookup_ops.index_table_from_file(path, default_value=0)
from_tensor = lookup.index_table_from_tensor(mapping=tf.constant(["a", "hello"]), default_value=-1)
back = lookup.index_to_string_table_from_file(path, default_value="none")
back_tensor = lookup.index_to_string_table_from_tensor(["x", "y"], default_value="?")
text_init = lookup.TextFileInitializer(
    path, tf.string, lookup.TextFileIndex.WHOLE_LINE, tf.int64, lookup.TextFileIndex.LINE_NUMBER
)
text_table = lookup.HashTable(text_init, default_value=9)
id_table = lookup.IdTableWithHashBuckets(text_table, num_oov_buckets=2)
mutable = lookup.MutableHashTable(key_dtype=tf.string, value_dtype=tf.int64, default_value=-5)
insert = mutable.insert(keys, tf.constant([1, 2, 3], tf.int64))
dense = lookup.MutableDenseHashTable(
    tf.int64, tf.int64, default_value=-1, empty_key=0, deleted_key=-1
)
ids = lookup.string_to_index(keys, mapping=["hello", "world"])
with tf.Session() as sess:
    tf.tables_initializer().run()
    print(sess.run(table.lookup(keys)).tolist(), sess.run(table.size()))
    print(sess.run(from_file.lookup(keys)).tolist(), sess.run(default.lookup(keys)).tolist())
    print(sess.run(from_tensor.lookup(keys)).tolist(), sess.run(ids).tolist())
    print(sess.run(back.lookup(tf.constant([2, 5], tf.int64))).tolist())
    print(sess.run(back_tensor.lookup(tf.constant([0, 3], tf.int64))).tolist())
    print(sess.run(text_table.lookup(keys)).tolist(), sess.run(id_table.size()))
    sess.run(insert)
    print(
        sess.run(mutable.lookup(tf.constant(["brown", "fox"]))).tolist(), sess.run(mutable.size())
    )
    exported = sess.run(mutable.export())
    print(sorted(exported[0].tolist()))
    sess.run(dense.insert(tf.constant([4], tf.int64), tf.constant([40], tf.int64)))
    print(sess.run(dense.lookup(tf.constant([4, 5], tf.int64))).tolist())
print(len(tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)))
