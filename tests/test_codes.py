"""Digits drawn by the autoencoder's decoder, from normals fitted to its codes."""

import csv

import numpy as np
import pytest

import data
from conftest import config_of
from gan_book import cae, codes, metrics
from graphmode import runs, training


def two_clouds():
    random = np.random.RandomState(0)
    wide, narrow = random.randn(300, 2) * [3.0, 1.0] + [50.0, 0.0], random.randn(100, 2) * 0.1
    return random.permutation(np.concatenate([wide, narrow]))


def test_k_means_finds_clouds_that_lie_apart():
    points = two_clouds()
    group = codes.k_means(points, 2, np.random.RandomState(1))
    assert set(map(tuple, np.stack([group, points[:, 0] > 25], 1).tolist())) in ({(0, 0), (1, 1)}, {(0, 1), (1, 0)})


def test_each_group_has_a_normal_of_its_own():
    points = two_clouds()
    drawn = codes.from_normals(points, points[:, 0] > 25, 20000, np.random.RandomState(2))
    for side in (False, True):
        known, new = points[(points[:, 0] > 25) == side], drawn[(drawn[:, 0] > 25) == side]
        np.testing.assert_allclose(new.mean(0), known.mean(0), atol=0.1)
        np.testing.assert_allclose(new.std(0), known.std(0), rtol=0.05)
        assert len(new) / len(drawn) == pytest.approx(len(known) / len(points), abs=0.01)
    alone = codes.from_normals(np.float32([[1.0], [2.0], [9.0]]), np.array([0, 0, 1]), 5, np.random.RandomState(3))
    assert alone.shape == (5, 1)  # one code makes no normal


def test_generate_holds_three_sources_of_z_against_each_other(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(codes, "COUNT", 200)
    monkeypatch.setattr(codes, "GROUPS", 3)
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    seen = []

    def judge(samples, digits, config):
        seen.append(samples)
        return {"samples: " + column: 0.5 for column in codes.COLUMNS}
    monkeypatch.setattr(metrics, "judge", judge)
    config = config_of(cae, output_dir="run", max_steps=30, display_freq=0)
    training.fit(cae.build(config, digits), config)
    cae.main(["--mode", "generate", "--checkpoint", "run"])
    assert [samples.shape for samples in seen] == [(200, 28, 28, 1)] * 3 and 0.0 <= seen[0].min() and seen[0].max() <= 1.0
    means = [samples.mean(0) for samples in seen]
    errors = [np.abs(mean[..., 0] - digits.train_images.mean(0) / 255.0).mean() for mean in means]
    assert max(errors[1:]) < errors[0]  # the codes are not where N(0, 1) is
    with open(runs.path("run", "figures", "generated.csv")) as file:
        assert [line["z from"] for line in csv.DictReader(file)] == ["N(0; 1)", "one normal", "3 normals"]
    assert runs.path("run", "figures", "generated_from_N01.png").exists()
