"""Variational autoencoder in the manner of the tutorials of 2016."""

import numpy as np
import tensorflow as tf

np.random.seed(0)
tf.set_random_seed(0)


def xavier_init(fan_in, fan_out, constant=1):
    low = -constant * np.sqrt(6.0 / (fan_in + fan_out))
    return np.random.uniform(low, -low, size=[fan_in, fan_out]).astype(np.float32)


class VariationalAutoencoder(object):
    def __init__(
        self, network_architecture, transfer_fct=tf.nn.softplus, learning_rate=0.001, batch_size=10
    ):
        self.network_architecture, self.transfer_fct = network_architecture, transfer_fct
        self.batch_size = batch_size
        self.x = tf.placeholder(tf.float32, [None, network_architecture["n_input"]])
        self.eps = tf.placeholder(tf.float32, [None, network_architecture["n_z"]])
        self._create_network(**network_architecture)
        reconstr_loss = -tf.reduce_sum(
            self.x * tf.log(1e-10 + self.x_reconstr_mean)
            + (1 - self.x) * tf.log(1e-10 + 1 - self.x_reconstr_mean),
            1,
        )
        latent_loss = -0.5 * tf.reduce_sum(
            1 + self.z_log_sigma_sq - tf.square(self.z_mean) - tf.exp(self.z_log_sigma_sq), 1
        )
        self.cost = tf.reduce_mean(reconstr_loss + latent_loss)
        self.optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(self.cost)
        self.sess = tf.InteractiveSession()
        self.sess.run(tf.global_variables_initializer())

    def _create_network(self, n_hidden, n_input, n_z):
        act = self.transfer_fct
        w = {
            "h1": tf.Variable(xavier_init(n_input, n_hidden)),
            "out_mean": tf.Variable(xavier_init(n_hidden, n_z)),
            "out_log_sigma": tf.Variable(xavier_init(n_hidden, n_z)),
            "g1": tf.Variable(xavier_init(n_z, n_hidden)),
            "g_out": tf.Variable(xavier_init(n_hidden, n_input)),
        }
        layer_1 = act(tf.add(tf.matmul(self.x, w["h1"]), tf.Variable(tf.zeros([n_hidden]))))
        self.z_mean = tf.add(tf.matmul(layer_1, w["out_mean"]), tf.Variable(tf.zeros([n_z])))
        self.z_log_sigma_sq = tf.matmul(layer_1, w["out_log_sigma"])
        self.z = tf.add(self.z_mean, tf.multiply(tf.sqrt(tf.exp(self.z_log_sigma_sq)), self.eps))
        g1 = act(tf.matmul(self.z, w["g1"]))
        self.x_reconstr_mean = tf.nn.sigmoid(tf.matmul(g1, w["g_out"]))

    def partial_fit(self, X):
        eps = np.random.normal(size=[len(X), self.network_architecture["n_z"]])
        opt, cost = self.sess.run((self.optimizer, self.cost), feed_dict={self.x: X, self.eps: eps})
        return cost

    def generate(self, z_mu):
        return self.sess.run(self.x_reconstr_mean, feed_dict={self.z: z_mu})


vae = VariationalAutoencoder(dict(n_hidden=20, n_input=36, n_z=2), learning_rate=0.01)
X = (np.random.rand(10, 36) > 0.5).astype(np.float32)
for epoch in range(10):
    cost = vae.partial_fit(X)
    if epoch % 3 == 0:
        print("Epoch:", "%04d" % (epoch + 1), "cost=", "{:.3f}".format(cost))
print(vae.generate(np.zeros([1, 2])).shape, vae.z_mean.get_shape())
vae.sess.close()
