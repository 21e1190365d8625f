"""From a specification to verified devices: what is asked for, the search, the verdicts, the folder."""

import dataclasses
import functools
import types

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from compact.bulk.local import run_threads
from dwcore.errors import InputError, RunError
from dwsynapse.derived import device_notes, wells
from dwsynapse.design.journal import Journal
from dwsynapse.design.network import through_the_chain
from dwsynapse.design.outcome import _offered, _page, _strains, gathered
from dwsynapse.design.search import first_missed, front, nearest_design, search
from dwsynapse.design.specification import plain_figures
from dwsynapse.design.trial import Trial, examine, misses, shortest_stay
from dwsynapse.design.verification import FRESH, Verdict, Verified, one_step_counts, verify
from dwsynapse.front import NOT_JUDGED, Trained
from llg.device.device_file import load_device, save_device
from llg.device.gate import Gate
from llg.device.temperature_laws import TemperatureLaws

TWO = functools.partial(run_threads, jobs=2)


def test_the_device_of_the_first_point_is_the_one_that_is_there(specification):
    spec, known = specification("states = 3", "states = 5"), load_device("five_state")
    device = spec.device(spec.values(spec.begin()))
    assert device.track == known.track
    assert [n.position for n in device.notches] == pytest.approx([n.position for n in known.notches], rel=1e-12)
    assert dataclasses.replace(device.notches[1], position=0.0) == dataclasses.replace(known.notches[1], position=0.0)
    assert device.readout == known.readout and device.pulse.current_density == pytest.approx(7e11)
    assert device.material == known.material and device.variation == known.variation


def test_a_whole_number_may_be_a_power_of_ten(specification):
    assert specification("pulses = 12000", "pulses = 1e5").budget.pulses == 100_000


def test_a_row_of_states_is_as_long_as_it_must_be(specification):
    spec = specification()
    three, seven = (spec.device({"pitch": 130e-9}, n) for n in (3, 7))
    assert seven.track.length - three.track.length == pytest.approx(4 * 130e-9)
    assert len(seven.notches) == 7 and max(n.width for n in seven.notches) <= 130e-9
    narrow = spec.device({"pitch": 100e-9}, 3)
    assert narrow.notches[0].width == pytest.approx(100e-9)  # never wider than the pitch


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("[free]", "[fre]"), 'unknown section "fre"; did you mean "free"?'),
        (("pitch", "pitsch"), 'unknown key "pitsch"; did you mean "pitch"?'),
        (('["100 nm", "160 nm"]', '["160 nm", "100 nm"]'), "pitch = "),
        (("states = 3", "states = 1"), "states = 1"),
        (("barrier = 40", "one_step_of_devices = 0.9\n[budget]\ndevices = 58\n", "[budget]\npulses", "pulses"),
         "budget.devices = 58 must be >= 59"),
        (("barrier = 40", 'constriction = "90 nm"'), "wider than the widest track"),
        (('pitch = ["100 nm", "160 nm"]', 'duration = ["0.1 ns", "0.15 ns"]'), "the edges of the pulse"),
        (("states = 3", 'states = 3\nheating = "20 K"'), 'require.heating: device "five-state reference" has no [heating]'),
        (("barrier = 40", "one_step_of_devices = 0.9999"), "budget.device_pulses = 200, 800 pulses of each device, cannot show"),
        (("five_state", "fife_state"), "fife_state"),
        (("five_state", "five_state, five_state"), 'device names "five_state" twice'),
        (('["100 nm", "160 nm"]', '["120 nm", "120 nm"]'), "pitch = [1.2e-07, 1.2e-07] must be two numbers > 0"),
        (('["100 nm", "160 nm"]', "[100, 160]"), 'did you mean "100 nm"?'),
        (("notch_depth", 'notch_width = ["170 nm", "200 nm"]\nnotch_depth'), "no notch is wider than the pitch, 1.6e-07"),
        (('["10 nm", "30 nm"]', '["50 nm", "60 nm"]'), "cuts through the widest track, 1e-07"),
        (("barrier = 40", 'area = "1e-14 m^2"'), "less than that of the shortest and narrowest track of 3 states, 1.26e-13"),
        (("barrier = 40", 'energy = "1e-18 J"'), "require.energy = 1e-18 [J] is less than that of the least pulse in the shortest"),
        (("barrier = 40", 'voltage = "1 mV"'), "require.voltage = 0.001 [V] is less than that of the least pulse"),
        (("population = 8", "population = 8.5"), "population = 8.5 must be a whole number"),
        (("barrier = 40", 'retention_temperature = "400 K"'), "retention_temperature needs retention"),
        (("barrier = 40", "retention = 1e8\nretention_temperature = 85"),
         "require.retention_temperature = 85 [K] must be >= that of writing, 300"),
        (("barrier = 40", 'retention = 1e8\ntemperature = "400 K"\nretention_temperature = "85 degC"'),
         "require.retention_temperature = 358.15 [K] must be >= that of writing, 400"),
        (("barrier = 40", 'temperature = "2300 K"'), "temperature = 2300 [K] must be < 2000"),
        (("[budget]", "[budget]\ndevices = 100"), "devices and device_pulses need require.one_step_of_devices"),
    ],
)  # fmt: skip
def test_a_specification_that_cannot_be_is_refused_in_one_line(specification, changes, words):
    with pytest.raises(InputError) as error:
        specification(*changes)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_gate_over_part_of_the_track_fits_no_other_track(specification, tmp_path):
    """One over all of it does; the track of a design is longer or shorter than that of the device."""
    for name, ends in (("all", {}), ("part", {"start": 100e-9, "end": 300e-9})):
        gate = Gate(delta_K_u=-1e3, **ends)
        save_device(tmp_path / f"{name}.toml", dataclasses.replace(load_device("five_state"), gate=gate))
    assert specification("five_state", str(tmp_path / "all.toml")).devices[0].gate is not None
    with pytest.raises(InputError, match=r"has a \[gate\] with ends along its track, which fits no other"):
        specification("five_state", str(tmp_path / "part.toml"))


