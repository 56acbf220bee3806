import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib.tensorboard.plugins import projector

LOG_DIR = "projector_logs"
if not os.path.exists(LOG_DIR):
    os.makedirs(LOG_DIR)
metadata = os.path.join(LOG_DIR, "metadata.tsv")
images = tf.Variable(np.arange(12.0).reshape(4, 3), trainable=False, name="images")
with open(metadata, "w") as metadata_file:
    for row in range(4):
        metadata_file.write("%d\n" % row)
with tf.Session() as sess:
    saver = tf.train.Saver([images])
    sess.run(images.initializer)
    saver.save(sess, os.path.join(LOG_DIR, "images.ckpt"))
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = images.name
    embedding.metadata_path = "metadata.tsv"
    embedding.sprite.image_path = "sprite.png"
    embedding.sprite.single_image_dim.extend([28, 28])
    projector.visualize_embeddings(tf.summary.FileWriter(LOG_DIR), config)
print(sorted(n for n in os.listdir(LOG_DIR) if not n.startswith("events")))
print(open(os.path.join(LOG_DIR, "projector_config.pbtxt")).read())
print(images.name, images.dtype, images.shape)
