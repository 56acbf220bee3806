"""Lab colours, as the notes explain them: sRGB to XYZ to CIE L*a*b* and back, in the graph.

L is lightness from 0 to 100; a goes from green to red, b from blue to yellow, each about -110 to 110. White is that of D65.
Colours are not clipped: Lab is larger than RGB, so what a network draws may lie outside [0, 1].
"""

from graphmode import tf

# Rows R, G, B; columns X, Y, Z.
RGB_TO_XYZ = [[0.412453, 0.212671, 0.019334], [0.357580, 0.715160, 0.119193], [0.180423, 0.072169, 0.950227]]
# The program's inverse has these digits; they return a colour to within 0.0001.
XYZ_TO_RGB = [[3.2404542, -0.9692660, 0.0556434], [-1.5371385, 1.8760108, -0.2040259], [-0.4985314, 0.0415560, 1.0572252]]
WHITE = [0.950456, 1.0, 1.088754]  # X, Y, Z of D65
FXFYFZ_TO_LAB = [[0.0, 500.0, 0.0], [116.0, -500.0, 200.0], [0.0, 0.0, -200.0]]
LAB_TO_FXFYFZ = [[1 / 116.0, 1 / 116.0, 1 / 116.0], [1 / 500.0, 0.0, 0.0], [0.0, 0.0, -1 / 200.0]]
EPSILON = 6 / 29  # where the cube root passes into a straight line


def _times(pixels, matrix):
    """[..., 3] times a 3x3 matrix."""
    flat = tf.matmul(tf.reshape(pixels, [-1, 3]), tf.constant(matrix, tf.float32))
    return tf.reshape(flat, tf.shape(pixels))


def rgb_to_lab(srgb):
    """[..., 3] in [0, 1] -> [..., 3]: L, a, b."""
    with tf.name_scope("rgb_to_lab"):
        with tf.name_scope("srgb_to_xyz"):
            # The gamma of sRGB is taken away. Both branches are computed: neither may see what it cannot take.
            power = tf.pow((tf.maximum(srgb, 0.04045) + 0.055) / 1.055, 2.4)
            linear = tf.where(srgb <= 0.04045, srgb / 12.92, power)
            xyz = _times(linear, RGB_TO_XYZ)
        with tf.name_scope("xyz_to_cielab"):
            # fx = f(X / Xn), fy = f(Y / Yn), fz = f(Z / Zn)
            relative = xyz * (1.0 / tf.constant(WHITE))
            root = tf.pow(tf.maximum(relative, EPSILON ** 3), 1 / 3)
            f = tf.where(relative <= EPSILON ** 3, relative / (3 * EPSILON ** 2) + 4 / 29, root)
            return _times(f, FXFYFZ_TO_LAB) + tf.constant([-16.0, 0.0, 0.0])


def lab_to_rgb(lab):
    """[..., 3]: L, a, b -> [..., 3], in [0, 1] for colours that RGB has."""
    with tf.name_scope("lab_to_rgb"):
        with tf.name_scope("cielab_to_xyz"):
            f = _times(lab + tf.constant([16.0, 0.0, 0.0]), LAB_TO_FXFYFZ)
            relative = tf.where(f <= EPSILON, 3 * EPSILON ** 2 * (f - 4 / 29), tf.pow(f, 3))
            xyz = relative * tf.constant(WHITE)
        with tf.name_scope("xyz_to_srgb"):
            linear = tf.clip_by_value(_times(xyz, XYZ_TO_RGB), 0.0, 1.0)
            power = 1.055 * tf.pow(tf.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
            return tf.where(linear <= 0.0031308, linear * 12.92, power)


def preprocess_lab(lab):
    """[..., 3] of L, a, b -> three tensors [...], each in [-1, 1]."""
    with tf.name_scope("preprocess_lab"):
        L_chan, a_chan, b_chan = tf.unstack(lab, axis=-1)
        # L_chan: black and white with input range [0, 100]
        # a_chan/b_chan: color channels with input range ~[-110, 110], not exact
        return [L_chan / 50 - 1, a_chan / 110, b_chan / 110]


def deprocess_lab(L_chan, a_chan, b_chan):
    """`preprocess_lab` undone: three tensors [...] in [-1, 1] -> [..., 3] of L, a, b."""
    with tf.name_scope("deprocess_lab"):
        return tf.stack([(L_chan + 1) / 2 * 100, a_chan * 110, b_chan * 110], axis=-1)


def augment(image, brightness):
    """Colours and lightness joined to a picture.

    Args:
        image: [batch, height, width, 2], a and b in [-1, 1].
        brightness: [batch, height, width, 1], L in [-1, 1].

    Returns:
        [batch, height, width, 3], RGB in [0, 1].
    """
    a_chan, b_chan = tf.unstack(image, axis=3)
    return lab_to_rgb(deprocess_lab(tf.squeeze(brightness, axis=3), a_chan, b_chan))
