"""The Verilog-A synapse, compiled by OpenVAF and evaluated: conductances, transitions, random numbers, pulse trains.

OpenVAF comes as the package `openvaf-py`; it gives residuals and charges of every node for given voltages, from which
the time steps here are made.
"""

import dataclasses

import fit_cases
import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from compact.exchange.verilog_a import save_module, synapse_module
from compact.exchange.verilog_a_text import PRIME, ROUND_KEYS
from compact.forms.model import FittedModel
from compact.forms.result import Fit
from compact.table.interpolate import transition_matrix
from compact.table.origin import WEIGHTS, weights
from compact.table.transition_table import InstanceStates, TransitionTable
from dwcore.errors import InputError

openvaf_py = pytest.importorskip("openvaf_py", reason="no Verilog-A front end: pip install openvaf-py")

S = 4
CURRENT = np.array([-9e11, -5e11, 5e11, 9e11])
DURATION = np.array([0.7e-9, 1.5e-9])
SHAPE = fit_cases.SHAPE | {"stray": 2e-3}
UP = ("threshold_up_1", "threshold_up_2", "threshold_up_3")
DOWN = ("threshold_down_1", "threshold_down_2", "threshold_down_3")
THRESHOLD = (
    {name: fit_cases.THRESHOLD[name] for name in UP}
    | {"threshold_down_0": 6e11}
    | {name: fit_cases.THRESHOLD[name] for name in DOWN}
)


def known_table(*, fit: bool = False, upward: int = 1, rest_rate: float = 5e-13) -> TransitionTable:
    """A table drawn from a known closed form, with it or without."""
    values = SHAPE | THRESHOLD
    P = len(values)
    model = FittedModel(
        form="drift-diffusion", states=S, upward=upward, rest_rate=rest_rate, rest_temperature=300.0, names=tuple(values),
        units=("1",) * P, shared=np.ones(P, bool), value=np.array([list(values.values())]),
        standard_error=np.zeros((1, P)), covariance=np.zeros((1, P, P)),
    )  # fmt: skip
    p = [
        [model.matrix(temperature=300.0, current_density=float(J), duration=float(t)) for t in DURATION]
        for J in CURRENT
    ]
    grid = np.zeros((1, 1, CURRENT.size, DURATION.size))
    goodness = Fit(model=model, deviance=grid, expected_deviance=grid + 1, residual=grid, free=P, verdict="as drawn")
    return TransitionTable(
        position=np.arange(1, S + 1) * 1e-7,
        conductance=np.array([2e-5, 2.9e-5, 4.1e-5, 5e-5]),
        conductance_std_ctoc=np.array([1e-7, 2e-7, 2e-7, 1e-7]),
        current_density=CURRENT,
        duration=DURATION,
        temperature=[300.0],
        counts=weights(np.array(p)[None, None]),
        energy_per_pulse=np.full((CURRENT.size, DURATION.size), 1e-13),
        fit=goodness if fit else None,
        config={"origin": {"format": "drawn", "counts": WEIGHTS}},
        seed=1,
    )


