"""What tests of designs share."""

import pytest
from design_spec import SPEC

from dwsynapse.design.specification import load_specification


@pytest.fixture
def specification(tmp_path):
    """`specification(old, new, ...)` reads the one of `design_spec` with some texts replaced."""

    def make(*changes: str):
        text = SPEC
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "spec.toml").write_text(text)
        return load_specification(tmp_path / "spec.toml")

    return make
