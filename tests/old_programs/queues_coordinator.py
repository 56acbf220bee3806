import numpy as np
import tensorflow as tf

data = np.arange(40, dtype=np.float32).reshape(10, 4)
q = tf.FIFOQueue(capacity=20, dtypes=[tf.float32, tf.int32], shapes=[[4], []])
enqueue = q.enqueue_many([tf.constant(data), tf.constant(np.arange(10, dtype=np.int32))])
dequeue = q.dequeue()
qr = tf.train.QueueRunner(q, [enqueue] * 1)
tf.train.add_queue_runner(qr)
row, label = tf.train.slice_input_producer([data, np.arange(10)], num_epochs=1, shuffle=False)
x_batch, y_batch = tf.train.batch(
    [row, label], batch_size=4, num_threads=1, capacity=16, allow_smaller_final_batch=True
)
single = tf.train.range_input_producer(3, shuffle=False).dequeue()
padding = tf.PaddingFIFOQueue(5, [tf.int32], shapes=[[None]])
pad_in = [padding.enqueue([tf.range(n)]) for n in (1, 3)]
pad_out = padding.dequeue_many(2)
random_queue = tf.RandomShuffleQueue(10, 2, tf.float32, shapes=[[]])
fill = random_queue.enqueue_many([tf.range(6.0)])
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
    for _ in range(3):
        values, index = sess.run(dequeue)
        print(values.tolist(), index)
    try:
        while not coord.should_stop():
            xs, ys = sess.run([x_batch, y_batch])
            print(xs.shape, ys.tolist())
    except tf.errors.OutOfRangeError as error:
        print("Done training --", type(error).__name__, error.error_code == tf.errors.OUT_OF_RANGE)
    finally:
        coord.request_stop()
    print([int(sess.run(single)) for _ in range(4)])
    for op in pad_in:
        sess.run(op)
    print(sess.run(pad_out).tolist())
    sess.run(fill)
    print(sess.run(random_queue.size()), len(set(sess.run(random_queue.dequeue_many(4)))))
    sess.run(random_queue.close())
    sess.run(q.close(cancel_pending_enqueues=True))
    coord.join(threads, stop_grace_period_secs=5)
print(x_batch.shape, y_batch.shape, q.name.startswith("fifo_queue"), coord.should_stop())
