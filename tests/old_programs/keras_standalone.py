from __future__ import print_function

import os
import tempfile

import numpy as np
import keras.backend as K
from keras.callbacks import LambdaCallback, ModelCheckpoint
from keras.engine.topology import Layer
from keras.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    LSTM,
    Reshape,
)
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Conv2D, UpSampling2D
from keras.layers.merge import add, concatenate
from keras.models import Model, Sequential, load_model
from keras.optimizers import Adam, RMSprop
from keras.utils import np_utils
from keras.utils import to_categorical


class Scale(Layer):
    def __init__(self, factor, **kwargs):
        self.factor = factor
        super(Scale, self).__init__(**kwargs)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[1],), initializer="ones", trainable=True
        )
        super(Scale, self).build(input_shape)

    def call(self, x):
        return x * self.kernel * self.factor

    def compute_output_shape(self, input_shape):
        return input_shape


np.random.seed(1)
generator = Sequential()
generator.add(Dense(2 * 4 * 4, input_dim=10))
generator.add(LeakyReLU(alpha=0.2))
generator.add(BatchNormalization(momentum=0.8))
generator.add(Reshape((4, 4, 2)))
generator.add(UpSampling2D())
generator.add(Conv2D(1, kernel_size=3, padding="same"))
generator.add(Activation("tanh"))
discriminator = Sequential(
    [Flatten(input_shape=(8, 8, 1)), Dense(8), LeakyReLU(0.2), Dense(1, activation="sigmoid")]
)
discriminator.compile(loss="binary_crossentropy", optimizer=Adam(0.0002, 0.5), metrics=["accuracy"])
z = Input(shape=(10,))
discriminator.trainable = False
combined = Model(z, discriminator(generator(z)))
combined.compile(loss="binary_crossentropy", optimizer=Adam(lr=0.0002, beta_1=0.5))
noise = np.random.normal(0, 1, (4, 10))
fake = generator.predict(noise)
d_loss = discriminator.train_on_batch(fake, np.zeros((4, 1)))
g_loss = combined.train_on_batch(noise, np.ones((4, 1)))
print(fake.shape, len(d_loss), np.isscalar(float(g_loss)), generator.count_params())
labels = np_utils.to_categorical([0, 2, 1], 3)
print(labels.tolist(), to_categorical([1], 2).shape)
a = Input((3,))
b = Scale(2.0)(a)
net = Model([a], [add([a, b]), concatenate([a, b], axis=-1)])
print([out.tolist() for out in net.predict(np.ones([1, 3]))])
rnn = Sequential()
rnn.add(Embedding(10, 4, input_length=5))
rnn.add(LSTM(3, return_sequences=False, dropout=0.0))
rnn.add(Dropout(0.5))
rnn.add(Dense(3, kernel_initializer="zeros"))
rnn.add(Activation("softmax"))
rnn.compile(loss="categorical_crossentropy", optimizer=RMSprop(lr=0.01))
path = os.path.join(tempfile.mkdtemp(), "model.h5")
epochs = []
history = rnn.fit(
    np.arange(15).reshape(3, 5) % 10,
    labels,
    epochs=2,
    batch_size=3,
    verbose=0,
    callbacks=[
        LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch)),
        ModelCheckpoint(path),
    ],
)
print("%.3f" % history.history["loss"][0], epochs, [w.shape for w in rnn.get_weights()])
print(load_model(path).predict(np.zeros([1, 5])).shape, rnn.to_json()[:11])
print(K.image_data_format(), K.backend(), K.epsilon(), K.eval(K.mean(K.variable([1.0, 3.0]))))
