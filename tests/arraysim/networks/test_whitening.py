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
