"""Whitening by its purpose: what comes out of it has no mean and no correlations."""

import numpy as np
import pytest

from arraysim.networks.definition import Whiten
from arraysim.networks.whitening import WhiteningLayer


def test_patches_come_out_without_mean_and_correlations():
    """An axis of variance v comes out with v/(v + epsilon); the second half is the first with the other sign."""
    rng = np.random.default_rng(1)
    mixed = 0.5 + rng.normal(size=(40, 7, 6, 3)) @ rng.normal(size=(3, 3))
    images = mixed.astype(np.float32)
    spec = Whiten()
    layer = WhiteningLayer(spec, 3)
    layer.learn(images)
    out = layer.forward(images, True)
    half = out.shape[-1] // 2
    assert half == spec.patch**2 * 3
    np.testing.assert_array_equal(out[..., half:], -out[..., :half])
    values = out[..., :half].reshape(-1, half).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(images.astype(np.float64), (spec.patch, spec.patch), axis=(1, 2))
    variance = np.linalg.eigvalsh(np.cov(windows.reshape(*windows.shape[:3], -1).reshape(-1, half), rowvar=False))
    assert np.abs(values.mean(axis=0)).max() < 1e-4
    found = np.cov(values, rowvar=False)
    assert np.abs(found - np.diag(np.diag(found))).max() < 1e-3
    assert np.sort(np.diag(found)) == pytest.approx(np.sort(variance / (variance + spec.epsilon)), abs=1e-3)
    assert np.ptp(variance) > 1


def test_the_map_is_the_root_of_the_inverse_covariance():
    """Patches of 3 x 3 whose variances are below epsilon, too: each is divided by sqrt(variance + epsilon)."""
    rng = np.random.default_rng(2)
    images = rng.normal(size=(60, 6, 5, 1)) * 0.02
    layer = WhiteningLayer(Whiten(patch=3), 1, np.float64)
    layer.learn(images)
    assert layer.forward(images, True).shape == (60, 4, 3, 18)
    windows = np.lib.stride_tricks.sliding_window_view(images[..., 0], (3, 3), axis=(1, 2)).reshape(-1, 9)
    variance = np.linalg.eigvalsh(np.cov(windows, rowvar=False))
    lengths = np.linalg.norm(layer.matrix[:-1], axis=0)  # of axes of unit length
    assert np.sort(lengths)[::-1] == pytest.approx(1 / np.sqrt(variance + Whiten().epsilon))
    assert variance.max() < 2 * Whiten().epsilon
    axes = layer.matrix[:-1]
    assert np.all(axes[np.abs(axes).argmax(axis=0), np.arange(9)] > 0), "the largest entry of an axis is positive"
