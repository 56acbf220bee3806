"""The chapter's figures: what each shows, read back from it, and the program."""

import html
import re

import numpy as np
import pytest
from matplotlib import colors, patches
from PIL import Image

from gan_book import dcgan
from gan_book.figures import __main__ as figures
from gan_book.figures import diagrams, formulas
from graphmode import tf
from graphmode.report import plots

NAMES = {
    "same_l2",
    "discriminative_and_generative",
    "normals",
    "kl",
    "reparameterization",
    "structures",
    "activations",
}


def test_images_at_the_same_distance_as_shown(digits):
    """Read back from the figure: the arrays it shows, and the distance written under each."""
    axes = figures.same_l2(digits.test_images, np.random.default_rng(3)).axes
    original, *others = (each.images[0].get_array().data for each in axes)
    assert original.dtype == np.uint8 and any(
        (original == image).all() for image in digits.test_images
    )
    distances = [np.sqrt(np.sum((other / 255 - original / 255) ** 2)) for other in others]
    assert len(others) == 7 and distances[0] > 2
    np.testing.assert_allclose(distances, distances[0], rtol=0.01)
    assert [each.get_xlabel() for each in axes] == [
        f"L2 = {distance:.2f}" for distance in [0, *distances]
    ]
    np.testing.assert_array_equal(others[0][:, 1:], original[:, :-1])
    assert (
        min(
            np.abs(one.astype(int) - other).max()
            for n, one in enumerate(others)
            for other in others[:n]
        )
        > 80
    )


def test_kl_falls_to_nothing_as_blue_nears_green():
    figure = figures.kl()
    parts = {axes.get_label(): axes for axes in figure.axes}
    curve = parts["way"].lines[0].get_ydata()
    assert (np.diff(curve) < 0).all() and curve[-1] == 0
    assert curve[0] == pytest.approx(0.5 * (0.25 + 9 - 1 - np.log(0.25)))
    marked = [line.get_ydata()[0] for line in parts["way"].lines[1:]]
    assert [parts[stage].get_title() for stage in "ABCD"] == [
        f"{stage}: KL = {kl:.2f}" for stage, kl in zip("ABCD", marked)
    ]


def test_new_points_are_red_triangles_of_both_classes():
    left, right = figures.discriminative_and_generative(np.random.default_rng(0)).axes
    triangles = [line for line in right.lines if line.get_marker() == "^"]
    assert [line.get_color() for line in triangles] == [figures.RED] * 2
    for line, (mean, covariance) in zip(triangles, figures.CLASSES):
        assert formulas.normal_density(np.transpose(line.get_data()), mean, covariance).min() > 1e-4
    assert not [line for line in left.lines if line.get_marker() == "^"]


def test_the_band_of_slopes_is_rrelus():
    right = figures.activations().axes[1]
    corners = right.collections[0].get_paths()[0].vertices
    edge = corners[corners[:, 0] == corners[:, 0].min(), 1] / corners[:, 0].min()
    np.testing.assert_allclose([edge.min(), edge.max()], [1 / 8, 1 / 3])


def test_before_no_gradient_passes_the_sample_and_after_one_reaches_both_heads():
    def reached(arrows):
        """The boxes that the gradient of the generation loss reaches."""
        boxes = {"generation"}
        while more := {start for start, end, back in arrows if back and end in boxes} - boxes:
            boxes |= more
        return boxes

    shared, after = diagrams.ARROWS, {"plus", "times", "mu", "sigma", "encoder"}
    assert reached(shared + diagrams.BEFORE_ARROWS) == {"generation", "decoder", "sample"}
    assert reached(shared + diagrams.AFTER_ARROWS) == {"generation", "decoder", *after}
    losses = {name for name, box in diagrams.BOXES.items() if box.color == diagrams.BLUE}
    assert losses == {"latent", "generation"}


@pytest.mark.parametrize("n", [0, 1])
def test_the_diagram_shows_all_boxes_and_arrows(n):
    title, boxes, arrows = diagrams.MODELS[n]
    axes = diagrams.reparameterization(plots.figure(9.5, 7.6)).axes[n]
    texts = {text.get_text() for text in axes.texts}
    assert texts == {box.text for box in (*diagrams.BOXES.values(), *boxes.values())}
    assert axes.get_title() == title
    drawings = [patch for patch in axes.patches if isinstance(patch, patches.FancyArrowPatch)]
    arrowheads = [colors.to_hex(patch.get_edgecolor()) for patch in drawings]
    both = (*diagrams.ARROWS, *arrows)
    assert arrowheads.count("#000000") == len(both)
    assert arrowheads.count(diagrams.GREEN) == sum(arrow.gradient for arrow in both)


def test_the_sizes_in_the_diagram_of_the_dcgan_are_those_of_the_network():
    """Of the text's code, which the DCGAN runs as published."""
    _, boxes, _ = diagrams.STRUCTURES[2]
    sizes = {name: box.text.split("\n")[-1] for name, box in boxes.items()}
    shapes = {"14 x 14 x 64": "up_1", "28 x 28 x 1": "up_2", "12 x 12 x 32": "down_1"}
    with tf.Graph().as_default() as graph:
        generated = dcgan.generator(tf.placeholder(tf.float32, [None, 100]))
        dcgan.discriminator(generated)
        built = {
            " x ".join(map(str, output.shape.as_list()[1:]))
            for operation in graph.get_operations()
            for output in operation.outputs
            if output.shape.rank == 4
        }
    assert {size: name for name, size in sizes.items() if size in shapes} == shapes
    assert {*shapes, "4 x 4 x 64", "7 x 7 x 128"} <= built


def test_program_writes_every_image_and_a_page_that_holds_them(tmp_path, capsys):
    folder = tmp_path / "figures"
    figures.main(["--output_dir", str(folder), "--seed", "1"])
    assert capsys.readouterr().out == f"open {folder / 'index.html'}\n"
    assert {path.name for path in folder.iterdir()} == {
        "index.html",
        *(f"{name}.png" for name in NAMES),
    }
    for name in NAMES:
        with Image.open(folder / f"{name}.png") as image:
            assert min(image.size) > 300 and np.ptp(np.asarray(image.convert("L"))) > 200
    page = html.unescape((folder / "index.html").read_text(encoding="utf-8"))
    assert page.count("data:image/png;base64,") == len(NAMES) and not re.search(
        r'(src|href)="(?!data:)', page
    )
    assert all(words in page for pair in figures.CAPTIONS.values() for words in pair)


@pytest.mark.parametrize(
    "argv, status, message",
    [
        (["--seed", "-1"], 2, "--seed '-1' is not a whole number (at least 0, at most 2147483647)"),
        (["--data", "cats"], 2, "invalid choice: 'cats'"),
        (["--epochs", "3"], 2, "unrecognized arguments: --epochs 3"),
        (["--input_dir", "."], 2, "reads nothing from --input_dir"),
        (["--data", "mnist", "--input_dir", "nowhere"], 2, "nowhere"),
        (["--output_dir", "taken/figures"], 1, "taken"),
    ],
)
def test_a_mistake_is_one_line(argv, status, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(SystemExit) as stopped:
        figures.main(argv)
    error = capsys.readouterr().err
    assert stopped.value.code == status
    assert error.startswith("gan_book.figures: ") and error.count("\n") == 1 and message in error
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
