"""Thermal equilibrium of independent trajectories, against exp(-E/kB T) in (q, phi); and free diffusion.

Chi-square of the histograms of q, of phi and of both together; cells with fewer than 25 expected counts are put
together. The seed is fixed: a right solver with another seed fails each with probability P_MIN. The negative controls
run with 10 % more noise; and in the notch, where the friction N(q) changes by a factor of two over the occupied places,
they compare with s2(q)^k exp(-E/kB T), k = 1/2 and 1 being what the scheme gives without its drift of the mobility
gradient in the senses of Stratonovich and Ito.
"""

import math

import numpy as np
import pytest
from scipy import stats

from llg.constants import GAMMA_0, K_B, MU_0
from llg.device.device_file import device_from_mapping
from llg.device.pulse import Waveform
from llg.runs.ensemble import Drive, simulate
from llg.walls.q_phi import QPhiModel

P_MIN = 1e-3
TEMPERATURE = 300.0
KT = K_B * TEMPERATURE
MS, DELTA, THICKNESS, WIDTH = 7e5, 7.2e-9, 0.6e-9, 64e-9


def make_model(*, length, D, H_K=0.0, alpha=0.3, sigma_0=None, **sections):
    wall = {"Delta": DELTA, "H_K": H_K} | ({"sigma_0": sigma_0} if sigma_0 else {})
    return QPhiModel(
        device_from_mapping(
            {
                "name": "equilibrium",
                "material": {"Ms": MS, "A": 1e-11, "K_u": 4.8e5, "D": D, "alpha": alpha},
                "wall": wall,
                "track": {"length": length, "width": WIDTH, "thickness": THICKNESS},
                **sections,
            }
        )
    )


def rest(length):
    return Drive(waveform=Waveform(np.array([0.0, length]), np.array([0.0, 0.0])))


def relaxed(model, time, n, start, noise_scale=1.0, dt=None):
    """Final q [m] and phi [rad] in [0, 2 pi) of n independent trajectories."""
    end = simulate(
        model.device,
        rest(time),
        n=n,
        start=start,
        seed=8,
        temperature=TEMPERATURE,
        dt=dt,
        noise_scale=noise_scale,
        jobs=1,
    )
    assert not end.left.any()
    return end.q, np.mod(end.phi, 2 * math.pi)


def cell_probabilities(model, q_edges, phi_edges, weight=None):
    """Probability of each cell under exp(-E/kB T), by the midpoint rule on 32 x 32 points per cell."""
    parts = 32
    q, phi = (
        np.interp((np.arange(parts * (e.size - 1)) + 0.5) / parts, np.arange(e.size), e) for e in (q_edges, phi_edges)
    )
    energy = model.energy(q[:, None], phi[None, :])
    density = np.exp(-(energy - energy.min()) / KT) * np.repeat(np.diff(q_edges), parts)[:, None]
    if weight is not None:
        density = density * weight(q)[:, None]
    cells = density.reshape(q_edges.size - 1, parts, phi_edges.size - 1, parts).sum(axis=(1, 3))
    return cells / cells.sum()


def p_value(counts, probability):
    """Chi-square probability, rare cells put together."""
    counts, expected = counts.ravel(), probability.ravel() * counts.sum()
    rare = expected < 25
    observed, wanted = list(counts[~rare]), list(expected[~rare])
    if expected[rare].sum() > 1:
        observed.append(counts[rare].sum())
        wanted.append(expected[rare].sum())
    wanted = np.array(wanted) * counts.sum() / np.sum(wanted)
    return stats.chisquare(observed, wanted).pvalue


def p_values(sample, probability, q_edges, phi_edges):
    """Chi-square probabilities of q alone, phi alone, and both."""
    counts = np.histogram2d(*sample, bins=(q_edges, phi_edges))[0]
    assert counts.sum() == sample[0].size
    return (
        p_value(counts.sum(axis=1), probability.sum(axis=1)),
        p_value(counts.sum(axis=0), probability.sum(axis=0)),
        p_value(counts, probability),
    )


PHI_EDGES = np.linspace(0, 2 * math.pi, 25)


