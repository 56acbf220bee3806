import os
import pprint
import sys

import numpy as np
import tensorflow as tf

sys.argv[1:] = ["--epoch=3", "--noname", "--dataset", "celebA", "--rate=1e-3"]
pp = pprint.PrettyPrinter()
flags = tf.app.flags
flags.DEFINE_integer("epoch", 25, "Epoch to train [25]")
flags.DEFINE_float("rate", 0.0002, "Learning rate of for adam [0.0002]")
flags.DEFINE_float("train_size", np.inf, "The size of train images [np.inf]")
flags.DEFINE_string("dataset", "mnist", "The name of dataset [celebA, mnist, lsun]")
flags.DEFINE_boolean("name", True, "Whether it has a name")
flags.DEFINE_bool("crop", False, "Whether to crop")
flags.DEFINE_enum("kind", "a", ["a", "b"], "Kind")
flags.DEFINE_list("sizes", ["1", "2"], "Sizes")
flags.DEFINE_multi_integer("many", [1], "Many")
FLAGS = flags.FLAGS


def main(_):
    values = {
        name: FLAGS[name].value for name in ("epoch", "rate", "train_size", "dataset", "name")
    }
    pp.pprint(values)
    print(FLAGS.crop, FLAGS.kind, FLAGS.sizes, FLAGS.many, _[1:], "epoch" in FLAGS)
    flat = FLAGS.flag_values_dict()
    print(flat["epoch"], flat["dataset"])
    FLAGS.crop = True
    print(
        FLAGS.crop, getattr(FLAGS, "epoch"), os.path.basename(_[0]) == os.path.basename(sys.argv[0])
    )
    try:
        FLAGS.absent
    except AttributeError:
        print("no such flag")


if __name__ == "__main__":
    tf.app.run()
