"""The blog's experiments by name: what the blog says, the question, and what differs from the base.

Reference: the blog's experiment section (实验经过).
"""

from typing import Any, Mapping, NamedTuple

SLIM_CHINESE = (
    "正确的模型使用的是tf.contrib.slim.batch_norm()函数进行归一化的"
    "而把该函数替换成其他的tensorflow中封装的函数则发现不能对抗But why?"
)
SLIM = (
    "The right model uses slim.batch_norm. Replaced by other functions of TensorFlow, the two "
    "networks do not fight. But why?"
)


class Experiment(NamedTuple):
    """One change against the base.

    Attributes:
        name: names its folder; runs made before have the same names.
        sentence: what the blog says, translated.
        question: what the experiment asks.
        flags: settings of `glcic.config.Config` that differ from the base.
        chinese: the blog's own words, to search for; empty if the blog does not say it.
        own_first_phase: whether the flags also change the first phase. Otherwise the experiment
            starts from the first phase of the base.
        first_phase_length: length of the first phase, relative to the base; 0: none.
        all_seeds: whether it is run with all seeds, or with the first only.
    """

    name: str
    sentence: str
    question: str
    flags: Mapping[str, Any]
    chinese: str = ""
    own_first_phase: bool = False
    first_phase_length: int = 1
    all_seeds: bool = False


def _norm(kind, question):
    flags = {"discriminator_norm": kind}
    return Experiment("bn_" + kind, SLIM, question, flags, SLIM_CHINESE, all_seeds=True)


BASE = Experiment(
    "base",
    "Discriminator and completion network are now trained together.",
    "Do the two networks fight, and do numbers show it?",
    {},
    "最后一起训练生成器和鉴别器",
    all_seeds=True,
)

NORMS = [
    _norm("slim_scale", "slim's batch norm with a gamma: does the gamma matter?"),
    _norm("layers", "The defaults of tf.layers, which normalize nothing: is that the failure?"),
    _norm(
        "layers_training",
        "tf.layers with training=True, but its update ops are not run: is that enough?",
    ),
    _norm(
        "layers_training_updates",
        "tf.layers with training=True and update ops: does it differ from slim's?",
    ),
    _norm("nn_moments", "Batch norm by hand, as in the pix2pix notes: does it differ?"),
    _norm(
        "author",
        "Batch norm by hand with tf.Variable: D has one set of offsets for real images and one for "
        "completions. Is that the failure?",
    ),
    _norm("author_shared", "The same with shared offsets: do the networks fight now?"),
    _norm("none", "No batch norm: does the fight need batch norm?"),
    _norm("instance", "Each image is normalized alone: do the batch's statistics matter?"),
]

LIBRARIES_AND_INPUT = [
    Experiment(
        "conv_layers",
        "What is the difference between slim's convolution and TensorFlow's?",
        "tf.layers with the same padding, bias and initializer: does it differ?",
        {"conv": "layers"},
        "slim库中的卷积函数和tensorflow中的卷积函数有什么不同?",
        own_first_phase=True,
    ),
    Experiment(
        "conv_nn",
        "slim.conv2d() was replaced by tf.nn.conv2d(), with little difference.",
        "Convolutions by hand: do they differ?",
        {"conv": "nn"},
        "第二个实验把slim.conv2d()换成了tf.nn.conv2d(),发现结果差别不大",
        own_first_phase=True,
    ),
    Experiment(
        "input_feed",
        "Why does queue input differ so much from feeding batches?",
        "The images are fed: does it differ?",
        {"input": "feed"},
        "队列读取数据的方式和之前的一批次读取队列的方式为什么差这么大?",
        own_first_phase=True,
        all_seeds=True,
    ),
    Experiment(
        "patch_fed",
        "Before, images were fetched first, and the masked part was cut out of them.",
        "D gets the patch as numbers from outside the graph: does this stop the gradient?",
        {"fed": "patch"},
        "之前是先把图片取出来然后再进行切割即切出蒙版区域",
        all_seeds=True,
    ),
    Experiment(
        "completion_fed",
        "Optimizing G_loss_all has no effect on the adversarial loss.",
        "D gets patch and image as numbers from outside the graph: is there no gradient at all?",
        {"fed": "completion"},
        "目前我优化G_loss_all对于对抗损失无任何影响",
    ),
    Experiment(
        "holes_frozen",
        "The mask is decided by random points.",
        "Numpy chose them while the graph was built, so each place in the batch has one hole for "
        "the whole run: are the completions worse?",
        {"frozen_holes": True},
        "之后通过生成随机点来确定mask",
        own_first_phase=True,
    ),
]

