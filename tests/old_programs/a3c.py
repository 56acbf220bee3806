import multiprocessing
import threading

import numpy as np
import tensorflow as tf

N_S, N_A = 3, 2
GLOBAL_NET_SCOPE = "Global_Net"
lock = threading.Lock()


class ACNet(object):
    def __init__(self, scope, globalAC=None):
        with tf.variable_scope(scope):
            self.s = tf.placeholder(tf.float32, [None, N_S], "S")
            w_init = tf.constant_initializer(0.1)
            with tf.variable_scope("actor"):
                l_a = tf.layers.dense(self.s, 8, tf.nn.relu6, kernel_initializer=w_init, name="la")
                mu = tf.layers.dense(l_a, N_A, tf.nn.tanh, kernel_initializer=w_init, name="mu")
                sigma = tf.layers.dense(
                    l_a, N_A, tf.nn.softplus, kernel_initializer=w_init, name="sigma"
                )
            with tf.variable_scope("critic"):
                l_c = tf.layers.dense(self.s, 8, tf.nn.relu6, kernel_initializer=w_init, name="lc")
                self.v = tf.layers.dense(l_c, 1, kernel_initializer=w_init, name="v")
            self.a_params = tf.get_collection(
                tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope + "/actor"
            )
            self.c_params = tf.get_collection(
                tf.GraphKeys.TRAINABLE_VARIABLES, scope=scope + "/critic"
            )
            if globalAC is None:
                return
            self.a_his = tf.placeholder(tf.float32, [None, N_A], "A")
            self.v_target = tf.placeholder(tf.float32, [None, 1], "Vtarget")
            td = tf.subtract(self.v_target, self.v, name="TD_error")
            self.c_loss = tf.reduce_mean(tf.square(td))
            normal_dist = tf.distributions.Normal(mu, sigma + 1e-4)
            log_prob = normal_dist.log_prob(self.a_his)
            exp_v = log_prob * tf.stop_gradient(td) + 0.01 * normal_dist.entropy()
            self.a_loss = tf.reduce_mean(-exp_v)
            self.A = tf.clip_by_value(tf.squeeze(normal_dist.sample(1), axis=[0]), -2, 2)
            a_grads = tf.gradients(self.a_loss, self.a_params)
            c_grads = tf.gradients(self.c_loss, self.c_params)
            self.pull = [
                l.assign(g)
                for l, g in zip(
                    self.a_params + self.c_params, globalAC.a_params + globalAC.c_params
                )
            ]
            self.update_a = OPT_A.apply_gradients(zip(a_grads, globalAC.a_params))
            self.update_c = OPT_C.apply_gradients(zip(c_grads, globalAC.c_params))


def work(name, ac):
    rng = np.random.RandomState(0)
    feed = {ac.s: rng.rand(6, N_S), ac.a_his: rng.rand(6, N_A), ac.v_target: rng.rand(6, 1)}
    for _ in range(3):
        if COORD.should_stop():
            break
        with lock:
            SESS.run([ac.update_a, ac.update_c], feed)
            SESS.run(ac.pull)


SESS = tf.Session()
with tf.device("/cpu:0"):
    OPT_A = tf.train.GradientDescentOptimizer(0.01, name="SGDA")
    OPT_C = tf.train.GradientDescentOptimizer(0.01, name="SGDC")
    GLOBAL_AC = ACNet(GLOBAL_NET_SCOPE)
    workers = [ACNet("W_%i" % i, GLOBAL_AC) for i in range(min(2, multiprocessing.cpu_count() + 1))]
COORD = tf.train.Coordinator()
SESS.run(tf.global_variables_initializer())
threads = []
for i, ac in enumerate(workers):
    t = threading.Thread(target=work, args=("W_%i" % i, ac))
    t.start()
    threads.append(t)
COORD.join(threads)
total = sum(np.abs(w).sum() for w in SESS.run(GLOBAL_AC.a_params + GLOBAL_AC.c_params))
print(len(GLOBAL_AC.a_params), workers[0].A.shape, "%.2f" % total)
