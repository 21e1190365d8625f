"""What follows from the parameters of a device, of either sign of the DMI and away from 300 K."""

import dataclasses
import types

import numpy as np
import pytest

from dwsynapse import derived
from dwsynapse.derived import count_of_wells
from llg.constants import K_B, MU_0
from llg.device.device_file import load_device

DEVICE = load_device("five_state")


def values(device):
    return {one.name: one.value for one in derived.derived(device)}


@pytest.mark.parametrize("D", [1.2e-3, -1.2e-3])
def test_fields_and_velocity_of_either_sign_of_the_dmi(D):
    """The chiral field changes its sign with D; the largest torque on the angle and the velocity do not."""
    device = DEVICE.replace({"material.D": D, "material.alpha": 0.2})
    found, film = values(device), device.material
    A, K_eff = film.A, film.K_u - MU_0 * film.Ms**2 / 2
    Delta = np.sqrt(A / K_eff)
    assert found["K_eff"] == pytest.approx(K_eff) and found["Delta"] == pytest.approx(Delta)
    assert found["sigma_0"] == pytest.approx(4 * np.sqrt(A * K_eff))
    assert found["H_D"] == pytest.approx(-D / (MU_0 * film.Ms * Delta))
    assert found["saturation_velocity"] == pytest.approx(np.pi / 2 * 2.2128e5 * abs(D) / (MU_0 * film.Ms), rel=1e-3)
    phi = np.linspace(0, 2 * np.pi, 100_001)
    torque = found["H_K"] / 2 * np.sin(2 * phi) - np.pi / 2 * found["H_D"] * np.sin(phi)
    assert found["walker_field"] == pytest.approx(MU_0 * 0.2 * torque.max(), rel=1e-6)
    assert found["walker_field"] > 2 * MU_0 * 0.2 * abs(found["H_K"]) / 2, "most of it is of the DMI"


def test_without_dmi_no_velocity_is_told():
    """Nor has the wall a chiral field; it is left to the angle that the shape field favours."""
    found = values(DEVICE.replace({"material.D": 0.0}))
    assert "saturation_velocity" not in found and found["H_D"] == 0
    assert found["walker_field"] == pytest.approx(MU_0 * DEVICE.material.alpha * abs(found["H_K"]) / 2)


def test_barriers_are_in_the_heat_of_the_device(monkeypatch):
    """At 400 K; a well counts as in a notch up to half its width from its middle."""
    notch = DEVICE.notches[-1]
    ends = (notch.position - 0.49 * notch.width, notch.position + 0.51 * notch.width)
    found = [types.SimpleNamespace(q=q, barrier_left=3e-19, barrier_right=4e-19) for q in ends]
    monkeypatch.setattr("llg.landscape.wells.find_wells", lambda model, temperature: found)
    hot = DEVICE.replace({"temperature": 400.0})
    first, second = derived.wells(hot)
    assert first["barrier_left_kT"] == pytest.approx(3e-19 / (K_B * 400))
    assert first["barrier_right_kT"] == pytest.approx(4e-19 / (K_B * 400))
    assert (first["in_notch"], second["in_notch"]) == (True, False)
    bare = dataclasses.replace(hot, notches=())
    assert [well["in_notch"] for well in derived.wells(bare)] == [None, None], "none to be in"


def test_wells_are_counted_in_words():
    free, held, unknown = {"in_notch": False}, {"in_notch": True}, {"in_notch": None}
    assert count_of_wells([held]) == "1 well" and count_of_wells([]) == "no wells"
    assert count_of_wells([held, free, free]) == "3 wells, 2 outside the notches"
    assert count_of_wells([unknown, unknown]) == "2 wells"
