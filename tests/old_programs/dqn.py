import numpy as np
import tensorflow as tf

np.random.seed(1)
tf.set_random_seed(1)


class DeepQNetwork:
    def __init__(self, n_actions, n_features, learning_rate=0.01, reward_decay=0.9, memory_size=50):
        self.n_actions, self.n_features = n_actions, n_features
        self.lr, self.gamma, self.memory_size = learning_rate, reward_decay, memory_size
        self.learn_step_counter, self.memory_counter = 0, 0
        self.memory = np.zeros((self.memory_size, n_features * 2 + 2))
        self._build_net()
        t_params = tf.get_collection("target_net_params")
        e_params = tf.get_collection("eval_net_params")
        self.replace_target_op = [tf.assign(t, e) for t, e in zip(t_params, e_params)]
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.cost_his = []

    def _layers(self, s, c_names, n_l1, w_initializer, b_initializer):
        with tf.variable_scope("l1"):
            w1 = tf.get_variable(
                "w1", [self.n_features, n_l1], initializer=w_initializer, collections=c_names
            )
            b1 = tf.get_variable("b1", [1, n_l1], initializer=b_initializer, collections=c_names)
            l1 = tf.nn.relu(tf.matmul(s, w1) + b1)
        with tf.variable_scope("l2"):
            w2 = tf.get_variable(
                "w2", [n_l1, self.n_actions], initializer=w_initializer, collections=c_names
            )
            return tf.matmul(l1, w2)

    def _build_net(self):
        self.s = tf.placeholder(tf.float32, [None, self.n_features], name="s")
        self.s_ = tf.placeholder(tf.float32, [None, self.n_features], name="s_")
        self.q_target = tf.placeholder(tf.float32, [None, self.n_actions], name="Q_target")
        w, b = tf.constant_initializer(0.3), tf.constant_initializer(0.1)
        with tf.variable_scope("eval_net"):
            names = ["eval_net_params", tf.GraphKeys.GLOBAL_VARIABLES]
            self.q_eval = self._layers(self.s, names, 10, w, b)
        with tf.variable_scope("loss"):
            self.loss = tf.reduce_mean(tf.squared_difference(self.q_target, self.q_eval))
        with tf.variable_scope("train"):
            params = tf.get_collection("eval_net_params")
            self._train_op = tf.train.RMSPropOptimizer(self.lr).minimize(self.loss, var_list=params)
        with tf.variable_scope("target_net"):
            self.q_next = self._layers(
                self.s_, ["target_net_params", tf.GraphKeys.GLOBAL_VARIABLES], 10, w, b
            )

    def store_transition(self, s, a, r, s_):
        transition = np.hstack((s, [a, r], s_))
        self.memory[self.memory_counter % self.memory_size, :] = transition
        self.memory_counter += 1

    def learn(self, batch_size=8):
        if self.learn_step_counter % 5 == 0:
            self.sess.run(self.replace_target_op)
        sample = np.random.choice(min(self.memory_counter, self.memory_size), size=batch_size)
        batch = self.memory[sample, :]
        q_next, q_eval = self.sess.run(
            [self.q_next, self.q_eval],
            feed_dict={self.s_: batch[:, -self.n_features :], self.s: batch[:, : self.n_features]},
        )
        q_target = q_eval.copy()
        index = np.arange(batch_size, dtype=np.int32)
        actions = batch[:, self.n_features].astype(int)
        q_target[index, actions] = batch[:, self.n_features + 1] + self.gamma * np.max(
            q_next, axis=1
        )
        _, cost = self.sess.run(
            [self._train_op, self.loss],
            feed_dict={self.s: batch[:, : self.n_features], self.q_target: q_target},
        )
        self.cost_his.append(cost)
        self.learn_step_counter += 1


RL = DeepQNetwork(3, 2)
for step in range(40):
    s = np.random.rand(2)
    RL.store_transition(s, step % 3, float(s[0] > 0.5), np.random.rand(2))
    if step > 20:
        RL.learn()
print(len(RL.cost_his), "%.3f %.3f" % (RL.cost_his[0], RL.cost_his[-1]))
print(np.argmax(RL.sess.run(RL.q_eval, {RL.s: np.ones([1, 2])}), 1).shape)
print([v.name for v in tf.get_collection("target_net_params")], len(tf.trainable_variables()))