def test_no_design_falls_below_the_least_pulse(specification):
    """Current, voltage and energy of a straight track with pads by hand; random designs lie above, near it without notches."""
    spec = specification('["100 nm", "160 nm"]',
                         '["100 nm", "160 nm"]\ntrack_width = ["60 nm", "200 nm"]\nthickness = ["0.5 nm", "2 nm"]\n'
                         'duration = ["0.3 ns", "2 ns"]')  # fmt: skip
    (base,), (least,) = spec.devices, [spec._least(base) for base in spec.devices]
    stack, track = base.section("stack"), base.track
    w, t, J, end, pad = 60e-9, 0.5e-9, 5e11, track.pad_taper, track.pad_width
    length = 2 * 100e-9 + min(base.notches[0].width, 100e-9)
    current = J * w * (stack.t_HM + t * stack.rho_HM / stack.rho_FM)
    taper = np.linspace(0, 1, 20_001)
    squares = length / w + 2 * end * np.trapezoid(1 / (w + (pad - w) * taper), taper)
    resistance = squares / (stack.t_HM / stack.rho_HM + t / stack.rho_FM) + stack.R_contact
    assert least["voltage"] == pytest.approx(current * resistance, rel=0.01)
    square_time = 0.3e-9 - base.section("pulse").shortest / 3  # of linear edges
    assert least["energy"] == pytest.approx(current**2 * resistance * square_time, rel=0.01)
    rng = np.random.default_rng(1)
    for x in (*rng.random((40, len(spec.variables))), np.zeros(len(spec.variables))):
        found = plain_figures(spec.device(spec.values(x)))
        assert all(found[name] >= least[name] * (1 - 1e-9) for name in ("energy", "voltage", "area")), x
    assert found["energy"] < 1.3 * least["energy"]  # of the last one, which has the shallowest notches
    require = spec.require
    assert dataclasses.replace(spec, require=dataclasses.replace(require, energy=1.001 * least["energy"]))
    with pytest.raises(InputError, match="energy"):
        dataclasses.replace(spec, require=dataclasses.replace(require, energy=0.999 * least["energy"]))


