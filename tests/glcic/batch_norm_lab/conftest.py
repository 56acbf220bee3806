"""Each study runs once for all tests."""

import functools

import pytest

from glcic.batch_norm_lab import batch_of_one, studies


@functools.lru_cache(maxsize=None)
def _measured(study):
    module = batch_of_one if study in ("batches", "cures") else studies
    return getattr(module, study)()


@pytest.fixture(scope="session")
def measured():
    """A function: name of a study -> what the study returns."""
    return _measured