@dataclasses.dataclass
class Synapse:
    """One compiled instance; `values` are parameters and voltages by name."""

    module: object
    values: dict

    @classmethod
    def of(cls, table, path, device=0, **parameters):
        """Write, compile and set the defaults of the file."""
        module = synapse_module(table, device=device)
        save_module(path, module)
        (compiled,) = openvaf_py.compile_va(str(path))
        names = set(compiled.param_names) | set(compiled.init_param_names)
        defaults = compiled.get_param_defaults()
        values = {name: float(defaults.get(name.lower(), 0.0)) for name in names}
        values |= {"mfactor": 1.0, "$temperature": 300.0, "temperature": 300.0}
        found = cls(compiled, values | {name: float(value) for name, value in parameters.items()})
        found.nodes = [node["name"] for node in compiled.get_dae_system()["nodes"]]
        return found

    def line(self, J: float):
        """Put a drive on the write line [A/m^2]."""
        volt = J * self.values["area"] * self.values["r_line"]
        self.values |= {"V(w1,w2)": volt, "V(w1,mid)": volt / 2, "V(mid,w2)": volt / 2}

    def residuals(self) -> dict:
        """Currents and charges by node."""
        return dict(zip(self.nodes, self.module.run_init_eval(self.values)[0], strict=True))

    def next_state(self, state: int, J: float, duration: float, u: float) -> float:
        """Next state at the end of a pulse, read from the current into the node m."""
        self.line(J)
        unit, t_unit = np.abs(CURRENT).max(), DURATION.max()
        self.values |= {"V(q)": float(state), "V(p)": J / unit, "V(a)": abs(J) / unit * duration / t_unit, "draw": u}
        self.values["V(m)"] = 0.0
        return -self.residuals()["m"][0] / 1e-6

    def matrix(self, J: float, duration: float, draws: int) -> np.ndarray:
        """Transition matrix by going through all random numbers evenly, shape (S, S+1)."""
        found = np.zeros((S, S + 1))
        for s in range(S):
            for u in (np.arange(draws) + 0.5) / draws:
                end = round(self.next_state(s, J, duration, u))
                found[s, end if 0 <= end < S else S] += 1 / draws
        return found

    def conductance(self, q: float) -> float:
        """Conductance of the junction [S]."""
        self.values |= {"V(q)": q, "V(t,mid)": 0.1}
        return self.residuals()["t"][0] / 0.1

    def run(self, waveform, dt: float) -> np.ndarray:
        """Integrate the internal nodes over drives at the steps, return the state after each, shape (n,)."""
        inner, gs_tau = "qmncpa", 1e-6 * self.values["tau"]
        states = np.empty(len(waveform))
        for i, J in enumerate(waveform):
            self.line(J)
            current = self.residuals()
            for name in inner:
                self.values[f"V({name})"] -= dt * current[name][0] / gs_tau
            states[i] = self.values["V(q)"]
        return states


@pytest.fixture(scope="module", params=["table", "fit"])
def law(request):
    return request.param


@pytest.fixture(scope="module")
def table(law):
    return known_table(fit=law == "fit")


@pytest.fixture
def synapse(table, tmp_path):
    return Synapse.of(table, tmp_path / "synapse.va")


def test_the_law_is_the_one_asked_for(table, law):
    module = synapse_module(table)
    assert module.law == law
    assert ("passage" in module.text) == (law == "fit")


@pytest.mark.parametrize("a", range(CURRENT.size))
@pytest.mark.parametrize("d", range(DURATION.size))
def test_transitions_of_the_grid_points(synapse, table, a, d):
    J, duration = float(CURRENT[a]), float(DURATION[d])
    found = synapse.matrix(J, duration, 800)
    assert found == pytest.approx(table.probability[0, 0, a, d], abs=2.6e-3)
    other = table.probability[0, 0, CURRENT.size - 1 - a, d]
    assert np.abs(found - other).max() > 0.1


def test_transitions_between_the_grid_points(synapse, table, law):
    point = {"temperature": 300.0, "current_density": 7e11, "duration": 1e-9}
    expected = table.fit.model.matrix(**point) if law == "fit" else transition_matrix(table, **point)
    assert synapse.matrix(7e11, 1e-9, 1000) == pytest.approx(expected, abs=2.1e-3)


def test_temperature_enters_the_closed_form(tmp_path):
    table = known_table(fit=True, rest_rate=1e4)
    synapse = Synapse.of(table, tmp_path / "s.va", temperature=400.0)
    synapse.values["$temperature"] = 400.0
    expected = table.fit.model.matrix(temperature=400.0, current_density=3.7e11, duration=1.2e-9)
    cold = table.fit.model.matrix(temperature=300.0, current_density=3.7e11, duration=1.2e-9)
    assert np.abs(expected - cold).max() > 0.01
    assert synapse.matrix(3.7e11, 1.2e-9, 1000) == pytest.approx(expected, abs=2.1e-3)


@pytest.mark.parametrize("upward", [1, -1])
def test_lost_walls_stay_where_they_left(tmp_path, upward):
    synapse = Synapse.of(known_table(fit=True, upward=upward), tmp_path / "s.va")
    ends = {round(synapse.next_state(0, -upward * 9e11, 1.5e-9, u)) for u in (np.arange(500) + 0.5) / 500}
    assert -1 in ends and S not in ends - {S}
    for lost in (-1, S):
        assert {synapse.next_state(lost, J, 1e-9, 0.5) for J in CURRENT} == {lost}
    synapse.values["read_spread"] = 0.0
    assert synapse.conductance(-1.0) == pytest.approx(2e-5) and synapse.conductance(float(S)) == pytest.approx(5e-5)


