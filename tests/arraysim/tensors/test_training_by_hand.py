"""A chip and its twin on tensors do what those of numpy do: rates, momentum, and when arrays are brought up to date."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from arraysim.networks.crossbars import array_layers  # noqa: E402
from arraysim.synapses.ladder import ladder_law  # noqa: E402
from arraysim.tensors.mirror import Mirror  # noqa: E402
from arraysim.training.config import TrainingConfig  # noqa: E402
from arraysim.training.descent import Descent  # noqa: E402
from arraysim.training.on_tensors import TensorChip, TensorDescent, TensorTwin  # noqa: E402

CPU = torch.device("cpu")


def made(kind, **config):
    config = TrainingConfig(network="mlp:10,10", device="cpu-torch", **config)
    layers = array_layers(config.network, (8, 8, 1), 10)
    law = (ladder_law(miss=0.0, double=0.0),) if kind is TensorChip else ()
    return kind(*law, layers, input_shape=(8, 8, 1), classes=10, seed=1, config=config)


def test_descent_on_tensors_by_hand():
    """v = 0.5 v - 0.1 g, w = w + v, from 1 with the gradients 2, none and 4; velocities are those of the descent."""
    values = np.array([[1.0]], np.float32)
    descent, mirror = Descent([values], momentum=0.5), Mirror(CPU)
    tensor = mirror.of(values)
    on_tensors = TensorDescent(descent, [tensor], mirror)
    for gradient, expected in ((2.0, 0.8), (None, 0.8), (4.0, 0.8 - 0.1 - 0.4)):
        tensor.grad = None if gradient is None else torch.full((1, 1), gradient)
        on_tensors.step(0.1)
        assert tensor.item() == pytest.approx(expected)
    mirror.fetch()
    assert values.item() == pytest.approx(0.3) and descent.velocity[0].item() == pytest.approx(-0.5)


def test_layers_of_a_chip_have_rates_of_their_own(monkeypatch):
    chip, asked = made(TensorChip, layer_rates=(1.0, 3.0, 0.1), learning_rate=0.2, float32_learning_rate=0.07), []
    for rule in chip._tensor_rules:
        monkeypatch.setattr(rule, "write", lambda array, gradient, rate: asked.append(rate))
    monkeypatch.setattr(chip._tensor_descent, "step", lambda rate: asked.append(rate))
    chip.update(0.5)
    assert asked == pytest.approx([0.1, 0.3, 0.01, 0.035])


def test_the_twin_follows_the_schedule_and_trains_arrays_first(monkeypatch):
    """Its velocities stand in the order of what they belong to."""
    twin, asked = made(TensorTwin, float32_learning_rate=0.4), []
    monkeypatch.setattr(twin._tensor_descent, "step", lambda rate: asked.append(rate))
    twin.update(0.25)
    assert asked == pytest.approx([0.1])
    values, velocity = twin._tensor_descent._values, twin._tensor_descent._velocity
    assert (
        [tuple(one.shape) for one in values] == [tuple(one.shape) for one in velocity] == [(65, 10), (11, 10), (11, 10)]
    )


@pytest.mark.parametrize("kind", [TensorChip, TensorTwin])
def test_arrays_are_brought_up_to_date_before_anybody_looks(kind, monkeypatch):
    one, done = made(kind), []
    mirror = one.network.mirror
    monkeypatch.setattr(mirror, "fetch", lambda: done.append("fetch"))
    monkeypatch.setattr(mirror, "load", lambda: done.append("load"))
    saved = one.checkpoint()
    one.end_epoch()
    one.record()
    one.restore(saved)
    assert done == ["fetch"] * (3 if kind is TensorChip else 2) + ["load"]


def test_a_record_holds_the_conductances_of_then():
    """All weights of the first layer are raised after a first record; those of the second make its weights again."""
    chip, before = made(TensorChip), made(TensorChip).record().weight[0]
    chip.record()
    with torch.no_grad():
        chip.network.arrays[id(chip._weights[0])].pulse(torch.arange(650), torch.ones(650, dtype=torch.bool))
    record = chip.record()
    assert (record.weight[0] > before).mean() > 0.8
    again = np.tensordot(record.weight_per_conductance[0], record.conductance[0], 1)
    np.testing.assert_allclose(again, record.weight[0], atol=1e-6)


def test_what_is_multiplied_is_what_the_settings_say():
    assert made(TensorChip).network._numbers is torch.float32
    assert made(TensorTwin, device_products="bfloat16").network._numbers is torch.bfloat16
