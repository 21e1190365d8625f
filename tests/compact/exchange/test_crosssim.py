"""CrossSim lookup tables: reading, states that keep mean and distribution, and back again.

The distribution on S states is compared with that of the source at the borders between neighbouring states, the
only places where a table of S states says anything about it.
"""

import dataclasses
import errno
import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import norm

from compact.exchange import crosssim_export
from compact.exchange.crosssim_export import _quantiles, export_crosssim, lookup_tables
from compact.exchange.crosssim_file import HEADER, LookupTable, read_lookup, write_lookup
from compact.exchange.crosssim_import import PulseFacts, device_pairs, fidelity_of, import_crosssim
from compact.exchange.state_grid import LARGEST_SHIFT, Rows, assign_states, cell_content
from compact.table.operating_point import write_points
from compact.table.origin import WEIGHT_SUM, weights
from compact.table.table_file import load_table, save_table
from dwcore.errors import InputError
from dwcore.storage import atomic

PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "crosssim-dwmtj"
published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no published tables at {PUBLISHED}")
KINDS = pytest.mark.parametrize("kind", ["STT", "SOT"])


def gaussian_lookup(step: float, std: float, *, low=2e-5, high=5e-5, n=61, m=101) -> LookupTable:
    """A device whose pulses move by step (1 + 0.3 x) with an even spread; shares of the range."""
    x = np.linspace(0, 1, n)
    u = np.linspace(0, 1, m)
    z = norm.ppf(np.clip(u, 0.5 / m, 1 - 0.5 / m))
    change = (step * (1 + 0.3 * x)[None, :] + std * z[:, None]) * (high - low)
    return LookupTable(conductance=np.linspace(low, high, n), cumulative=u, change=change)


@pytest.fixture
def pair(tmp_path):
    paths = tmp_path / "dG_increasing.txt", tmp_path / "dG_decreasing.txt.gz"
    write_lookup(paths[0], gaussian_lookup(0.036, 0.02))
    write_lookup(paths[1], gaussian_lookup(-0.03, 0.02))
    return paths


@pytest.fixture(scope="module")
def tables():
    """Tables of the first and the last of the published devices with 64 states, their files and fidelity, by kind."""
    found = {}
    for kind in ("STT", "SOT"):
        pairs = device_pairs(sorted(PUBLISHED.glob(f"{kind}_*")))[::3]
        found[kind] = pairs, *import_crosssim(pairs)
    return found


def test_a_written_lookup_is_read_back(tmp_path):
    lookup = gaussian_lookup(0.03, 0.01)
    write_lookup(tmp_path / "a.txt.gz", lookup)
    again = read_lookup(tmp_path / "a.txt.gz")
    for name in ("conductance", "cumulative", "change"):
        assert np.allclose(getattr(again, name), getattr(lookup, name), rtol=1e-8, atol=1e-16)
    first = gzip.decompress((tmp_path / "a.txt.gz").read_bytes()).decode().split("\n")[0]
    assert first == HEADER
    write_lookup(tmp_path / "b.txt", lookup, notes=["1e-5 and 2e-5: numbers", "tilt: much"])
    assert (tmp_path / "b.txt").read_text().split("\n")[0] == f"{HEADER}; 1e-5 and 2e-5: numbers; tilt: much"
    assert np.array_equal(read_lookup(tmp_path / "b.txt").change, again.change)


