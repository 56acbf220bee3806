import numpy as np
import tensorflow as tf


class PolicyGradient:
    def __init__(self, n_actions, n_features, learning_rate=0.02, reward_decay=0.95):
        self.gamma = reward_decay
        self.ep_obs, self.ep_as, self.ep_rs = [], [], []
        with tf.name_scope("inputs"):
            self.tf_obs = tf.placeholder(tf.float32, [None, n_features], name="observations")
            self.tf_acts = tf.placeholder(tf.int32, [None], name="actions_num")
            self.tf_vt = tf.placeholder(tf.float32, [None], name="actions_value")
        layer = tf.layers.dense(
            inputs=self.tf_obs,
            units=10,
            activation=tf.nn.tanh,
            kernel_initializer=tf.constant_initializer(np.linspace(-1, 1, n_features * 10)),
            bias_initializer=tf.constant_initializer(0.1),
            name="fc1",
        )
        all_act = tf.layers.dense(
            layer, n_actions, kernel_initializer=tf.zeros_initializer(), name="fc2"
        )
        self.all_act_prob = tf.nn.softmax(all_act, name="act_prob")
        with tf.name_scope("loss"):
            neg_log_prob = tf.nn.sparse_softmax_cross_entropy_with_logits(
                logits=all_act, labels=self.tf_acts
            )
            self.loss = tf.reduce_mean(neg_log_prob * self.tf_vt)
        with tf.name_scope("train"):
            self.train_op = tf.train.AdamOptimizer(learning_rate).minimize(self.loss)
        self.action = tf.multinomial(all_act, num_samples=1)
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())

    def choose_action(self, observation, rng):
        prob_weights = self.sess.run(
            self.all_act_prob, feed_dict={self.tf_obs: observation[np.newaxis, :]}
        )
        return rng.choice(range(prob_weights.shape[1]), p=prob_weights.ravel())

    def learn(self):
        discounted = np.zeros_like(self.ep_rs)
        running_add = 0
        for t in reversed(range(0, len(self.ep_rs))):
            running_add = running_add * self.gamma + self.ep_rs[t]
            discounted[t] = running_add
        discounted -= np.mean(discounted)
        discounted /= np.std(discounted)
        _, loss = self.sess.run(
            [self.train_op, self.loss],
            feed_dict={
                self.tf_obs: np.vstack(self.ep_obs),
                self.tf_acts: np.array(self.ep_as),
                self.tf_vt: discounted,
            },
        )
        self.ep_obs, self.ep_as, self.ep_rs = [], [], []
        return loss


rng = np.random.RandomState(0)
agent = PolicyGradient(2, 3)
for episode in range(3):
    for _ in range(12):
        observation = rng.normal(size=3)
        agent.choose_action(observation, rng)
        action = int(observation[0] > 0)
        agent.ep_obs.append(observation)
        agent.ep_as.append(action)
        agent.ep_rs.append(float(action))
    print("episode:", episode, "loss %.4f" % agent.learn())
print(agent.sess.run(agent.action, {agent.tf_obs: np.zeros([4, 3])}).shape, agent.action.dtype)
print(agent.all_act_prob.name, agent.tf_obs.name, [v.name for v in tf.trainable_variables()])
