"""Finite volumes on a line: order of accuracy as fitted slopes, nothing lost."""

import numpy as np
import pytest

from llg.fokker_planck.operator import line


def errors(cells, ring):
    """Largest error of first and second derivative of a smooth function away from open ends."""
    step = 2 * np.pi / cells
    x = (np.arange(cells) + 0.5) * step
    f, df, ddf = np.exp(np.sin(x)), np.cos(x) * np.exp(np.sin(x)), (np.cos(x) ** 2 - np.sin(x)) * np.exp(np.sin(x))
    made = line(cells, step, ring)
    inner = slice(None) if ring else slice(3, -3)
    first, second = made.derivative @ f - df, made.divergence @ made.gradient @ f - ddf
    return np.abs(first[inner]).max(), np.abs(second[inner]).max()


@pytest.mark.parametrize("ring", [True, False])
def test_derivatives_have_fourth_order(ring):
    coarse, fine = errors(40, ring), errors(80, ring)
    slopes = np.log2(np.array(coarse) / fine)
    assert np.all((slopes > 3.8) & (slopes < 4.2)), slopes


@pytest.mark.parametrize("ring", [True, False])
def test_what_leaves_a_cell_enters_its_neighbour(ring):
    made = line(20, 0.1, ring)
    for faces in (made.value, made.gradient, made.mean):
        assert np.abs((made.divergence @ faces).sum(axis=0)).max() < 1e-10


def test_faces_beside_open_ends_use_two_cells():
    made = line(10, 0.5, ring=False)
    assert made.value.shape == made.gradient.shape == made.mean.shape == (11, 10)
    for k in (0, 10):
        assert made.value[k].nnz == made.gradient[k].nnz == 0
    assert made.value[1].toarray()[0, :3] == pytest.approx([0.5, 0.5, 0])
    assert made.gradient[1].toarray()[0, :3] == pytest.approx([-2, 2, 0])
    assert made.value[2].nnz == 4
