"""Thermal equilibrium of the walls with three coordinates against exp(-E/kB T) dq dphi d(third).

An extra potential holds up the notch, so that the wall wanders over widths s2 that differ by a third while its own
width, or its tilt, fluctuates by 15 to 20 % (10 degrees). Chi-square of the histograms of each coordinate and of each
pair; cells with fewer than 25 expected counts are put together. The seed is fixed: a right solver with another seed
fails each of six with probability P_MIN. Negative controls: 10 % more noise, and other measures of equilibrium, which a
scheme without the drifts of the multiplicative noise would give.
"""

import functools
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from llg.constants import K_B
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.drive import Drive
from llg.runs.ensemble import simulate
from llg.runs.models import equation_of

P_MIN = 2e-4
TEMPERATURE = 300.0
KT = K_B * TEMPERATURE
LENGTH, CENTRE, DELTA = 300e-9, 150e-9, 7.2e-9
MODELS = ("q-phi-delta", "q-phi-chi")
THIRD = {
    "q-phi-delta": DELTA * np.concatenate([[0.3, 0.5], np.linspace(0.6, 1.6, 21), [1.8, 3.0]]),
    "q-phi-chi": np.concatenate([[-1.3, -0.7], np.linspace(-0.5, 0.5, 21), [0.7, 1.3]]),
}
Q_EDGES = CENTRE + 1e-9 * np.concatenate([[-90, -60], np.linspace(-48, 48, 25), [60, 90]])
PHI_EDGES = np.linspace(0, 2 * math.pi, 17)


@functools.cache
def make_model(name):
    def device(potential):
        return device_from_mapping(
            {
                "name": "equilibrium",
                "material": {"Ms": 7e5, "A": 1e-11, "K_u": 4.8e5, "D": 1e-4, "alpha": 0.5},
                "wall": {"Delta": DELTA, "sigma_0": 3.2e-3, "H_K": 8e3, "model": name},
                "track": {"length": LENGTH, "width": 64e-9, "thickness": 0.6e-9},
                "notch": [{"position": CENTRE, "shape": "cosine", "depth": 12e-9, "width": 90e-9}],
                **potential,
            }
        )

    bare = equation_of(device({})).model(device({}))
    q = np.linspace(0, LENGTH, 301)
    V = -bare.energy(q, math.pi) + 0.5 * KT * ((q - CENTRE) / 16e-9) ** 2
    final = device({"potential": {"q": q.tolist(), "V": V.tolist()}})
    return equation_of(final).model(final)


def sample(name, n, noise_scale=1.0):
    """Final (q, phi in [0, 2 pi), third) of n independent trajectories."""
    model = make_model(name)
    drive = Drive(waveform=Waveform(np.array([0.0, 6e-9]), np.array([0.0, 0.0])))
    end = simulate(
        model.device,
        drive,
        n=n,
        start=(CENTRE, math.pi),
        seed=8,
        temperature=TEMPERATURE,
        jobs=1,
        noise_scale=noise_scale,
    )
    assert not end.left.any()
    return end.q, np.mod(end.phi, 2 * math.pi), end.final[model.coordinates[2][0]]


@functools.cache
def boltzmann(name, parts=6):
    """Energy/kT at the midpoints of `parts` parts of each cell, the three grids, and the volumes."""
    edges = Q_EDGES, PHI_EDGES, THIRD[name]
    grids = [np.interp((np.arange(parts * (e.size - 1)) + 0.5) / parts, np.arange(e.size), e) for e in edges]
    volume = [np.repeat(np.diff(e), parts) for e in edges]
    q, phi, third = np.meshgrid(*grids, indexing="ij", sparse=True)
    energy = make_model(name).energy(q, phi, third) / KT
    return energy - energy.min(), (q, phi, third), volume[0][:, None, None] * volume[1][None, :, None] * volume[2]


def probabilities(name, weight=None, parts=6):
    energy, grids, volume = boltzmann(name)
    density = np.exp(-energy) * volume
    if weight is not None:
        density = density * weight(*grids)
    shape = [n // parts for n in density.shape]
    cells = density.reshape(shape[0], parts, shape[1], parts, shape[2], parts).sum(axis=(1, 3, 5))
    return cells / cells.sum()


def p_value(counts, probability):
    """Chi-square probability, rare cells put together, and with the rarest other one if they are few."""
    counts, expected = counts.ravel(), probability.ravel() * counts.sum() / probability.sum()
    order = np.argsort(expected)
    first = max(int(np.searchsorted(np.cumsum(expected[order]), 25)), int(np.count_nonzero(expected < 25)) - 1)
    observed, wanted = (np.append(v[order][: first + 1].sum(), v[order][first + 1 :]) for v in (counts, expected))
    return stats.chisquare(observed, wanted * (observed.sum() / wanted.sum())).pvalue


def p_values(name, points, probability):
    """Chi-square probabilities of each coordinate, then of each pair."""
    counts = np.histogramdd(np.stack(points, axis=1), bins=(Q_EDGES, PHI_EDGES, THIRD[name]))[0]
    assert counts.sum() == points[0].size
    kept = [(i,) for i in range(3)] + list(itertools.combinations(range(3), 2))
    others = [tuple({0, 1, 2} - set(k)) for k in kept]
    return [p_value(counts.sum(axis=o), probability.sum(axis=o)) for o in others]


@pytest.mark.parametrize("name", MODELS)
def test_boltzmann_and_no_other_law(name):
    points = sample(name, 12_000)
    assert min(p_values(name, points, probabilities(name))) > P_MIN
    model = make_model(name)
    assert model.widths(points[0]).s2.std() > 4e-9
    for power in (-1, 1):
        wrong = probabilities(name, lambda q, phi, third, k=power: model.widths(q).s2 ** k)
        assert p_values(name, points, wrong)[0] < 1e-6, power
        if name == "q-phi-delta":
            wrong = probabilities(name, lambda q, phi, third, k=power: third**k)
            assert p_values(name, points, wrong)[2] < 1e-6, power
        else:
            wrong = probabilities(name, lambda q, phi, third, k=power: np.cos(third) ** (3 * k))
            assert p_values(name, points, wrong)[2] < 1e-6, power


@pytest.mark.parametrize("name", MODELS)
def test_ten_percent_more_noise_fails(name):
    """Position and third coordinate each show it."""
    p = p_values(name, sample(name, 6_000, noise_scale=1.1), probabilities(name))
    assert p[0] < 1e-3
    assert p[2] < 1e-6
