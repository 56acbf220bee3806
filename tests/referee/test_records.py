"""Today's TensorFlow against what TensorFlow 1.15.5 computed, quantity by quantity."""

import ast
import json
import pathlib

import pytest

from tests.referee import calls, catalog, compare

FOLDER = pathlib.Path(__file__).parent
RECORDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in (FOLDER / "records").glob("*.json")
}
RENEW = "make the records again: ./run.sh referee --record"
# Cases of less than a second each. ./run.sh referee compares all.
QUICK = (
    "doubled",
    "minibatch",
    "holes",
    "lab_colors",
    "autoencoder",
    "variational_default",
    "norm_slim_rank_4_training",
    "norm_layers_rank_2_training",
    "norm_nn_moments_rank_4_inference",
    "conv_slim_dilated",
    "conv_nn_transposed",
)


def test_every_case_has_a_record_and_every_record_a_case():
    assert set(RECORDS) == {*catalog.RUNS, "laboratory"}, RENEW
    assert {record["versions"]["tensorflow"] for record in RECORDS.values()} == {"1.15.5"}
    quantities = sum(len(record["numbers"]) for record in RECORDS.values())
    assert len(RECORDS) >= 60 and quantities >= 1500


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_is_no_older_than_the_functions_that_made_it(name):
    digests = json.loads((FOLDER / "digests.json").read_text(encoding="utf-8"))
    assert digests[name] == calls.digest(RECORDS[name]["functions"]), RENEW


def compared(name, folder):
    return compare.differences(RECORDS[name], catalog.RUNS[name](folder), name)


@pytest.mark.parametrize("name", QUICK)
def test_quick_cases_agree(name, tmp_path):
    assert compared(name, tmp_path) == []


@pytest.mark.slow
@pytest.mark.referee
@pytest.mark.parametrize("name", sorted(set(catalog.RUNS) - set(QUICK)))
def test_all_other_cases_agree(name, tmp_path):
    assert compared(name, tmp_path) == []


def test_a_difference_is_named():
    record = RECORDS["conv_slim_dilated"]
    numbers = {name: dict(value) for name, value in record["numbers"].items()}
    name = next(name for name in numbers if name.startswith("gradient"))
    numbers[name]["product"] += 0.01 * numbers[name]["norm"]
    lines = compare.differences(record, {**record, "numbers": numbers})
    assert len(lines) == 1 and lines[0].startswith(name)
    assert len(compare.differences(record, {**record, "variables": []})) == 1


# Functions that use tf or slim and are in no case, with the reason.
READS = "restores a checkpoint, runs networks that are in cases and computes with numpy"
OF_EVALUATION = "of evaluation, for images that the texts do not have"
FILES = "reads a checkpoint's file into networks that are in cases"
ELSEWHERE = {
    "gan_book/began.py:reconstruction_losses": READS,
    "gan_book/cae.py:restored": READS,
    "gan_book/evaluation/classifier.py:evaluate": READS,
    "gan_book/evaluation/classifier.py:trained": READS,
    "gan_book/evaluation/sampling.py:evaluate": READS,
    "gan_book/evaluation/features.py:_ends": FILES,
    "gan_book/evaluation/features.py:saved_model": FILES,
    "gan_book/evaluation/sampling.py:_reconstructed": READS,
    "gan_book/evaluation/self_supervised.py:build": OF_EVALUATION,
    "gan_book/evaluation/self_supervised.py:network": OF_EVALUATION,
    "gan_book/evaluation/self_supervised.py:trained": READS,
    "gan_book/evaluation/sampling.py:follow": READS,
    "gan_book/evaluation/sampling.py:generate": READS,
    "gan_book/evaluation/sampling.py:modes_by_label": READS,
    "gan_book/uses/feature_loss.py:build": FILES,
    "gan_book/uses/feature_loss.py:hidden_layers": FILES,
    "gan_book/uses/few_labels.py:encoder_of": FILES,
    "gan_book/uses/few_labels.py:generated": READS,
    "gan_book/uses/semi_supervised.py:evaluate": READS,
    "gan_book/vae.py:evaluate": READS,
    "glcic/complete.py:_random_boxes": "masks.holes with placeholders for the sides",
    "glcic/complete.py:completer": READS,
    "glcic/experiments/game.py:gradient_norms": "norms of gradients that are recorded singly",
    "glcic/experiments/runs.py:train": FILES,
    "glcic/export.py:export": "writes a SavedModel; tests/referee/exchange.py does both ways",
    "glcic/features.py:trained": READS,
    "pix2pix/export.py:export": "writes a SavedModel; tests/referee/exchange.py does both ways",
    "pix2pix/metrics.py:colors": "Lab conversions, which are in cases, in a session of its own",
    "pix2pix/segmentation.py:reader": READS,
    "pix2pix/segmentation.py:train": "calls the loop of training, which today's TensorFlow runs",
    "pix2pix/serve/application.py:load": READS,
    "pix2pix/translate.py:_at_one_size": READS,
    "pix2pix/translate.py:_at_own_size": READS,
    "pix2pix/export.py:_of_files": "a part of export",
    "pix2pix/whole.py:__init__": "networks that are in cases, with moments that are fed",
    "pix2pix/whole.py:_moments": "placeholders of __init__",
}


# This project's own studies: no text has them.
OWN = ("glcic/batch_norm_lab/mistakes/", "glcic/batch_norm_lab/symptoms.py")
OWN += ("gan_book/uses/simulator.py", "pix2pix/depth_lab.py")


def graph_functions():
    """`file:function` of the three packages whose bodies use tf or slim."""
    found = set()
    for package in ("gan_book", "glcic", "pix2pix"):
        for path in sorted((calls.ROOT / package).rglob("*.py")):
            file = path.relative_to(calls.ROOT).as_posix()
            if file.startswith(OWN):
                continue
            for name, trees in calls.functions(file).items():
                names = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
                if names & {"tf", "slim"}:
                    found.add(f"{file}:{name}")
    return found


def test_every_function_that_builds_graphs_is_in_a_case():
    called = {name for record in RECORDS.values() for name in record["functions"]}
    built = graph_functions()
    assert built - called == set(ELSEWHERE)
    assert len(built & called) >= 150


def test_recorded_modules_have_the_syntax_of_python_3_7():
    files = {name.split(":")[0] for record in RECORDS.values() for name in record["functions"]}
    assert len(files) > 20
    for file in files:
        ast.parse((calls.ROOT / file).read_text(encoding="utf-8"), feature_version=(3, 7))
