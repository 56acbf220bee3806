import os
import tempfile

import numpy as np
import tensorflow as tf

folder = tempfile.mkdtemp()
x = tf.placeholder(tf.float32, [None, 2], name="x")
w = tf.get_variable("w", initializer=np.array([[1.0], [2.0]], np.float32))
y = tf.matmul(x, w, name="y")
simple_dir, build_dir = os.path.join(folder, "simple"), os.path.join(folder, "1")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    tf.saved_model.simple_save(sess, simple_dir, inputs={"x": x}, outputs={"y": y})
    builder = tf.saved_model.builder.SavedModelBuilder(build_dir)
    tensor_info_x = tf.saved_model.utils.build_tensor_info(x)
    tensor_info_y = tf.saved_model.utils.build_tensor_info(y)
    signature = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={"images": tensor_info_x},
        outputs={"scores": tensor_info_y},
        method_name=tf.saved_model.signature_constants.PREDICT_METHOD_NAME,
    )
    legacy_init_op = tf.group(tf.tables_initializer(), name="legacy_init_op")
    builder.add_meta_graph_and_variables(
        sess,
        [tf.saved_model.tag_constants.SERVING],
        signature_def_map={"predict_images": signature},
        legacy_init_op=legacy_init_op,
    )
    builder.save()
print(sorted(os.listdir(build_dir)), sorted(os.listdir(simple_dir)))
tf.reset_default_graph()
with tf.Session(graph=tf.Graph()) as sess:
    meta = tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], build_dir)
    signature = meta.signature_def["predict_images"]
    names = signature.inputs["images"].name, signature.outputs["scores"].name
    print(names, signature.method_name)
    print(sess.run(names[1], {names[0]: np.ones([3, 2])}).tolist())
print(
    tf.saved_model.loader.maybe_saved_model_directory(simple_dir),
    tf.saved_model.maybe_saved_model_directory(folder),
)
predictor = tf.contrib.predictor.from_saved_model(simple_dir)
print(predictor({"x": [[1.0, 1.0]]})["y"].tolist())
