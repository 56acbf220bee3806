"""The chapter's figures: their formulas by hand, by quadrature and against TensorFlow, and the program itself."""

import html
import re

import numpy as np
import pytest
from PIL import Image

from gan_book import figures, formulas, vae
from graphmode import tf

NAMES = {
    "same_l2",
    "discriminative_and_generative",
    "normals",
    "kl",
    "reparameterisation",
    "activations",
}


def test_pictures_at_the_same_distance_as_shown(digits):
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


@pytest.mark.parametrize("seed", range(5))
def test_every_digit_that_suits_reaches_the_distance(seed, digits):
    suitable = digits.test_images[formulas.shift_suits(digits.test_images)]
    assert len(suitable) > len(digits.test_images) / 3
    original, *others = formulas.same_l2_pictures(
        suitable[seed], np.random.default_rng(seed)
    ).values()
    distances = [formulas.l2_distance(original, picture) for picture in others]
    np.testing.assert_allclose(distances, distances[0], rtol=0.01)


def test_l2_distance_by_hand():
    assert formulas.l2_distance(np.uint8([[0, 255]]), np.uint8([[255, 0]])) == pytest.approx(
        np.sqrt(2)
    )


def test_a_change_is_turned_up_as_far_as_asked_and_no_farther_than_it_goes():
    white = np.full([4, 4], 255, np.uint8)
    np.testing.assert_array_equal(
        formulas.at_distance(white, lambda amount: np.full([4, 4], 1 - amount), 1.0), 191
    )
    with pytest.raises(ValueError, match="ends at a distance of 1.992, before 3"):
        formulas.at_distance(white, lambda amount: np.full([4, 4], 1 - amount / 2), 3)


@pytest.mark.parametrize(
    "blue, green", [((0, 1), (0, 1)), ((3, 0.5), (0, 1)), ((-1, 2), (0.5, 0.7))]
)
def test_kl_is_the_integral_and_the_density_a_density(blue, green):
    x = np.linspace(-20, 20, 200001)
    p, q = (
        formulas.normal_density(x[:, None], [mean], [[deviation**2]])
        for mean, deviation in (blue, green)
    )
    there = p > 1e-100  # where q is above 0 too
    assert np.sum(p) * (x[1] - x[0]) == pytest.approx(1)
    by_quadrature = np.sum(p[there] * np.log(p[there] / q[there])) * (x[1] - x[0])
    assert formulas.kl_normal(*blue, *green) == pytest.approx(by_quadrature, abs=1e-6)


def test_kl_is_the_vaes_latent_loss(value):
    mean, deviation = np.float32([0, 1, -2, 0.3]), np.float32([1, 1, 0.5, 3])
    kl = value(vae.kl_divergence(tf.constant(mean), tf.log(tf.square(tf.constant(deviation)))))
    np.testing.assert_allclose(formulas.kl_normal(mean, deviation), kl, rtol=1e-5, atol=1e-7)


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


def test_density_in_the_plane():
    mean, covariance = figures.CLASSES[0]
    side = np.linspace(-12, 12, 601)
    points = np.stack(np.meshgrid(side, side), -1)
    density = formulas.normal_density(points, mean, covariance) * (side[1] - side[0]) ** 2
    assert density.sum() == pytest.approx(1)
    np.testing.assert_allclose((points * density[..., None]).sum((0, 1)), mean, atol=1e-9)
    away = points - mean
    np.testing.assert_allclose(
        np.einsum("xyi,xyj,xy->ij", away, away, density), covariance, atol=1e-9
    )


def test_logistic_regression_is_at_its_optimum_and_finds_the_true_line():
    """Of two normals with one covariance S, w is S^-1 (mean1 - mean0)."""
    generator, covariance = np.random.default_rng(0), np.array([[1, 0.5], [0.5, 2]])
    means, labels = np.array([[-0.5, 0], [0.5, 1]]), np.repeat([0, 1], 20000)
    points = np.concatenate(
        [generator.multivariate_normal(mean, covariance, 20000) for mean in means]
    )
    weights = formulas.logistic_regression(points, labels)
    inputs = np.column_stack([points, np.ones(len(points))])
    np.testing.assert_allclose(
        inputs.T @ (labels - 1 / (1 + np.exp(-inputs @ weights))), 0.001 * weights, atol=1e-6
    )
    truth = np.linalg.solve(covariance, means[1] - means[0])
    np.testing.assert_allclose(weights, [*truth, -truth @ means.mean(0)], atol=0.05)