def test_conductances_and_their_spread(synapse, table):
    synapse.values["read_spread"] = 0.0
    assert [synapse.conductance(float(s)) for s in range(S)] == pytest.approx(table.conductance, rel=1e-12)
    assert synapse.conductance(0.5) == pytest.approx(table.conductance[:2].mean())
    synapse.values |= {"read_spread": 1.0, "seed": 5.0}
    drawn = []
    for pulse in range(2000):
        synapse.values["V(n)"] = float(pulse)
        drawn.append(synapse.conductance(2.0))
    z = (np.array(drawn) - table.conductance[2]) / table.conductance_std_ctoc[2]
    assert kstest(z, "norm").pvalue > 1e-3


def test_the_write_line_is_a_resistor(synapse):
    synapse.line(5e11)
    current = synapse.residuals()
    assert current["w1"][0] == pytest.approx(5e11 * synapse.values["area"])
    assert current["w2"][0] == pytest.approx(-5e11 * synapse.values["area"])


def even(key: int, pulse: int, purpose: int) -> float:
    """The random number of the module, in whole numbers."""
    x = pow(key + ROUND_KEYS[0], 3, PRIME)
    for add in (pulse + ROUND_KEYS[1], purpose * ROUND_KEYS[2], ROUND_KEYS[3], ROUND_KEYS[4]):
        x = pow(x + add, 3, PRIME)
    return (x + 0.5) / PRIME


def test_random_numbers_are_exact_and_even(synapse, table):
    """The compiled draw decides as the whole-number form of it does; those numbers pass plain tests."""
    for seed in (1, 77):
        for pulse in range(60):
            synapse.values |= {"seed": float(seed), "V(n)": float(pulse)}
            drawn = synapse.next_state(1, 5e11, 1.5e-9, -1.0)
            assert drawn == synapse.next_state(1, 5e11, 1.5e-9, even(seed, pulse, 1))
    u = np.array([[even(seed, pulse, 1) for pulse in range(500)] for seed in range(1, 41)])
    assert kstest(u.ravel(), "uniform").pvalue > 1e-3
    for lag in (1, 2, 5):
        assert abs(np.corrcoef(u[:, :-lag].ravel(), u[:, lag:].ravel())[0, 1]) < 4 / np.sqrt(u.size)
        assert abs(np.corrcoef(u[:-lag].ravel(), u[lag:].ravel())[0, 1]) < 4 / np.sqrt(u.size)
    pairs = np.histogram2d(u[:, :-1].ravel(), u[:, 1:].ravel(), bins=8, range=[[0, 1], [0, 1]])[0]
    assert chisquare(pairs.ravel()).pvalue > 1e-3


def trapezoid(J: float, duration: float, dt: float, edge: float = 0.2e-9, rest: float = 0.2e-9) -> np.ndarray:
    """Samples of a pulse with a rest after it."""
    t = np.arange(0, duration + edge + rest, dt)
    return J * np.clip(np.minimum(t, duration + edge - t) / edge, 0, 1)


def test_pulse_trains_follow_the_table(synapse, table):
    """Pulses through the line, step by step: each moves the state once, to where the draw says, and rests there."""
    tau = synapse.values["tau"]
    dt, expected, pulse = tau / 6, 0, 0
    rng = np.random.default_rng(4)
    for _ in range(8):
        J, duration = float(rng.choice(CURRENT)), float(rng.choice(DURATION))
        synapse.values["draw"] = -1.0
        before = dict(synapse.values)
        wanted = synapse.next_state(expected, J, duration, even(1, pulse, 1))
        synapse.values = before
        states = synapse.run(trapezoid(J, duration, dt), dt)
        assert states[-1] == pytest.approx(wanted, abs=1e-3), (pulse, J, duration)
        assert synapse.values["V(n)"] == pytest.approx(pulse + 1, abs=1e-3)
        assert abs(synapse.values["V(p)"]) < 1e-3 and abs(synapse.values["V(a)"]) < 1e-3
        expected, pulse = round(wanted), pulse + 1
        if not 0 <= expected < S:  # lost for good; begin anew
            expected = 0
            synapse.values |= {"V(q)": 0.0, "V(m)": 0.0}


def test_weak_drives_are_no_pulses(synapse):
    dt = synapse.values["tau"] / 8
    synapse.values |= {"V(q)": 2.0, "V(m)": 2.0}
    states = synapse.run(trapezoid(0.1 * synapse.values["j_min"], 2e-9, dt), dt)
    assert np.all(states == 2.0) and synapse.values["V(n)"] == 0.0


