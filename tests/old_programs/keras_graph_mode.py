import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.python.keras import backend as K

rng = np.random.RandomState(0)
x = rng.normal(size=[60, 6]).astype(np.float32)
y = (x[:, 0] > 0).astype(np.int64)
const = lambda v: tf.keras.initializers.Constant(v)
inputs = tf.keras.Input(shape=(6,))
h = layers.Dense(5, activation="tanh", kernel_initializer=keras.initializers.Identity())(inputs)
h = layers.Lambda(lambda t: t * 2.0, name="twice")(h)
h = layers.concatenate([h, inputs])
outputs = layers.Dense(2, activation=tf.nn.softmax, kernel_initializer=const(0.0))(h)
model = tf.keras.Model(inputs=inputs, outputs=outputs)
model.compile(
    optimizer=tf.train.AdamOptimizer(0.05),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x, y, epochs=4, batch_size=20, shuffle=False, verbose=0, validation_split=0.2)
print(sorted(history.history), history.history["loss"][-1] < history.history["loss"][0])
loss, acc = model.evaluate(x, y, verbose=0)
print("%.3f %.2f" % (loss, acc), model.predict(x[:3]).shape)
path = os.path.join(tempfile.mkdtemp(), "weights.h5")
model.save_weights(path)
before = model.predict(x[:2])
model.set_weights([np.zeros_like(w) for w in model.get_weights()])
model.load_weights(path)
print(np.allclose(before, model.predict(x[:2])), os.path.getsize(path) > 0)

sequential = keras.Sequential(
    [
        layers.Conv2D(
            4, (3, 3), activation="relu", input_shape=(8, 8, 1), kernel_initializer=const(0.1)
        ),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.BatchNormalization(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(3),
    ]
)
sequential.compile(
    loss=keras.losses.mean_squared_error, optimizer=keras.optimizers.SGD(lr=0.01, momentum=0.9)
)
images = rng.rand(8, 8, 8, 1)
sequential.summary(print_fn=lambda line: None)
print(sequential.count_params(), [w.shape for w in sequential.get_weights()][:4])
print("%.1f" % (sequential.train_on_batch(images, np.zeros([8, 3])) >= 0))
sess = K.get_session()
placeholder = tf.placeholder(tf.float32, [None, 6])
mixed = model(placeholder)
print(sess.run(mixed, {placeholder: x[:2]}).shape, mixed.shape, K.learning_phase() is not None)
print(K.int_shape(sequential.output), K.eval(K.sum(K.constant([1.0, 2.0]))), len(model.layers))
callback = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=10.0)
print(len(model.fit(x, y, epochs=5, verbose=0, callbacks=[callback]).history["loss"]))