def test_misses_are_relative_and_unknown_is_missed(specification):
    spec = specification("barrier = 40", 'barrier = 40\none_step = 0.99\nenergy = "1e-14 J"\nretention = "1 year"')
    figures = {"states": 1.0, "barrier": 30.0, "one_step": 0.97, "energy": 1.5e-14, "retention": None}
    found = misses(spec, figures)
    assert spec.wanted is not None and 0.99 < spec.wanted < 1.0
    assert found["barrier"] == pytest.approx(0.25) and found["one_step"] == pytest.approx(spec.wanted - 0.97)
    assert found["energy"] == pytest.approx(0.5) and found["retention"] == 1.0 and found["states"] == 0.0
    good = {"states": 1.0, "barrier": 41.0, "one_step": 1.0, "energy": 1e-15, "retention": 1e9}
    assert not any(misses(spec, good).values())


def test_a_design_that_is_surpassed_is_not_looked_at(specification):
    spec = specification("barrier = 40", "barrier = 40\none_step = 0.97")
    trial = examine(spec, spec.begin(), 1, held=[[-20.0, -20.0]])
    assert trial.figures["surpassed"] == 1.0 and "barrier" not in trial.figures
    assert trial.pulses == 500 and not trial.holds


def test_a_rigid_wall_screens_and_a_relaxed_one_decides(specification):
    """The reference wall climbs 48.6 kB T rigid and 48.4 relaxed: a bound between them must not hold."""
    spec = specification("barrier = 40", "barrier = 48.52")
    screened = examine(spec, spec.begin(), 1, rigid={})
    assert screened.promising and not screened.holds and screened.figures["rigid"] == 1.0
    close = examine(spec, spec.begin(), 1, before=screened.figures)
    assert close.figures["rigid_barrier"] == screened.figures["barrier"]
    assert "rigid" not in close.figures and 48.3 < close.figures["barrier"] < 48.52 and not close.promising
    scaled = examine(spec, spec.begin(), 1, rigid={"barrier": close.figures["barrier"] / screened.figures["barrier"]})
    assert scaled.figures["barrier"] == pytest.approx(close.figures["barrier"]) and not scaled.promising
    assert scaled.figures["rigid_barrier"] == pytest.approx(48.6, abs=0.1) and scaled.pulses == 500
    weak = examine(
        specification("barrier = 40", "barrier = 40\none_step = 0.97"), np.array([0.33, 0.5, 0.0]), 1, rigid={}
    )
    assert weak.figures["one_step"] < 0.8 and weak.pulses == 628 and not weak.promising


def test_the_shortest_sure_pulse_is_found_for_each_design(specification):
    """A pulse that is a tenth shorter is not sure; the length that the search begins from hardly matters."""
    spec = specification('["5e11 A/m^2", "9e11 A/m^2"]', '["5e11 A/m^2", "9e11 A/m^2"]\nduration = ["0.4 ns", "1.6 ns"]',
                         "barrier = 40", "barrier = 40\none_step = 0.97")  # fmt: skip
    trials = [examine(spec, np.append(spec.begin()[:3], u), 1, rigid={}) for u in (0.0, 0.5, 1.0)]
    assert all(trial.promising for trial in trials)
    times = [trial.figures["duration"] for trial in trials]
    found = times[0]
    assert max(times) < 1.06 * min(times) and 0.5e-9 < found < 0.9e-9  # 512 pulses, of which 10 may miss: by a third
    assert spec.values(np.array(trials[0].x))["duration"] == pytest.approx(found)
    u = (0.9 * found - 0.4e-9) / 1.2e-9
    assert not examine(spec, np.append(spec.begin()[:3], u), 1, rigid={}, tuned=False).promising
    energies = [
        examine(spec, np.append(spec.begin()[:3], u), 1, rigid={}, tuned=False).figures["energy"] for u in (0, 1)
    ]
    assert energies[0] < trials[0].figures["energy"] < energies[1]
    most = dataclasses.replace(
        spec, require=dataclasses.replace(spec.require, energy=0.99 * trials[0].figures["energy"])
    )
    assert not examine(most, np.array(trials[0].x), 1, rigid={}).promising