def test_spaces_no_header_and_open_ends_are_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1e-5 2e-5 4e-5\n\n0.25 0.75\n1e-7 2e-7 3e-7\n3e-7 4e-7 5e-7\n")
    lookup = read_lookup(path)
    assert lookup.cumulative.tolist() == [0, 0.25, 0.75, 1]
    assert lookup.mean_change == pytest.approx([2e-7, 3e-7, 4e-7])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has 0 rows"),
        ("head\n1e-5,2e-5\n0,1\n1e-7,1e-7\n", "has 3 rows"),
        ("1e-5,2e-5\n0,1\n1e-7,1e-7\n1e-7\n", "line 4: has 1 values of dG, must be 2"),
        ("1e-5,2e-5\n0,0.5,1\n1e-7,1e-7\n1e-7,1e-7\n", "has 2 rows of dG, must be 3"),
        ("2e-5,1e-5\n0,1\n1e-7,1e-7\n1e-7,1e-7\n", "line 1: the conductances must be"),
        ("1e-5,2e-5\n0,2\n1e-7,1e-7\n1e-7,1e-7\n", "line 2: the cumulative probabilities"),
        ("1e-5,2e-5\n0,1\n1e-7,x\n1e-7,1e-7\n", 'line 3: "x" is not a number'),
        ("1e-5,2e-5\n0,1\n1e-7,nan\n1e-7,1e-7\n", "line 3: all values must be finite"),
        ("1e-5,2e-5\n0,1\n1,1\n1,1\n", "more than ten times the range"),
        ("1e-5,2e-5\n0,1\n-1,-1\n-1,-1\n", "has a dG of 1 S, more than ten times the range"),
        ("0,2e-5\n0,1\n1e-7,1e-7\n1e-7,1e-7\n", "line 1: the conductances must be > 0"),
        ("1e-5,2e-5\n-0.1,1\n1e-7,1e-7\n1e-7,1e-7\n", "line 2: the cumulative probabilities"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        read_lookup(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_damaged_and_missing_files_are_refused(tmp_path, pair):
    packed = pair[1].read_bytes()
    (tmp_path / "cut.txt").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "flip.txt").write_bytes(packed[:300] + bytes(20) + packed[320:])
    (tmp_path / "binary.txt").write_bytes(bytes(range(128, 256)))
    for name in ("cut.txt", "flip.txt", "binary.txt", "none.txt"):
        with pytest.raises(InputError, match=name):
            read_lookup(tmp_path / name)


def test_files_are_paired_by_name(tmp_path):
    names = [f"X_dG_{word}{i}.txt" for word in ("increasing", "decreasing") for i in (10, 9)]
    for name in names:
        (tmp_path / name).touch()
    pairs = device_pairs([tmp_path])
    assert [up.name for up, _ in pairs] == ["X_dG_increasing9.txt", "X_dG_increasing10.txt"]
    assert [down.name for _, down in pairs] == ["X_dG_decreasing9.txt", "X_dG_decreasing10.txt"]
    with pytest.raises(InputError, match="lacks the file of the decreasing"):
        device_pairs([tmp_path / names[0]])
    (tmp_path / "Y_dG_increasing0.txt").touch()
    (tmp_path / "Y_dG_decreasing0.txt").touch()
    with pytest.raises(InputError, match="several kinds of devices"):
        device_pairs([tmp_path])
    with pytest.raises(InputError, match="must hold"):
        device_pairs([tmp_path / "Z.txt"])


def test_pictures_are_passed_over_and_sub_folders_hold_a_device_each(tmp_path):
    for device in ("2", "10"):
        (tmp_path / device).mkdir()
        for name in ("increasing.txt", "decreasing.txt", "increasing.png"):
            (tmp_path / device / name).touch()
    assert [up.parent.name for up, _ in device_pairs([tmp_path])] == ["2", "10"]
    assert len(device_pairs([tmp_path / "2"])) == 1
    (tmp_path / "increasing.txt").touch()
    with pytest.raises(InputError, match=r"holds tables, and .*10 below it too"):
        device_pairs([tmp_path])


def test_reversed_directions_are_refused(pair):
    with pytest.raises(InputError, match="its pulses must raise the conductance"):
        import_crosssim([pair[::-1]])
    still = gaussian_lookup(0.0, 0.0)
    write_lookup(pair[1], dataclasses.replace(still, change=0 * still.change), force=True)
    with pytest.raises(InputError, match="its pulses must lower the conductance, the mean dG is 0 S"):
        import_crosssim([pair])


@pytest.mark.parametrize("ends", [{"high": 5.1e-5}, {"low": 1.9e-5}])
def test_both_directions_have_one_range(pair, ends):
    write_lookup(pair[1], gaussian_lookup(-0.03, 0.02, **ends), force=True)
    with pytest.raises(
        InputError, match="both directions must have one range of conductances, they have 2e-05 to 5e-05"
    ):
        import_crosssim([pair])


def test_devices_have_their_own_conductances_and_the_table_their_mean(pair, tmp_path):
    other = tmp_path / "dG_increasing2.txt", tmp_path / "dG_decreasing2.txt"
    for path, step in zip(other, (0.036, -0.03), strict=True):
        write_lookup(path, gaussian_lookup(step, 0.02, low=3e-5, high=8e-5))
    table, _ = import_crosssim([pair, other], states=3)
    assert table.instance_states.conductance[:, 0] == pytest.approx(np.array([[2, 3.5, 5], [3, 5.5, 8]]) * 1e-5)
    assert table.conductance == pytest.approx(np.array([2.5, 4.5, 6.5]) * 1e-5)
    assert (table.temperature.tolist(), table.duration.tolist(), table.current_density.tolist()) == (
        [300.0],
        [1.0],
        [-1.0, 1.0],
    )


def test_changes_between_two_conductances_lie_between_theirs():
    """A quarter of the way from the first to the second; beyond the ends those at the end."""
    change = np.array([[0.0, 4.0, 8.0], [1.0, 5.0, 9.0]])
    lookup = LookupTable(conductance=np.array([1.0, 2.0, 4.0]), cumulative=np.array([0.0, 1.0]), change=change)
    found = lookup.quantiles(np.array([1.25, 3.5, 0.5, 5.0]))
    assert found.tolist() == [[1.0, 2.0], [7.0, 8.0], [0.0, 1.0], [8.0, 9.0]]


def test_facts_of_pulses_are_positive():
    assert PulseFacts(temperature=0.0, duration=1e-9).temperature == 0
    for name, value in (("duration", 0.0), ("current_density", 0.0), ("energy", 0.0), ("temperature", -1.0)):
        with pytest.raises(InputError, match=rf"{name} = -?\d .* must be > 0"):
            PulseFacts(**{name: value})


def test_fidelity_by_hand():
    """Steps of 0.25, 0.5 and 0.75 of three states, to either side; spreads of 0.25 where the source has 0.5, 0.5, 0.25 and
    0.125; five states would make the median a whole two."""
    x = np.linspace(0, 1, 3)
    pairs = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1.0]])
    first = Rows(
        probability=pairs,
        mean=x + np.array([0.25, 0.5, 0.75]),
        std=np.array([0.5, 0.5, 0.0]),
        shift=np.array([0.0, 0.1, 0.0]),
    )
    other = dataclasses.replace(
        first, mean=2 * x - first.mean, std=np.array([0.25, 0.125, 0.0]), shift=np.array([0.02, 0.0, 0.01])
    )
    found = fidelity_of(x, [first, other])
    assert (found.mean_step, found.std_ratio, found.largest_shift) == pytest.approx((1.0, 0.75, 0.1))
    assert found.whole_step_states == 1 + 2 * 2


