import numpy as np
import tensorflow as tf
from tensorflow.contrib.data import batch_and_drop_remainder, map_and_batch, shuffle_and_repeat

features = np.arange(20, dtype=np.float32).reshape(10, 2)
labels = np.arange(10)
dataset = tf.data.Dataset.from_tensor_slices((features, labels)).map(lambda x, y: (x * 2, y))
print(dataset.output_types, dataset.output_shapes)
dropped = dataset.apply(batch_and_drop_remainder(3))
next_element = dropped.make_one_shot_iterator().get_next()
print(next_element[0].shape, dropped.output_shapes)

placeholder = tf.placeholder(tf.int64, [None])
fed = tf.data.Dataset.from_tensor_slices(placeholder).filter(lambda v: v % 2 > 0).repeat(2).batch(4)
iterator = fed.make_initializable_iterator()
fed_next = iterator.get_next()

train = tf.data.Dataset.range(3).apply(map_and_batch(lambda v: v + 100, 2))
test = tf.data.Dataset.range(2).apply(shuffle_and_repeat(5, 1)).batch(2)
structure = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
either = structure.get_next()
to_train, to_test = structure.make_initializer(train), structure.make_initializer(test)

handle = tf.placeholder(tf.string, shape=[])
feedable = tf.data.Iterator.from_string_handle(handle, tf.int64, [None])
handled = feedable.get_next()


def generate():
    for i in range(3):
        yield [i] * (i + 1), "name%d" % i


generated = tf.data.Dataset.from_generator(generate, (tf.int32, tf.string), ([None], []))
padded = generated.padded_batch(3, padded_shapes=([None], [])).make_one_shot_iterator().get_next()
old = tf.data.Dataset.from_tensor_slices(labels).skip(2).take(2)
old_next = old.make_one_shot_iterator().get_next()

with tf.Session() as sess:
    while True:
        try:
            x, y = sess.run(next_element)
            print(x[:, 0].tolist(), y)
        except tf.errors.OutOfRangeError:
            break
    sess.run(iterator.initializer, feed_dict={placeholder: [1, 2, 3, 5]})
    print(sess.run(fed_next), sess.run(fed_next))
    for init in (to_train, to_test):
        sess.run(init)
        print(sorted(sess.run(either)))
    string = sess.run(tf.data.Dataset.range(4).batch(2).make_one_shot_iterator().string_handle())
    print(sess.run(handled, {handle: string}))
    numbers, names = sess.run(padded)
    print(numbers.tolist(), names.tolist())
    print(sess.run(old_next), sess.run(old_next))