def test_a_film_that_softens_is_kept_by_its_own_barriers():
    """Retention at another temperature is that of the film there, not of the film as it is written."""
    device = load_device("five_state")
    softer = dataclasses.replace(device, temperature_laws=TemperatureLaws(T_C=700.0))
    soft, kept, cold = shortest_stay(softer, 400.0), shortest_stay(device, 400.0), shortest_stay(device, None)
    assert soft is not None and kept is not None and cold is not None and 2 * soft < kept < 0.5 * cold


def test_instances_are_looked_at_until_one_fails(specification):
    """The tail of the devices is judged by their spread, so that few of the designs fail when they are verified."""
    spec = specification("barrier = 40", "barrier = 40\none_step_of_devices = 0.95")
    good = examine(spec, spec.begin(), 1)
    assert good.pulses == 5000 + 1024 + 8 * 256 and 0.95 < good.figures["one_step_of_devices"] <= 1 and good.holds
    weak = examine(spec, spec.begin() - [0, 0, 0.25], 1)  # at 6e11 A/m^2
    assert 5128 <= weak.pulses <= good.pulses and not weak.holds
    assert "one_step_of_devices" not in weak.figures or weak.figures["one_step_of_devices"] < 0.95
    screened = examine(spec, spec.begin(), 1, rigid={})  # sees no instances, which is no reason to look no closer
    assert screened.promising and not screened.holds
    small = dataclasses.replace(spec, budget=dataclasses.replace(spec.budget, pulses=1000, population=4))
    assert any(trial.holds for trial in search(small, seed=1))


def test_a_figure_at_its_bound_holds(specification):
    spec = specification("barrier = 40", 'barrier = 40\narea = "2.16e-13 m^2"')
    figures = {"states": 1.0, "barrier": 41.0, "area": 2.16e-13 * (1 + 1e-15)}
    assert not any(misses(spec, figures).values())
    assert misses(spec, figures | {"area": 2.17e-13})["area"] > 0


def test_a_front_holds_what_nothing_surpasses(specification):
    spec = specification()

    def trial(energy, area, missed=0.0):
        figures = {"energy": energy, "area": area}
        return Trial(x=(energy, area), figures=figures, misses={"barrier": missed}, pulses=64)

    some = [trial(1.0, 3.0), trial(2.0, 2.0), trial(2.0, 3.5), trial(3.0, 1.0), trial(0.1, 0.1, missed=0.3)]
    assert front(spec, some) == [some[0], some[1], some[3]]
    assert front(spec, some[4:]) == [] and nearest_design(some[4:]) == some[4]