@pytest.mark.parametrize("std", [1e-4, 0.005, 0.02, 0.1])
def test_rows_keep_the_mean_and_the_distribution(std):
    states, u = np.linspace(0, 1, 64), np.linspace(0, 1, 501)
    y = states[:, None] + 0.036 + std * norm.ppf(np.clip(u, 1e-3, 1 - 1e-3))
    rows = assign_states(states, y, u)
    fine = np.array([np.clip(np.interp(np.linspace(0, 1, 20001), u, row), 0, 1) for row in y])
    assert rows.probability.sum(axis=1) == pytest.approx(1, abs=1e-12) and rows.probability.min() >= 0
    assert rows.probability @ states == pytest.approx(fine.mean(axis=1), abs=2e-5)
    nearest = np.array([cell_content(states, row, u) for row in np.clip(y, 0, 1)])
    sampled = np.array([np.mean(row[:, None] < (states[1:] + states[:-1]) / 2, axis=0) for row in fine])
    assert np.cumsum(nearest, axis=1)[:, :-1] == pytest.approx(sampled, abs=1e-3)
    if std >= 0.005:
        assert rows.shift.max() <= LARGEST_SHIFT + 1e-9
    if std <= 0.005:  # the plain content of the cells would be off
        assert np.abs(nearest @ states - fine.mean(axis=1)).max() > 5e-4


