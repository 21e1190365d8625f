"""The shipped digits and their split."""

import numpy as np
import pytest

from arraysim.training.datasets import load_dataset
from llg.errors import InputError


def test_digits():
    digits = load_dataset("digits")
    assert digits.inputs.shape == (1797, 64)
    assert digits.inputs.dtype == np.float32
    assert (digits.inputs.min(), digits.inputs.max()) == (0, 1)
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_split_is_stratified_complete_and_a_function_of_the_seed():
    digits = load_dataset("digits")
    train, test = digits.split(seed=3, test_fraction=0.2)
    again = digits.split(seed=3, test_fraction=0.2)[1]
    other = digits.split(seed=4, test_fraction=0.2)[1]
    share = np.bincount(test.labels) / np.bincount(digits.labels)
    assert np.all(np.abs(share - 0.2) < 0.5 / 174)
    rows = np.concatenate([np.c_[part.inputs, part.labels] for part in (train, test)])
    whole = np.c_[digits.inputs, digits.labels]
    assert np.array_equal(rows[np.lexsort(rows.T)], whole[np.lexsort(whole.T)])
    assert np.array_equal(test.inputs, again.inputs)
    assert not np.array_equal(test.inputs, other.inputs)


def test_bad_requests_are_refused():
    with pytest.raises(InputError, match='did you mean "digits"'):
        load_dataset("digit")
    with pytest.raises(InputError, match="test_fraction"):
        load_dataset("digits").split(seed=0, test_fraction=0.001)