def test_a_design_that_fails_gives_way_to_those_that_it_surpassed(specification, monkeypatch):
    """The least energy first, then the other end of the front, then between; whatever fails is off the front."""
    spec = dataclasses.replace(specification(), budget=dataclasses.replace(specification().budget, designs=3))
    trials = [Trial(x=(*xy, 0.5), figures=dict(zip(("energy", "area"), xy, strict=True)), misses={}, pulses=64)
              for xy in [(0.1, 0.9), (0.2, 0.8), (0.25, 0.85), (0.3, 0.7), (0.4, 0.6), (0.5, 0.5)]]  # fmt: skip
    order, bad, looks = [], set(), []

    def judged(spec, trial, *, seed, **_):
        order.append(trial.x[0])
        assert seed == 1  # to which it adds FRESH itself
        verdict = Verdict(name="barrier", value=41, low=41, high=41, bound=40, holds=trial.x[0] not in bad)
        return Verified(trial=trial, device=load_device("five_state"), figures={}, verdicts=(verdict,), pulses=0)

    def looked_at(spec, x, seed, *, final, jobs):
        looks.append((seed, final))
        return by_x[tuple(x)]

    by_x = {trial.x: trial for trial in trials}
    monkeypatch.setattr("dwsynapse.design.outcome.examine", looked_at)
    monkeypatch.setattr("dwsynapse.design.outcome.verify", judged)

    def offered_of(trials):
        order.clear()
        return _offered(spec, trials, 1, run_threads, 1, Journal(None, spec, 1))

    front_of_all, offered, failed = offered_of(trials)
    assert set(looks) == {(1 + 2 * FRESH, True)}, "the noise is neither that of the search nor that of the verification"
    assert order == [0.1, 0.5, 0.3] and [v.trial.x[0] for v in offered] == [0.1, 0.3, 0.5] and not failed
    assert [trial.x[0] for trial in front_of_all] == [0.1, 0.2, 0.3, 0.4, 0.5]

    bad.update((0.1, 0.2, 0.5))
    left, offered, failed = offered_of(trials)
    assert order == [0.1, 0.2, 0.25, 0.5, 0.4, 0.3]  # 0.25 was surpassed by 0.2 alone
    assert [v.trial.x[0] for v in offered] == [0.25, 0.3, 0.4] and [v.trial.x[0] for v in failed] == [0.1, 0.2, 0.5]
    assert [trial.x[0] for trial in left] == [0.25, 0.3, 0.4]

    bad.update(trial.x[0] for trial in trials)
    assert offered_of(trials)[:2] == ([], []) and len(order) == 6
    monkeypatch.setattr("dwsynapse.design.outcome.TRIES", 1)
    assert len(offered_of(trials)[2]) == 3  # no more than the tries


def test_what_is_unknown_is_not_nearer_than_what_is_known_to_miss():
    """A design far from a bound beats one without walls, and its line names that bound, not what was not looked for."""

    def trial(figures, **misses):
        return Trial(x=(0.5,), figures=figures, misses=misses, pulses=500)

    far = trial({"states": 1.0, "retention": 1e9}, states=0.0, retention=3.2, one_step=1.0)
    none = trial({"states": None}, states=1.0, retention=1.0, one_step=1.0)
    screened = trial({"states": 1.0, "rigid": 1.0}, states=0.0)  # misses nothing, as its instances were not looked at
    assert nearest_design([none, screened, far]) is far and first_missed(far) == "retention"
    assert first_missed(none) == "states"


def test_counts_of_one_step_in_both_directions():
    """Three states, two instances; the second lacks its last state."""
    counts = np.zeros((2, 1, 2, 1, 3, 4), np.uint64)
    counts[:, 0, 1, 0] = [[1, 8, 1, 0], [0, 2, 8, 0], [0, 0, 9, 1]]  # positive currents drive up
    counts[:, 0, 0, 0] = [[10, 0, 0, 0], [7, 3, 0, 0], [2, 8, 0, 0]]
    counts[1, 0, 1, 0, 1] = [0, 2, 0, 8]
    present = np.array([[[1, 1, 1]], [[1, 1, 0]]])
    table = types.SimpleNamespace(counts=counts, instance_states=types.SimpleNamespace(present=present))
    hits, n = one_step_counts(table)
    assert hits.tolist() == [[[8, 8], [7, 8]], [[8, 0], [7, 0]]]
    assert (n == 10).all()
    table.instance_states.present = present[:, :, ::-1]  # the second lacks its first state
    assert one_step_counts(table)[0].tolist() == [[[8, 8], [7, 8]], [[0, 0], [7, 8]]]
    down = types.SimpleNamespace(counts=counts[:, :, ::-1], instance_states=None)
    assert one_step_counts(down)[0][0].tolist() == [[8, 8], [7, 8]]