def test_each_device_has_its_own_conductances(tmp_path):
    table = known_table()
    G = np.stack([table.conductance, 1.1 * table.conductance])[:, None]
    states = InstanceStates(present=np.ones(G.shape), position=G, conductance=G, conductance_std_ctoc=0 * G)
    counts = np.concatenate([table.counts, table.counts[:, :, ::-1, :, ::-1][..., [3, 2, 1, 0, 4]]])
    two = dataclasses.replace(table, counts=counts, instance_states=states)
    synapse = Synapse.of(two, tmp_path / "s.va", device=1)
    assert [synapse.conductance(float(s)) for s in range(S)] == pytest.approx(1.1 * table.conductance)
    assert synapse.matrix(9e11, 1.5e-9, 400) == pytest.approx(two.probability[1, 0, 3, 1], abs=5.1e-3)


@pytest.mark.parametrize(("unit", "volt"), [("V", 0.6), ("A", 600.0)])
def test_drives_in_volts_or_amperes_need_no_conversion(tmp_path, unit, volt):
    table = dataclasses.replace(
        known_table(),
        current_density=CURRENT / 1.5e12,
        config={"origin": {"placeholders": {"current_density": f"the amplitude of the pulse in {unit}"}}},
    )
    synapse = Synapse.of(table, tmp_path / "s.va")
    assert 0.6 * synapse.values["area"] * synapse.values["r_line"] == pytest.approx(volt)


def test_what_a_table_says_stays_within_the_comments():
    """A line break in the words of a stand-in, which no file of ours has, would put them among the statements."""
    words = 'unknown\n`include "other.va"\nmodule other; endmodule'
    table = dataclasses.replace(
        known_table(), config={"notes": ["width: of 5 um"], "origin": {"placeholders": {"duration": words}}}
    )
    text = synapse_module(table, name="one").text
    assert "\n// width: of 5 um\n" in text and "\\n`include" in text
    assert not any(line.startswith(('`include "other', "module other")) for line in text.splitlines())


def test_names_and_devices_are_checked(table):
    with pytest.raises(InputError, match='"table" is a word of Verilog-A'):
        synapse_module(table, name="table")
    with pytest.raises(InputError, match="temperature = 310"):
        synapse_module(table, temperature=310.0)
    with pytest.raises(InputError, match='module name "2x"'):
        synapse_module(table, name="2x")
    with pytest.raises(InputError, match="device = 1 must be"):
        synapse_module(table, device=1)


def test_walls_that_stray_end_in_each_outcome_alike(tmp_path):
    """Of the share of stray draws a fifth each ends in one of the four states, and off the track."""
    synapse = Synapse.of(known_table(fit=True), tmp_path / "a.va")
    draws = SHAPE["stray"] * (np.arange(S + 1) + 0.5) / (S + 1)
    assert [round(synapse.next_state(1, 9e11, 1e-9, u)) for u in draws] == list(range(S + 1))


def test_the_barrier_without_a_known_rate_at_rest_is_that_of_the_model(tmp_path):
    """Below the threshold, where only escapes move walls; with a known rate at rest fewer of them come."""
    table, pulse = known_table(fit=True, rest_rate=np.nan), {"current_density": 3.5e11, "duration": 20e-9}
    found = Synapse.of(table, tmp_path / "a.va").matrix(3.5e11, 20e-9, 400)
    expected, other = (
        one.fit.model.matrix(temperature=300.0, **pulse) for one in (table, known_table(fit=True, rest_rate=1e-3))
    )
    assert found == pytest.approx(expected, abs=4e-3)
    assert np.abs(other - expected).max() > 0.03


def test_a_closed_form_that_the_table_leaves_open_is_noted():
    table = known_table(fit=True)
    lost = [name in ("pace", "threshold_up_2") for name in table.fit.model.names]
    model = dataclasses.replace(table.fit.model, standard_error=np.where(lost, np.inf, 0.0)[None])
    open_ = dataclasses.replace(table, fit=dataclasses.replace(table.fit, model=model))
    said = [note for note in synapse_module(open_, name="open").notes if "does not determine" in note]
    assert said and "pace, threshold_up_2: beyond" in said[0]
    assert not any("does not determine" in note for note in synapse_module(table, name="told").notes)
