"""What tests of arrays share."""

import pytest

from arraysim import load_dataset


@pytest.fixture(scope="session")
def digits():
    return load_dataset("digits")