def test_verdicts_hold_with_their_whole_interval(specification):
    """The reference device keeps what it is known for; a bound above its interval fails."""
    spec = specification("barrier = 40", "barrier = 40\none_step = 0.97")
    trial = examine(spec, spec.begin(), 1)
    assert trial.holds and trial.figures["one_step"] > 0.99 and trial.pulses == 5000 + 1024
    verified = verify(spec, trial, seed=1, runner=TWO)
    assert verified.holds and verified.figures["states"] == 3.0 and verified.pulses == trial.pulses + 2 * 3 * 100
    assert verified.figures["barrier"] == pytest.approx(trial.figures["barrier"], rel=1e-3)
    by_name = {verdict.name: verdict for verdict in verified.verdicts}
    assert by_name["one_step"].low < by_name["one_step"].value and by_name["barrier"].low == by_name["barrier"].high
    strict = specification("barrier = 40", "barrier = 60\none_step = 0.97")
    assert not verify(strict, trial, seed=1, runner=TWO).holds
    assert FRESH > 10**6
    assert Verdict(name="barrier", value=3, low=3, high=3, bound=4, holds=False).text() == "barrier: 3 >= 4 fails"
    share = Verdict(name="one_step_of_devices", value=1, low=0.954, high=1, bound=0.95, holds=True, of="share of 0.9")
    assert share.text() == "one_step_of_devices, share of 0.9: 1 (0.954 to 1) >= 0.95 holds"
    area = Verdict(name="area", value=1e-13, low=1e-13, high=1e-13, bound=2e-13, holds=True)
    assert area.text() == "area [m^2]: 1e-13 <= 2e-13 holds"


def test_blas_has_one_thread_during_a_search(specification):
    seen = []

    def none(spec, seed, run):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        yield []

    with threadpool_limits(2, user_api="blas"):
        search(specification(), none, seed=1)
        after = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    assert seen and set(seen) == {1} and set(after) == {2}


def test_a_design_that_trains_no_network_leaves_the_others_theirs(tmp_path, monkeypatch):
    """A pulse that moves no wall has no table to train with; its reason stands beside what the others reach."""

    def made_up(device, **how):
        if device == "still":
            raise RunError("the table has no pulse that raises the conductance")
        accuracy = {"on_chip_test": 0.97, "float32_test": 0.98}
        return {"wells": [0.0] * 3, "accuracy": accuracy, "energy_J": 1e-9}

    monkeypatch.setattr("dwsynapse.chain.chain.run", made_up)
    offered = [types.SimpleNamespace(device=name) for name in ("still", "moving")]
    trained = through_the_chain(tmp_path, offered, 1, 1)
    assert trained.failed.tolist() == ["the table has no pulse that raises the conductance", ""]
    assert np.isnan(trained.test_accuracy[0]) and np.isnan(trained.energy[0])
    assert (trained.test_accuracy[1], trained.float32_test_accuracy[1], trained.energy[1]) == (0.97, 0.98, 1e-9)


