"""How well transition tables carry CrossSim lookup tables: rows, staircases, and the way back.

    python benchmarks/crosssim_fidelity.py FOLDER [--states 64] [--samples 20000]

FOLDER holds `*_increasing*` and `*_decreasing*` files of one or more kinds of devices. The source is drawn as CrossSim
draws it: an even cumulative probability and the conductance, both rounded to the grid. Printed per kind and direction,
the worst of its devices:

    row mean     error of the mean of a row, share of the range
    row KS       largest difference of the cumulative distributions at the borders between states
    raw KS       largest difference of the cumulative distributions anywhere: at least half the largest probability
    stair mean   error of the mean over 60 pulses from the far end, share of the range
    stair KS     KS distance at the borders over these pulses, sampling error of the source included
    stair std    spread after 15 pulses over that of the source
"""

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np

from compact.exchange.crosssim_export import export_crosssim
from compact.exchange.crosssim_file import LookupTable, read_lookup
from compact.exchange.crosssim_import import device_pairs, import_crosssim

PULSES = 60


def rows_against(lookup: LookupTable, p: np.ndarray, x: np.ndarray) -> list[float]:
    """Worst error of the mean, KS at the borders and raw KS of the rows of one pulse."""
    low, span = lookup.conductance[0], np.ptp(lookup.conductance)
    u = np.linspace(0, 1, 10001)
    worst = np.zeros(3)
    for i, row in enumerate(lookup.quantiles(low + x * span) / span):
        y = np.sort(np.clip(x[i] + np.interp(u, lookup.cumulative, row), 0, 1))
        total = np.cumsum(p[i])
        borders = np.searchsorted(y, (x[1:] + x[:-1]) / 2) / y.size
        at, before = np.searchsorted(y, x + 1e-12) / y.size, np.searchsorted(y, x - 1e-12) / y.size
        raw = max(np.abs(total - at).max(), np.abs(np.append(0, total[:-1]) - before).max())
        worst = np.maximum(worst, [abs(p[i] @ x - y.mean()), np.abs(total[:-1] - borders).max(), raw])
    return worst.tolist()


def staircase(lookup: LookupTable, p: np.ndarray, x: np.ndarray, start: int, samples: int) -> list[float]:
    """Error of the mean and KS at the borders, worst over the pulses, and the ratio of the spreads after 15."""
    change, rng = lookup.change / np.ptp(lookup.conductance), np.random.default_rng(7)
    n, m = lookup.conductance.size - 1, lookup.cumulative.size - 1
    g, law = np.full(samples, x[start]), np.eye(x.size)[start]
    mean, distance, ratio = 0.0, 0.0, 1.0
    for pulse in range(1, PULSES + 1):
        u = np.rint(rng.random(samples) * m).astype(int)
        g = np.clip(g + change[u, np.rint(n * g).astype(int)], 0, 1)
        law = law @ p
        mean = max(mean, abs(law @ x - g.mean()))
        below = np.searchsorted(np.sort(g), (x[1:] + x[:-1]) / 2) / samples
        distance = max(distance, np.abs(np.cumsum(law)[:-1] - below).max())
        if pulse == 15:
            ratio = float(np.sqrt(law @ x**2 - (law @ x) ** 2) / g.std())
    return [mean, distance, ratio]


def main():
    """Measure every kind in the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--states", type=int, default=64)
    parser.add_argument("--samples", type=int, default=20000)
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.folder.iterdir()) if re.search("(in|de)creasing", path.name)]
    x = np.linspace(0, 1, arguments.states)
    for kind in sorted({path.name.split("creasing")[0][:-2] for path in files}):
        pairs = device_pairs([path for path in files if path.name.startswith(kind)])
        table, fidelity = import_crosssim(pairs, states=arguments.states)
        print(f"{kind}: {len(pairs)} devices, {arguments.states} states; {fidelity}")
        p = table.probability[:, 0, :, 0, :, :-1]
        for side, word, a, start in ((0, "up", 1, 0), (1, "down", 0, x.size - 1)):
            lookups = [read_lookup(pair[side]) for pair in pairs]
            row = np.max([rows_against(lookup, p[k, a], x) for k, lookup in enumerate(lookups)], axis=0)
            stair = np.max(
                [staircase(lookup, p[k, a], x, start, arguments.samples) for k, lookup in enumerate(lookups)], axis=0
            )
            print(
                f"  {word:4} row mean {row[0]:.5f}  row KS {row[1]:.4f}  raw KS {row[2]:.3f}  "
                f"stair mean {stair[0]:.4f}  stair KS {stair[1]:.3f}  stair std {stair[2]:.2f}"
            )
        with tempfile.TemporaryDirectory() as folder:
            export_crosssim(folder, table)
            again, _ = import_crosssim(device_pairs([folder]), states=arguments.states)
        away = np.abs(again.probability - table.probability).sum(axis=-1) / 2
        moved = np.abs((again.probability - table.probability)[..., :-1] @ np.arange(x.size)).max()
        print(f"  export and import: total variation {away.max():.3f} at most, {away.mean():.4f} on average; "
              f"mean change off by {moved:.4f} states at most")  # fmt: skip


if __name__ == "__main__":
    main()
