"""P69, P155 Lab颜色空间: sRGB to XYZ to CIE L*a*b* and back, as ops of the graph.

L is the lightness from 0 to 100. a goes from green to red, b from blue to yellow, each from about
-110 to 110. White is that of the illuminant D65. Lab is larger than RGB: what a network returns may
lie outside RGB's [0, 1].
"""

from graphmode import tf

RGB_TO_XYZ = [
    #    X        Y          Z
    [0.412453, 0.212671, 0.019334],  # R
    [0.357580, 0.715160, 0.119193],  # G
    [0.180423, 0.072169, 0.950227],  # B
]
# The program's own digits. Colors come back with an error of less than 0.0001.
XYZ_TO_RGB = [
    #     r           g          b
    [3.2404542, -0.9692660, 0.0556434],  # x
    [-1.5371385, 1.8760108, -0.2040259],  # y
    [-0.4985314, 0.0415560, 1.0572252],  # z
]
WHITE = [0.950456, 1.0, 1.088754]  # Xn, Yn, Zn
FXFYFZ_TO_LAB = [
    #  l       a       b
    [0.0, 500.0, 0.0],  # fx
    [116.0, -500.0, 200.0],  # fy
    [0.0, 0.0, -200.0],  # fz
]
LAB_TO_FXFYFZ = [
    #   fx      fy        fz
    [1 / 116.0, 1 / 116.0, 1 / 116.0],  # l
    [1 / 500.0, 0.0, 0.0],  # a
    [0.0, 0.0, -1 / 200.0],  # b
]
EPSILON = 6 / 29  # f(t) is the cube root above t = EPSILON^3, and a straight line below


def _times(pixels, matrix):
    """[..., 3] times a 3 x 3 matrix."""
    flat = tf.matmul(tf.reshape(pixels, [-1, 3]), tf.constant(matrix, tf.float32))
    return tf.reshape(flat, tf.shape(pixels))


def rgb_to_lab(srgb):
    """[..., 3] in [0, 1] -> [..., 3]: L, a, b."""
    with tf.name_scope("rgb_to_lab"):
        with tf.name_scope("srgb_to_xyz"):  # P164
            # Without sRGB's gamma. Both branches are computed. The power must not see a value of
            # the other branch: its gradient could be infinite.
            power = tf.pow((tf.maximum(srgb, 0.04045) + 0.055) / 1.055, 2.4)
            linear = tf.where(srgb <= 0.04045, srgb / 12.92, power)
            xyz = _times(linear, RGB_TO_XYZ)
        # https://en.wikipedia.org/wiki/Lab_color_space#CIELAB-CIEXYZ_conversions
        with tf.name_scope("xyz_to_cielab"):
            # convert to fx = f(X/Xn), fy = f(Y/Yn), fz = f(Z/Zn) (P174)
            relative = xyz * (1.0 / tf.constant(WHITE))
            root = tf.pow(tf.maximum(relative, EPSILON**3), 1 / 3)
            linear = relative <= EPSILON**3
            fxfyfz = tf.where(linear, relative / (3 * EPSILON**2) + 4 / 29, root)
            return _times(fxfyfz, FXFYFZ_TO_LAB) + tf.constant([-16.0, 0.0, 0.0])


def lab_to_rgb(lab):
    """[..., 3]: L, a, b -> [..., 3] in [0, 1]. Colors outside RGB are clipped."""
    with tf.name_scope("lab_to_rgb"):
        with tf.name_scope("cielab_to_xyz"):
            fxfyfz = _times(lab + tf.constant([16.0, 0.0, 0.0]), LAB_TO_FXFYFZ)
            linear = fxfyfz <= EPSILON
            relative = tf.where(linear, 3 * EPSILON**2 * (fxfyfz - 4 / 29), tf.pow(fxfyfz, 3))
            xyz = relative * tf.constant(WHITE)
        with tf.name_scope("xyz_to_srgb"):
            linear = tf.clip_by_value(_times(xyz, XYZ_TO_RGB), 0.0, 1.0)
            power = 1.055 * tf.pow(tf.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
            return tf.where(linear <= 0.0031308, linear * 12.92, power)


def preprocess_lab(lab):
    """P69 [..., 3]: L, a, b -> three tensors [...], each in about [-1, 1]."""
    with tf.name_scope("preprocess_lab"):
        L_chan, a_chan, b_chan = tf.unstack(lab, axis=-1)
        # L_chan: black and white with input range [0, 100]
        # a_chan/b_chan: color channels with input range ~[-110, 110], not exact
        # [0, 100] => [-1, 1],  ~[-110, 110] => [-1, 1]
        return [L_chan / 50 - 1, a_chan / 110, b_chan / 110]


def deprocess_lab(L_chan, a_chan, b_chan):
    """The inverse of `preprocess_lab`: three tensors [...] -> [..., 3]: L, a, b."""
    with tf.name_scope("deprocess_lab"):
        return tf.stack([(L_chan + 1) / 2 * 100, a_chan * 110, b_chan * 110], axis=-1)


def augment(image, brightness):
    """Combines colors with a lightness.

    Args:
        image: [batch, height, width, 2], a and b in [-1, 1].
        brightness: [batch, height, width, 1], L in [-1, 1].

    Returns:
        [batch, height, width, 3], RGB in [0, 1].
    """
    a_chan, b_chan = tf.unstack(image, axis=3)
    L_chan = tf.squeeze(brightness, axis=3)
    return lab_to_rgb(deprocess_lab(L_chan, a_chan, b_chan))
