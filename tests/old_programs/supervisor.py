import os
import tempfile

import tensorflow as tf

flags = tf.flags
flags.DEFINE_string("logdir", "", "Where to")
flags.DEFINE_integer("max_steps", 5, "How many")
FLAGS = flags.FLAGS
logdir = FLAGS.logdir or tempfile.mkdtemp()


def build():
    global_step = tf.Variable(0, name="global_step", trainable=False)
    w = tf.Variable(1.0, name="w")
    loss = tf.square(w - 3.0)
    train_op = tf.train.AdagradOptimizer(0.5).minimize(loss, global_step=global_step)
    tf.summary.scalar("loss", loss)
    return global_step, loss, train_op, tf.summary.merge_all()


for attempt in range(2):
    with tf.Graph().as_default():
        global_step, loss, train_op, summary_op = build()
        saver = tf.train.Saver()
        sv = tf.train.Supervisor(
            logdir=logdir,
            init_op=tf.global_variables_initializer(),
            summary_op=None,
            saver=saver,
            global_step=global_step,
            save_model_secs=600,
            is_chief=True,
        )
        config = tf.ConfigProto(allow_soft_placement=True, log_device_placement=False)
        config.gpu_options.allow_growth = True
        with sv.managed_session("", config=config) as sess:
            print("start", sess.run(global_step))
            for _ in range(FLAGS.max_steps):
                if sv.should_stop():
                    break
                _, value = sess.run([train_op, loss])
            sv.summary_computed(sess, sess.run(summary_op))
            print("%.4f" % value)
            sv.saver.save(sess, sv.save_path, global_step=sv.global_step)
        sv.stop()
        print(os.path.basename(tf.train.latest_checkpoint(logdir)))
names = sorted(name for name in os.listdir(logdir) if not name.startswith("events"))
print(names, any(name.startswith("events") for name in os.listdir(logdir)))
