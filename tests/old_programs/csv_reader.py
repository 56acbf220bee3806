import os
import tempfile

import tensorflow as tf

folder = tempfile.mkdtemp()
files = []
for i in range(2):
    path = os.path.join(folder, "file%d.csv" % i)
    with tf.gfile.Open(path, "w") as f:
        f.write("a,b,label\n")
        for j in range(3):
            f.write("%d,%.1f,%s\n" % (i, j, "yes" if j % 2 else ""))
    files.append(path)
print(
    tf.gfile.Exists(files[0]),
    [os.path.basename(p) for p in sorted(tf.gfile.Glob(folder + "/*.csv"))],
)
filename_queue = tf.train.string_input_producer(files, shuffle=False, num_epochs=1)
reader = tf.TextLineReader(skip_header_lines=1)
key, value = reader.read(filename_queue)
record_defaults = [[1], [1.0], ["no"]]
col1, col2, col3 = tf.decode_csv(value, record_defaults=record_defaults)
features = tf.stack([tf.to_float(col1), col2])
example_batch, label_batch = tf.train.batch([features, col3], batch_size=3)
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(coord=coord)
    for i in range(2):
        example, label = sess.run([example_batch, label_batch])
        print(example.tolist(), label.tolist())
    coord.request_stop()
    coord.join(threads)
    one = tf.constant(["x y", "z"])
    split = tf.string_split(one)
    print(sess.run(split).values.tolist(), sess.run(tf.string_to_number("3.5")))
    print(sess.run(tf.string_join(["a", "b"], "-")), sess.run(tf.as_string(7)))
    print(sess.run(tf.substr("hello", 1, 3)), sess.run(tf.string_to_hash_bucket("a", 5)) < 5)
tf.gfile.DeleteRecursively(folder)
print(tf.gfile.IsDirectory(folder), tf.gfile.ListDirectory(tempfile.mkdtemp()))