NETWORKS_AND_LOSSES = [
    Experiment(
        "no_reshape",
        "There was no reshape before the dense layer. (The discriminator's loss was constant.)",
        "A dense layer at each position: does D learn nothing?",
        {"reshape": False},
        "在全连接之前少了一步reshape",
    ),
    Experiment(
        "sigmoid_output",
        "The output should be a score, so it needs a sigmoid.",
        "The loss applies a second sigmoid: do the gradients vanish?",
        {"sigmoid_output": True},
        "也就是需要用sigmoid激活",
    ),
    Experiment(
        "last_batch_norm",
        "Therefore the last layer has batch_norm and then leaky_relu.",
        "Real images and completions are normalized separately: can D still tell them apart?",
        {"last_batch_norm": True},
        "所以最后一层用了batch_norm先归一化然后再用leaky_rule去激活",
    ),
    Experiment(
        "wrong_variables",
        "The parameters of the optimization were wrong. Corrected, the networks do fight.",
        "Each optimizer moves both networks (its var_list is missing): do they still fight?",
        {"wrong_variables": True},
        "并且发现之前的优化参数有问题",
    ),
    Experiment(
        "wrong_label",
        "When g_loss_gan falls, D_loss falls, too. That is no fight. (G_loss_gan was computed "
        "wrongly.)",
        "G's loss has D's label for completions, 0: does G help D, and are G_LOSS_GAN and D_LOSS "
        "almost equal (几乎相等)?",
        {"wrong_label": True},
        "明显看出来g_loss_gan减小时D_loss也会减小",
    ),
]

RATES = [
    Experiment(
        "rate_half",
        "The next training will have a learning rate of 0.5. (No effect: it is not the rate.)",
        "D learns with a rate of 0.5: does it learn at all?",
        {"discriminator_lr": 0.5},
        "下次训练学习率设置为0.5(无效,非学习率问题!)",
    ),
    Experiment(
        "alpha_1",
        "alpha = 1, g_learn = d_learn = 0.002: failed!",
        "Is the adversarial loss too strong?",
        {"alpha": 1.0, "lr": 0.002, "discriminator_lr": 0.002},
        "超参数a=1,g_learn=d_learn=0.002:失败!",
    ),
    Experiment(
        "alpha_05",
        "alpha = 0.05, g_learn = 0.001, d_learn = 0.0001: failed!",
        "The blog's next attempt: do the networks fight?",
        {"alpha": 0.05, "discriminator_lr": 0.0001},
        "超参数a=0.05 g_learn=0.001,d_learn=0.0001失败!",
    ),
    Experiment(
        "alpha_0004",
        "alpha = 0.0004, as in the paper.",
        "Is the adversarial loss too weak beside an MSE over the hole?",
        {"alpha": 0.0004},
    ),
    Experiment(
        "alpha_0004_lr_4",
        "alpha = 0.0004, d_learn = 0.0001: failed!",
        "D learns more slowly: do the networks fight?",
        {"alpha": 0.0004, "discriminator_lr": 1e-4},
        "a=0.0004,d_learn=0.0001失败!",
    ),
    Experiment(
        "alpha_0004_lr_5",
        "alpha = 0.0004, d_learn = 0.00001: failed!",
        "D learns still more slowly: do the networks fight?",
        {"alpha": 0.0004, "discriminator_lr": 1e-5},
        "a=0.0004,d_learn=0.00001失败!",
    ),
    Experiment(
        "alpha_0004_lr_6",
        "alpha = 0.0004, d_learn = 0.000001: failed! But such a low rate is of no use.",
        "Does D learn at all?",
        {"alpha": 0.0004, "discriminator_lr": 1e-6},
        "a=0.0004,d_learn=0.000001 失败!",
    ),
]

LENGTHS = [
    Experiment(
        "pictures_500",
        "The data set is 500 images of faces.",
        "Are the completions of held-out images worse?",
        {"max_images": 500},
        "数据集:500张人脸图片",
        own_first_phase=True,
    ),
    Experiment(
        "longer_first",
        "The imitations were bad because the network was trained for too few steps.",
        "The first phase is twice as long: are the completions better?",
        {},
        "之前imitation结果不好的原因应该是训练的次数不到位",
        own_first_phase=True,
        first_phase_length=2,
    ),
    Experiment(
        "no_first_phase",
        "At first the completions are very bad, D sees at once that they are not real, and its "
        "loss is almost 0. Therefore the completion network is trained first.",
        "Both networks start together: does D win at once?",
        {},
        "先要更新补全网络是因为最开始的时候,补全网络很差",
        own_first_phase=True,
        first_phase_length=0,
    ),
    Experiment(
        "no_second_phase",
        "Perhaps D is trained alone so that it learns which images are real?",
        "D is not trained alone: do the networks fight?",
        {"discriminator_steps": 0},
        "这里单独训练鉴别器可能是为了让鉴别器明白什么样的图片是真实的",
    ),
    Experiment(
        "third_g_alone",
        "In the last phase only G_loss_all was trained, and D was not.",
        "D stays as it is: does G learn to deceive it, and are the completions better?",
        {"discriminator_repeats": 0},
        "是只单独训练G_loss_all并步训练D",
    ),
    Experiment(
        "g_twice",
        "In practice G may be updated several times, and D once, or D learns too well.",
        "Two updates of G: is the fight more even?",
        {"completion_repeats": 2},
        "实际在代码中我们可能会多更新几次G只更新一次D",
    ),
    Experiment(
        "d_twice",
        "D is updated k times, then G is updated once.",
        "k = 2: does D win?",
        {"discriminator_repeats": 2},
        "先对D做k次更新,之后对G做一次更新",
    ),
]

EXPERIMENTS = [BASE, *NORMS, *LIBRARIES_AND_INPUT, *NETWORKS_AND_LOSSES, *RATES, *LENGTHS]
