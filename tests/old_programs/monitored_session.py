import os
import tempfile

import tensorflow as tf

tf.logging.set_verbosity(tf.logging.WARN)
folder = tempfile.mkdtemp()


class Recorder(tf.train.SessionRunHook):
    def begin(self):
        self.steps, self.events = [], ["begin"]
        self._global_step_tensor = tf.train.get_global_step()

    def after_create_session(self, session, coord):
        self.events.append("created")

    def before_run(self, run_context):
        return tf.train.SessionRunArgs({"loss": loss, "step": self._global_step_tensor})

    def after_run(self, run_context, run_values):
        self.steps.append(int(run_values.results["step"]))
        if run_values.results["loss"] < 0.02:
            run_context.request_stop()

    def end(self, session):
        self.events.append("end %d" % session.run(self._global_step_tensor))


global_step = tf.train.get_or_create_global_step()
w = tf.get_variable("w", [], initializer=tf.constant_initializer(2.0))
loss = tf.square(w)
broken = tf.log(loss - loss - 1.0)
train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=global_step)
recorder = Recorder()
hooks = [
    recorder,
    tf.train.StopAtStepHook(last_step=50),
    tf.train.NanTensorHook(loss),
    tf.train.LoggingTensorHook({"loss": loss}, every_n_iter=100),
    tf.train.StepCounterHook(every_n_steps=5, output_dir=folder),
]
to_one = w.assign(1.0)
scaffold = tf.train.Scaffold(init_fn=lambda scaffold, sess: sess.run(to_one))
with tf.train.MonitoredTrainingSession(
    checkpoint_dir=folder,
    hooks=hooks,
    scaffold=scaffold,
    save_checkpoint_secs=None,
    save_checkpoint_steps=4,
    save_summaries_steps=5,
) as sess:
    while not sess.should_stop():
        value, _ = sess.run([loss, train_op])
print("%.4f" % value, len(recorder.steps), recorder.events)
print(
    sorted(int(f.split("-")[1].split(".")[0]) for f in os.listdir(folder) if f.endswith(".index"))
)
with tf.train.MonitoredSession(
    session_creator=tf.train.ChiefSessionCreator(checkpoint_dir=folder), hooks=[]
) as sess:
    print("restored", sess.run(global_step), "%.4f" % sess.run(w))
try:
    with tf.train.SingularMonitoredSession(hooks=[tf.train.NanTensorHook(broken)]) as sess:
        sess.run(train_op)
except tf.train.NanLossDuringTrainingError as error:
    print(type(error).__name__)
