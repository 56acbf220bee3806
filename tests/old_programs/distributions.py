import numpy as np
import tensorflow as tf

ds = tf.contrib.distributions
tfd = tf.distributions


def make_encoder(data, code_size):
    x = tf.layers.flatten(data)
    x = tf.layers.dense(x, 6, tf.nn.relu, kernel_initializer=tf.constant_initializer(0.1))
    loc = tf.layers.dense(x, code_size, kernel_initializer=tf.constant_initializer(0.1))
    scale = tf.layers.dense(
        x, code_size, tf.nn.softplus, kernel_initializer=tf.constant_initializer(0.1)
    )
    return ds.MultivariateNormalDiag(loc, scale)


def make_prior(code_size):
    return ds.MultivariateNormalDiag(tf.zeros(code_size), tf.ones(code_size))


def make_decoder(code, data_shape):
    logit = tf.layers.dense(
        code, np.prod(data_shape), kernel_initializer=tf.constant_initializer(0.1)
    )
    return ds.Independent(ds.Bernoulli(tf.reshape(logit, [-1] + data_shape)), 2)


data = tf.placeholder(tf.float32, [None, 3, 3])
posterior = make_encoder(data, code_size=2)
decoder = make_decoder(posterior.mean(), [3, 3])
likelihood = decoder.log_prob(data)
divergence = ds.kl_divergence(posterior, make_prior(2))
elbo = tf.reduce_mean(likelihood - divergence)
normal = tfd.Normal(loc=[0.0, 1.0], scale=[1.0, 2.0])
categorical = ds.Categorical(logits=tf.log([0.2, 0.3, 0.5]))
values = {
    "normal": normal.log_prob([0.5, 0.5]),
    "cdf": normal.cdf([0.5, 0.5]),
    "entropy": categorical.entropy(),
    "pmf": categorical.prob([0, 2]),
    "kl": tfd.kl_divergence(normal, tfd.Normal(0.0, 1.0)),
    "uniform": tfd.Uniform(0.0, 4.0).prob([1.0, 5.0]),
    "gamma": tfd.Gamma(2.0, 3.0).mean(),
    "beta": tfd.Beta(2.0, 3.0).mean(),
    "dirichlet": tfd.Dirichlet([1.0, 2.0]).mean(),
    "laplace": tfd.Laplace(0.0, 1.0).log_prob(1.0),
    "student": tfd.StudentT(3.0, 0.0, 1.0).log_prob(0.0),
    "exponential": tfd.Exponential(2.0).prob(0.5),
    "mixture": ds.MixtureSameFamily(
        ds.Categorical(probs=[0.3, 0.7]), ds.Normal([-1.0, 1.0], [0.5, 0.5])
    ).log_prob(0.0),
    "multinomial": tfd.Multinomial(4.0, probs=[0.5, 0.5]).mean(),
    "onehot": ds.OneHotCategorical(probs=[0.1, 0.9]).mode(),
}
sample = posterior.sample()
print(sample.shape, posterior.event_shape, decoder.batch_shape, categorical.sample(3).shape)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    feed = {data: np.eye(3)[None].repeat(2, 0)}
    print("%.4f" % sess.run(elbo, feed), sess.run(sample, feed).shape)
    for name in sorted(values):
        print(name, np.round(sess.run(values[name]), 3).tolist())
print(normal.dtype, normal.reparameterization_type == tfd.FULLY_REPARAMETERIZED)