def narrowest_by_programming(states, cells, mean, bound):
    """The least spread distribution of a mean whose cumulative differs by at most `bound`, by linear programming."""
    moved = np.eye(states.size, states.size - 1, -1) - np.eye(states.size, states.size - 1)
    found = linprog(
        (states - mean) ** 2 @ moved, A_ub=-moved, b_ub=cells, A_eq=np.diff(states)[None, :],
        b_eq=[mean - cells @ states], bounds=(-bound, bound),
    )  # fmt: skip
    return cells + moved @ found.x if found.status == 0 else None


@pytest.mark.parametrize("std", [0.0, 1e-3])
def test_steps_that_fit_no_state_spread_as_little_as_the_bound_allows(std):
    rng = np.random.default_rng(3)
    states, u = np.append(0.0, np.cumsum(rng.uniform(0.5, 1.5, 20))), np.linspace(0, 1, 51)
    states /= states[-1]
    y = states[:, None] + 0.037 + std * norm.ppf(np.clip(u, 1e-3, 1 - 1e-3))
    rows, spread_less = assign_states(states, y, u), 0
    for state, row in enumerate(np.clip(y, 0, 1)):
        cells = cell_content(states, row, u)
        bounds = (LARGEST_SHIFT, 2 * LARGEST_SHIFT, 1.0)
        each = (narrowest_by_programming(states, cells, rows.mean[state], bound) for bound in bounds)
        least = next(one for one in each if one is not None)
        if rows.shift[state] >= LARGEST_SHIFT - 1e-9:
            assert rows.probability[state] == pytest.approx(least, abs=1e-9)
            spread_less += 1
    assert spread_less > 5
    assert rows.probability @ states == pytest.approx(rows.mean, abs=1e-12)


def test_mean_and_spread_of_a_law_are_those_of_its_lines():
    """Even between 0.2 and 0.8, in one line: a variance of 0.6^2/12; what leaves the range stays at its end."""
    states, u = np.linspace(0, 1, 3), np.array([0.0, 1.0])
    rows = assign_states(states, np.array([[0.2, 0.8], [0.2, 0.8], [1.1, 1.3]]), u)
    assert rows.mean == pytest.approx([0.5, 0.5, 1.0]) and rows.std == pytest.approx([0.6 / np.sqrt(12)] * 2 + [0.0])
    assert rows.probability[0] == pytest.approx([0.05 / 0.6, 0.5 / 0.6, 0.05 / 0.6])
    assert rows.probability[2] == pytest.approx([0, 0, 1])


def test_what_lies_between_two_states_is_of_the_higher_one():
    states, u = np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.5, 0.5, 1.0])
    for order in (slice(None), slice(None, None, -1)):  # quantiles that ascend, and some that do not
        content = cell_content(states, np.array([0.25, 0.25, 0.5, 0.75])[order], u)
        assert content == pytest.approx([0, 1, 0])
        assert cell_content(states, np.array([0.25, 0.25, 0.25, 0.25])[order], u) == pytest.approx([0, 1, 0])


def test_quantiles_that_rise_and_fall_count_both_ways():
    """Up to the last state and back: a quarter of the time near either end of each way."""
    states = np.array([0.0, 0.5, 1.0])
    content = cell_content(states, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.5, 1.0]))
    assert content == pytest.approx([0.25, 0.5, 0.25])


def test_counts_stand_for_probabilities():
    p = np.random.default_rng(1).dirichlet(np.full(65, 0.1), size=(2, 5))
    counts = weights(p)
    exact = p * WEIGHT_SUM
    up, rest = counts - np.floor(exact), exact - np.floor(exact)
    assert set(np.unique(up)) == {0, 1}
    for rounded, remainder in zip(up.reshape(-1, 65), rest.reshape(-1, 65), strict=True):  # the largest are rounded up
        assert remainder[rounded == 1].min() >= remainder[rounded == 0].max() - 1e-6
    assert np.all(counts.sum(axis=-1) == WEIGHT_SUM)
    assert np.abs(counts / WEIGHT_SUM - p).max() <= 1 / WEIGHT_SUM


