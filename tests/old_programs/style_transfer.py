import os
import tempfile

import numpy as np
import scipy.io
import scipy.misc
import tensorflow as tf

folder = tempfile.mkdtemp()
rng = np.random.RandomState(0)
LAYERS = ("conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1")


def write_vgg(path):
    layers = np.zeros([1, len(LAYERS)], dtype=object)
    widths = {"conv1_1": (3, 4), "conv2_1": (4, 6)}
    for i, name in enumerate(LAYERS):
        pair = np.zeros([1, 2], dtype=object)
        if name in widths:
            pair[0, 0] = rng.normal(0, 0.2, (3, 3) + widths[name])
            pair[0, 1] = np.zeros([1, widths[name][1]])
        layers[0, i] = pair
    scipy.io.savemat(path, {"layers": layers})


def net(data_path, input_image):
    weights = scipy.io.loadmat(data_path)["layers"][0]
    net, current = {}, input_image
    for i, name in enumerate(LAYERS):
        kind = name[:4]
        if kind == "conv":
            kernels, bias = weights[i][0]
            kernels = np.transpose(kernels, (1, 0, 2, 3))
            conv = tf.nn.conv2d(current, tf.constant(kernels, tf.float32), (1, 1, 1, 1), "SAME")
            current = tf.nn.bias_add(conv, bias.reshape(-1).astype(np.float32))
        elif kind == "relu":
            current = tf.nn.relu(current)
        elif kind == "pool":
            current = tf.nn.avg_pool(current, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")
        net[name] = current
    assert len(net) == len(LAYERS)
    return net


def gram_matrix(features):
    features = np.reshape(features, (-1, features.shape[3]))
    return np.matmul(features.T, features) / features.size


vgg_path, image_path = os.path.join(folder, "vgg.mat"), os.path.join(folder, "content.png")
write_vgg(vgg_path)
scipy.misc.imsave(image_path, (rng.rand(12, 12, 3) * 255).astype(np.uint8))
content = scipy.misc.imread(image_path).astype(np.float)
style = scipy.misc.imresize(content[::-1], (12, 12))
shape = (1,) + content.shape
with tf.Graph().as_default(), tf.Session():
    image = tf.placeholder("float", shape=shape)
    features = net(vgg_path, image)
    content_features = features["relu2_1"].eval(feed_dict={image: np.array([content])})
    style_gram = gram_matrix(features["relu1_1"].eval(feed_dict={image: np.array([style])}))
with tf.Graph().as_default():
    image = tf.Variable(tf.constant(content[None] * 0.5, tf.float32))
    features = net(vgg_path, image)
    content_loss = (
        5e-3 * 2 * tf.nn.l2_loss(features["relu2_1"] - content_features) / content_features.size
    )
    layer = features["relu1_1"]
    _, height, width, number = map(lambda i: i.value, layer.get_shape())
    size = height * width * number
    feats = tf.reshape(layer, (-1, number))
    gram = tf.matmul(tf.transpose(feats), feats) / size
    style_loss = 1e-3 * 2 * tf.nn.l2_loss(gram - style_gram) / style_gram.size
    tv_loss = tf.nn.l2_loss(image[:, 1:, :, :] - image[:, : shape[1] - 1, :, :]) / 100
    loss = (
        content_loss
        + style_loss
        + tf.reduce_mean(tf.image.total_variation(image)) * 1e-3
        + tv_loss * 1e-3
    )
    train_step = tf.train.AdamOptimizer(10.0).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = [sess.run([loss, train_step])[0] for _ in range(5)]
        print(losses[-1] < losses[0], sess.run(image).shape, size, type(size).__name__)
        out = np.clip(sess.run(image)[0], 0, 255).astype(np.uint8)
        scipy.misc.imsave(os.path.join(folder, "out.jpg"), out)
        print(scipy.misc.imread(os.path.join(folder, "out.jpg"), mode="RGB").shape, content.dtype)