class TestHarmonicWell:
    """Straight track, V = kT ((q - q_0)/Delta)^2/2; chiral and shape field let phi explore the circle unevenly."""

    LENGTH = 300e-9
    Q_EDGES = 150e-9 + DELTA * np.concatenate([[-6], np.linspace(-3, 3, 25), [6]])

    def model(self):
        q = np.linspace(0, self.LENGTH, 301)
        potential = {"q": q.tolist(), "V": (0.5 * KT * ((q - 150e-9) / DELTA) ** 2).tolist()}
        return make_model(length=self.LENGTH, D=-0.5e-4, H_K=5e3, potential=potential)

    def test_boltzmann(self):
        model = self.model()
        sample = relaxed(model, 25e-9, 30_000, (150e-9, 0.0))
        probability = cell_probabilities(model, self.Q_EDGES, PHI_EDGES)
        assert min(p_values(sample, probability, self.Q_EDGES, PHI_EDGES)) > P_MIN
        variance = np.var(sample[0]) / DELTA**2
        assert variance == pytest.approx(1, abs=4 * math.sqrt(2 / 30_000))

    def test_ten_percent_more_noise_fails(self):
        model = self.model()
        sample = relaxed(model, 25e-9, 10_000, (150e-9, 0.0), noise_scale=1.1)
        probability = cell_probabilities(model, self.Q_EDGES, PHI_EDGES)
        assert max(p_values(sample, probability, self.Q_EDGES, PHI_EDGES)) < 1e-6


class TestNotchWell:
    """A notch that leaves 4 of 64 nm: the averaged width s2, thus the friction, changes with q; s1 ties phi to q."""

    LENGTH, CENTRE = 300e-9, 150e-9
    Q_EDGES = CENTRE + 1e-9 * np.concatenate([[-60], np.linspace(-15, 15, 31), [60]])

    def model(self):
        notch = {"position": self.CENTRE, "shape": "triangular", "depth": 30e-9, "width": 130e-9}
        return make_model(length=self.LENGTH, D=2e-4, H_K=5e3, sigma_0=2.6e-3, notch=[notch])

    def sample(self, n, noise_scale=1.0):
        return relaxed(self.model(), 8e-9, n, (self.CENTRE, math.pi), noise_scale)

    def test_boltzmann_and_no_other_law(self):
        model = self.model()
        sample = self.sample(24_000)
        right = cell_probabilities(model, self.Q_EDGES, PHI_EDGES)
        assert min(p_values(sample, right, self.Q_EDGES, PHI_EDGES)) > P_MIN
        for power in (-1, -0.5, 0.5, 1):
            wrong = cell_probabilities(model, self.Q_EDGES, PHI_EDGES, lambda q, k=power: model.widths(q).s2 ** k)
            assert p_values(sample, wrong, self.Q_EDGES, PHI_EDGES)[0] < 1e-9, power

    def test_ten_percent_more_noise_fails(self):
        sample = self.sample(12_000, noise_scale=1.1)
        probability = cell_probabilities(self.model(), self.Q_EDGES, PHI_EDGES)
        assert p_values(sample, probability, self.Q_EDGES, PHI_EDGES)[0] < 1e-9


@pytest.mark.parametrize(("D", "pinned"), [(0.0, False), (3e-4, True)])
def test_free_diffusion(D, pinned):
    """Mean square displacement on a straight track, with phi free and with phi held by the chiral field.

    Without forces N M x' = xi gives x' = (alpha xi_q - Q xi_phi)/(N (1 + alpha^2)), and the two noises add to
    D_q = Delta^2 alpha kB T/((1 + alpha^2) N). Where phi is held, phi' averages to nothing, alpha N q'/Delta = xi_q,
    and in the long run D_q = Delta^2 kB T/(alpha N), larger by (1 + alpha^2)/alpha^2 = 12. In between,
    q/Delta + Q phi/alpha diffuses with that law at all times. 6400 trajectories: 1.8 % standard error, 4 of them
    allowed.
    """
    n, alpha, time = 6400, 0.3, 20e-9
    model = make_model(length=3e-6, D=D, alpha=alpha)
    N = 2 * MU_0 * MS * DELTA * THICKNESS * WIDTH / GAMMA_0
    end = simulate(
        model.device, rest(time), n=n, start=(1.5e-6, math.pi), seed=9, temperature=TEMPERATURE, samples=2, jobs=1,
        dt=None if pinned else 0.1e-9,
    )  # fmt: skip
    assert not end.left.any()
    x, phi = (end.q_samples - 1.5e-6) / DELTA, end.phi_samples - math.pi
    allowed = 4 * math.sqrt(2 / n)
    expected = 2 * KT / N * (1 / alpha if pinned else alpha / (1 + alpha**2))
    late = x[2] - x[1]
    bounded = 2 * np.var(phi[2]) / alpha**2 if pinned else 0.0  # what the held angle still adds or takes
    assert np.mean(late**2) == pytest.approx(expected * time / 2, rel=allowed, abs=bounded)
    joint = x[2] + model.Q * phi[2] / alpha
    assert np.mean(joint**2) == pytest.approx(2 * KT / (N * alpha) * time, rel=allowed)
    assert abs(x[2].mean()) < 4 * math.sqrt(expected * time / n)
    if pinned:
        assert bounded < 0.05 * expected * time / 2
    else:
        assert np.mean(phi[2] ** 2) == pytest.approx(expected * time, rel=allowed)
