"""The shipped devices keep their promise: stable states, one nominal pulse moves the wall by one state."""

import numpy as np
import pytest

from llg import Drive, QPhiModel, find_wells, load_device, simulate, well_index
from llg.constants import K_B

N = 512


@pytest.mark.parametrize(("name", "states"), [("five_state", 5), ("sixteen_state", 16)])
def test_reference_device(name, states):
    device = load_device(name)
    pulse = device.pulse
    assert pulse.duration <= 10e-9
    assert pulse.current_density <= 2e12
    wells = find_wells(QPhiModel(device), 300.0)
    assert len(wells) == states
    lowest = min(min(w.barrier_left, w.barrier_right) for w in wells)
    assert lowest >= 40 * K_B * 300
    for direction in (1, -1):
        drive = Drive(waveform=pulse.waveform(pulse.duration), current_density=direction * pulse.current_density)
        for i, well in enumerate(wells):
            end = simulate(device, drive, n=N, start=(well.q, well.phi), seed=3)
            moved = direction * (well_index(wells, end.q) - i)
            assert not end.left.any()
            if 0 <= i + direction < states:
                # Four standard errors at p = 0.8 and 0.1 keep the claim honest for n = 512.
                assert np.mean(moved == 1) >= 0.8 + 4 * np.sqrt(0.16 / N)
                assert np.mean(moved == 2) <= 0.1 - 4 * np.sqrt(0.09 / N)
            else:
                assert np.mean(moved == 0) > 0.99