def test_what_was_found_is_gathered_with_what_was_not_judged(specification):
    """The front first, then what else holds, once each; of a design that failed what came before the failure."""
    spec = specification("barrier = 40", "barrier = 40\none_step = 0.9")
    plain = {
        "energy": 1e-14,
        "area": 1e-13,
        "duration": 1e-9,
        "current_density": 7e11,
        "states": 1.0,
        "rigid_barrier": 50.0,
    }
    some = [Trial(x=(u, 0.5, 0.5), figures=plain | {"barrier": 40 + 10 * u}, misses={"barrier": missed}, pulses=500)
            for u, missed in ((0.1, 0.0), (0.2, 0.0), (0.1, 0.0), (0.3, 0.4))]  # fmt: skip

    def verified(holds):
        verdicts = [Verdict(name="barrier", value=41, low=41, high=41, bound=40, holds=holds)]
        if holds:
            verdicts.append(Verdict(name="one_step", value=0.95, low=0.94, high=0.96, bound=0.9, holds=True))
        return Verified(trial=some[1], device=load_device("five_state"), figures=plain | {"states": 3.0},
                        verdicts=tuple(verdicts), pulses=7)  # fmt: skip

    found = gathered(spec, 5, some, [some[1]], [verified(True)], [verified(False)], None)
    assert found.held is not None and found.offered is not None and found.failed is not None
    assert found.held.figures["barrier"].tolist() == [42, 41] and found.held.best.tolist() == [True, False]
    assert found.held.values["pitch"].tolist() == pytest.approx([112e-9, 106e-9])
    assert "states" not in found.held.figures and found.offered.figures["states"].tolist() == [3.0]
    assert "rigid_barrier" not in found.held.figures  # the journal has what is for the search alone
    assert found.failed.verdict["barrier"].tolist() == [0] and found.offered.low["one_step"].tolist() == [0.94]
    assert found.pulses == 4 * 500 + 2 * 7 and found.tried == 4 and found.seed == 5
    assert found.bounds == {"states": 3.0, "barrier": 40.0, "one_step": 0.9} and found.config["text"] == spec.text
    assert found.notes == [] and found.as_json()["notes"] == []
    both = gathered(spec, 5, some, [some[1]], [verified(True), verified(False)], [], None).offered
    assert both is not None and both.verdict["one_step"].tolist() == [1, NOT_JUDGED]
    assert both.found["one_step"][0] == 0.95 and np.isnan(both.found["one_step"][1])
    none = gathered(spec, 5, some[3:], [], [], [], None).as_json()
    assert none["nearest"]["misses"] == {"barrier": 0.4} and none["front"] == [] and none["designs"] == []


def test_the_page_has_a_row_for_each_network_and_requirement(specification, monkeypatch):
    """An area of 2.5e-13 m^2 is 0.25 um^2; the second design has trained no network."""
    spec = specification()
    figures = {"energy": 3e-14, "area": 2.5e-13, "states": 3.0, "duration": 1e-9, "current_density": 7e11}
    trial = Trial(x=(0.1, 0.5, 0.5), figures=figures, misses={}, pulses=500)
    verdict = Verdict(name="barrier", value=41, low=40.5, high=41.5, bound=40, holds=True)
    offered = [Verified(trial=trial, device=load_device("five_state").replace({"wall.shape": "rigid"}),
                        figures=figures | {"energy": energy}, verdicts=(verdict,), pulses=7)
               for energy in (3e-14, 2e-14)]  # fmt: skip
    network = Trained(test_accuracy=np.array([0.91, np.nan]), float32_test_accuracy=np.array([0.96, np.nan]),
                      energy=np.array([2e-9, np.nan]), failed=np.array(["", "no pulse"]))  # fmt: skip
    found = gathered(spec, 5, [trial], [trial], offered, [], network)
    monkeypatch.setattr("dwsynapse.design.outcome.render", lambda name, text, **parts: parts)
    parts = _page(found, offered, ["figure"], ["choice"])
    assert [fact.value for fact in parts["facts"]] == ["2", "2e-14 J", "1"] and "514 simulated" in parts["facts"][
        2
    ].note
    notes, first, second, networks = parts["sections"]
    assert len(notes.rows) + len(notes.text) > 0 and (first.heading, second.heading) == ("Design 1", "Design 2")
    assert first.text.startswith("pitch = 1.06e-07 m, ") and first.text.endswith("The device is in design_1.toml.")
    assert first.rows == (("barrier", "41", "40.5 to 41.5", "40", "holds"),)
    assert networks.rows == (
        ("1", "3", "0.9100", "0.9600", "2e-09 J", "0.25 um^2"), ("2", "no pulse", "", "", "", ""),
    )  # fmt: skip
    assert (parts["figures"], parts["choices"]) == (["figure"], ["choice"])


def test_designs_that_strain_the_model_say_so():
    device = load_device("five_state")
    rigid = device.replace({"wall.shape": "rigid"})
    (note,) = _strains([device, rigid, device])
    assert note.startswith("shape: the wall stays straight") and note.endswith("(design_2.toml alone of 3 designs)")
    assert _strains([rigid]) == device_notes(rigid, wells(rigid)) and _strains([device]) == []