def test_classes_that_a_line_separates_have_an_optimum_too():
    weights = formulas.logistic_regression(
        np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    )
    assert 1 < weights[0] < 20 and weights[1] == pytest.approx(0, abs=1e-9)


def test_new_points_are_red_triangles_of_both_classes():
    left, right = figures.discriminative_and_generative(np.random.default_rng(0)).axes
    triangles = [line for line in right.lines if line.get_marker() == "^"]
    assert [line.get_color() for line in triangles] == [figures.RED] * 2
    for line, (mean, covariance) in zip(triangles, figures.CLASSES):
        assert formulas.normal_density(np.transpose(line.get_data()), mean, covariance).min() > 1e-4
    assert not [line for line in left.lines if line.get_marker() == "^"]


def test_activations_are_tensorflows(value):
    x = np.linspace(-4, 3, 71).astype(np.float32)
    tensors = [
        tf.nn.elu(x),
        tf.nn.relu(x),
        tf.nn.leaky_relu(x, 0.2),
        tf.nn.leaky_relu(x, 0.25),
        tf.nn.relu(x + 1) - 1,
    ]
    ours = [
        formulas.elu(x),
        formulas.relu(x),
        formulas.leaky_relu(x),
        formulas.leaky_relu(x, 0.25),
        formulas.shifted_relu(x),
    ]
    np.testing.assert_allclose(ours, value(tensors), atol=1e-6)


def test_the_band_of_slopes_is_rrelus():
    right = figures.activations().axes[1]
    corners = right.collections[0].get_paths()[0].vertices
    edge = corners[corners[:, 0] == corners[:, 0].min(), 1] / corners[:, 0].min()
    np.testing.assert_allclose([edge.min(), edge.max()], [1 / 8, 1 / 3])


def test_before_no_gradient_passes_the_sample_and_after_one_reaches_both_heads():
    (boxes, shared), before, after = figures.SHARED, figures.BEFORE, figures.AFTER

    def reached(arrows):
        """Where the generation loss's gradient gets to."""
        seen = {"generation"}
        while more := {start for start, end, gradient in arrows if gradient and end in seen} - seen:
            seen |= more
        return seen

    assert reached(shared + before[1]) == {"generation", "decoder", "sample"}
    assert reached(shared + after[1]) == {
        "generation",
        "decoder",
        "plus",
        "times",
        "mu",
        "sigma",
        "encoder",
    }
    assert {name for name, box in boxes.items() if box[3] == figures.BLUE} == {
        "latent",
        "generation",
    }


def test_program_writes_every_picture_and_a_page_that_holds_them(tmp_path, capsys):
    folder = tmp_path / "figures"
    figures.main(["--output_dir", str(folder), "--seed", "1"])
    assert capsys.readouterr().out == "open {}\n".format(folder / "index.html")
    assert {path.name for path in folder.iterdir()} == {
        "index.html",
        *(name + ".png" for name in NAMES),
    }
    for name in NAMES:
        with Image.open(folder / (name + ".png")) as picture:
            assert min(picture.size) > 300 and np.ptp(np.asarray(picture.convert("L"))) > 200
    page = html.unescape((folder / "index.html").read_text(encoding="utf-8"))
    assert page.count("data:image/png;base64,") == len(NAMES) and not re.search(
        r'(src|href)="(?!data:)', page
    )
    assert all(words in page for pair in figures.CAPTIONS.values() for words in pair)


@pytest.mark.parametrize(
    "argv, status, message",
    [
        (["--seed", "-1"], 2, "'-1' is not a whole number from 0"),
        (["--data", "cats"], 2, "invalid choice: 'cats'"),
        (["--epochs", "3"], 2, "unrecognized arguments: --epochs 3"),
        (["--input_dir", "somewhere"], 2, "reads nothing from somewhere"),
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