def test_a_table_says_what_it_lacks_and_trains(tmp_path, pair):
    table, fidelity = import_crosssim([pair], states=32)
    save_table(tmp_path / "t.h5", table)
    again = load_table(tmp_path / "t.h5")
    assert set(again.config["origin"]["placeholders"]) >= {"position", "current_density", "energy_per_pulse"}
    up, down = write_points(again, temperature=300.0)
    assert (up.current_density, down.current_density) == (1.0, -1.0)
    assert fidelity.mean_step == pytest.approx(0.034 * 31, rel=0.1)
    assert fidelity.whole_step_states == pytest.approx(1 + 2 / 0.036, abs=6)


def test_pulses_that_skip_levels_still_write(pair, tmp_path):
    """With 130 states a pulse moves by nearly five and never by one."""
    up, down = tmp_path / "b_increasing.txt", tmp_path / "b_decreasing.txt"
    write_lookup(up, gaussian_lookup(0.036, 1e-3))
    write_lookup(down, gaussian_lookup(-0.036, 1e-3))
    table, _ = import_crosssim([(up, down)], states=130)
    assert [p.current_density for p in write_points(table, temperature=300.0)] == [1.0, -1.0]


def test_discrete_states_are_exported_as_steps(tmp_path, pair):
    table, _ = import_crosssim([pair], states=8)
    plain = type(table)(**{**vars_of(table), "config": {}})
    change = lookup_tables(plain, resolution=8)[0][0].change
    gaps = np.subtract.outer(table.conductance, table.conductance)
    nearest = np.abs(change[:, :, None] - gaps.T[None]).min(axis=-1)
    assert np.mean(nearest < 1e-4 * np.ptp(table.conductance)) > 0.6  # the rest are means across a step


def test_a_folder_never_holds_tables_of_two_exports(tmp_path, pair, monkeypatch):
    """Also not those of devices that the new table lacks, nor one of a pair where a disk fails before or between its names."""
    (one, _), (two, _) = import_crosssim([pair], states=8), import_crosssim([pair, pair], states=8)
    out, own = tmp_path / "out", {"dG_increasing.txt", "dG_decreasing.txt"}
    out.mkdir()
    (out / "dG_notes.txt").write_text("mine")
    export_crosssim(out, two)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert len(before) == 5
    publish, named = atomic._publish, []

    def fails(at):
        def wrapped(*args):
            named.append(args)
            if len(named) == at:
                raise OSError(errno.EIO, "made to fail")
            publish(*args)

        named.clear()
        return wrapped

    with monkeypatch.context() as patch, pytest.raises(KeyError):
        texts = iter(["first"])
        patch.setattr(crosssim_export, "lookup_text", lambda *args: {"first": "x"}[next(texts, "second")])
        export_crosssim(out, one, force=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with monkeypatch.context() as patch, pytest.raises(OSError, match="made to fail"):
        patch.setattr(atomic, "_publish", fails(2))
        export_crosssim(out, one, force=True)
    assert len(own & {path.name for path in out.iterdir()}) == 1 and len(list(out.iterdir())) == 2
    export_crosssim(out, one, force=True)
    assert {path.name for path in out.iterdir()} == own | {"dG_notes.txt"}


def vars_of(table) -> dict:
    return {name: getattr(table, name) for name in table.__dataclass_fields__}


def clipped(lookup: LookupTable) -> np.ndarray:
    """Quantiles of the change within the range, sorted, as shares of it."""
    G = lookup.conductance
    return np.sort(np.clip(G + lookup.change, G[0], G[-1]) - G, axis=0) / np.ptp(G)


@published
@KINDS
def test_published_tables_keep_each_distribution(tables, kind):
    """At every state: mean to 1e-4 of the range, KS distance at the borders at most 0.05."""
    pairs, table, _ = tables[kind]
    x = np.linspace(0, 1, 64)
    fine = np.linspace(0, 1, 4001)
    for k, files in enumerate(pairs):
        for a, path in ((1, files[0]), (0, files[1])):
            lookup = read_lookup(path)
            low, span = lookup.conductance[0], np.ptp(lookup.conductance)
            for i, row in enumerate(lookup.quantiles(low + x * span) / span):
                y = np.sort(np.clip(x[i] + np.interp(fine, lookup.cumulative, row), 0, 1))
                p = table.probability[k, 0, a, 0, i, :64]
                below = np.searchsorted(y, (x[1:] + x[:-1]) / 2) / y.size
                assert np.abs(np.cumsum(p)[:-1] - below).max() <= 0.05
                assert p @ x == pytest.approx(y.mean(), abs=1e-4)


@published
@KINDS
def test_published_staircases_keep_their_mean(tables, kind):
    """60 pulses up and 60 down, the source drawn as CrossSim draws it: mean within 2 % of the range throughout."""
    pairs, table, _ = tables[kind]
    x = np.linspace(0, 1, 64)
    for a, side, start in ((1, 0, 0), (0, 1, 63)):
        lookup = read_lookup(pairs[0][side])
        change, rng = lookup.change / np.ptp(lookup.conductance), np.random.default_rng(7)
        g, p = np.full(4000, x[start]), np.eye(64)[start]
        for _ in range(60):
            u = rng.integers(0, 500, g.size) + rng.integers(0, 2, g.size)  # as rounding of an even u to the grid
            g = np.clip(g + change[u, np.rint(500 * g).astype(int)], 0, 1)
            p = p @ table.probability[0, 0, a, 0, :, :64]
            assert abs(p @ x - g.mean()) <= 0.02


@published
@KINDS
def test_published_tables_come_back(tables, kind, tmp_path):
    """Exported and read again: the changes within a state's spacing in the mean, the rows nearly the same."""
    pairs, table, _ = tables[kind]
    files = export_crosssim(tmp_path, table)
    assert len(files) == 4
    for k, (path, given) in enumerate(zip(files[::2], (up for up, _ in pairs), strict=True)):
        source, back = read_lookup(given), read_lookup(path)
        assert back.conductance == pytest.approx(source.conductance, rel=1e-7), k
        gap = np.abs(clipped(source) - clipped(back)) * 63
        assert np.abs((clipped(source) - clipped(back)).mean(axis=0)).max() * 63 <= 0.25
        assert np.sqrt(np.mean(gap**2)) <= 0.5
    again, _ = import_crosssim(device_pairs([tmp_path]))
    away = np.abs(again.probability - table.probability).sum(axis=-1) / 2
    assert away.max() <= 0.08 and away.mean() <= 0.02
    assert np.abs((again.probability - table.probability)[..., :64] @ np.arange(64)).max() <= 0.05


def test_a_sure_move_stays_sure_also_where_gaps_are_filled():
    G, u = np.linspace(1e-5, 3e-5, 5), np.linspace(0, 1, 9)
    for spread in (True, False):
        assert _quantiles(G, 1, np.array([0.0, 0.0, 0.0, 1.0, 0.0]), u, spread) == pytest.approx(np.full(9, 1e-5))


def test_a_device_whose_states_are_out_of_order_has_no_table(pair):
    table, _ = import_crosssim([pair], states=8)
    states = table.instance_states
    conductance = states.conductance.copy()
    conductance[0, 0, 4] = conductance[0, 0, 3]
    equal = dataclasses.replace(table, instance_states=dataclasses.replace(states, conductance=conductance))
    with pytest.raises(InputError, match="device 0 of the table has states whose conductances do not ascend"):
        lookup_tables(equal, resolution=8)


def test_gaps_between_states_are_filled_without_a_change_of_mean_and_variance():
    """Each outcome is spread evenly over half the gaps beside it, and all are drawn together by as much as that adds."""
    G, row, u = np.linspace(1e-5, 3e-5, 5), np.array([0.0, 0.1, 0.3, 0.4, 0.2]), np.linspace(0, 1, 5001)
    change = _quantiles(G, 2, row, u, True)
    weight = np.diff(np.concatenate([[0.0], (u[1:] + u[:-1]) / 2, [1.0]]))
    mean = row @ (G - G[2])
    assert weight @ change == pytest.approx(mean)
    assert weight @ (change - mean) ** 2 == pytest.approx(row @ (G - G[2] - mean) ** 2, rel=1e-3)
    assert np.unique(change).size > 4000
    stepped = np.unique(_quantiles(G, 2, row, u, False).round(10))
    assert (
        np.isin((G[1:] - G[2]).round(10), stepped).all() and stepped.size <= 7
    )  # and where a quantile holds two of them
