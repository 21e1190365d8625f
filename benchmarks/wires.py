"""Arrays with resistive wires: time of the effective matrix, of a read and of single solves, next to a sparse direct solve.

python benchmarks/wires.py            prints one JSON object; processor time of one thread, best of several
"""

import json
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from arraysim.periphery.config import Wires
from arraysim.periphery.crossbar import Crossbar, solve_circuit
from arraysim.periphery.effective_matrix import effective_matrix

RESISTANCES = (0.01, 0.1, 1.0, 5.0, 10.0)


def best(job, repeats: int) -> tuple[float, object]:
    job()  # compile
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = job()
        times.append(time.process_time() - start)
    return min(times), result


def sparse_solution(conductance: np.ndarray, resistance: float, voltage: np.ndarray) -> np.ndarray:
    """Node by node, every segment alike."""
    n, m = conductance.shape
    word, bit = np.arange(2 * n * m).reshape(2, n, m)
    ones, twos, values = [word, word[:, 1:], bit[1:]], [bit, word[:, :-1], bit[:-1]], [conductance]
    values += [np.full(part.shape, 1 / resistance) for part in ones[1:]]
    one, two, g = (np.concatenate([part.ravel() for part in parts]) for parts in (ones, twos, values))
    ends = np.concatenate([word[:, 0], bit[-1]])
    at = np.concatenate([one, two, one, two, ends]), np.concatenate([one, two, two, one, ends])
    laws = sparse.csc_matrix((np.concatenate([g, g, -g, -g, np.full(ends.size, 1 / resistance)]), at))
    source = np.zeros(2 * n * m)
    source[word[:, 0]] = voltage / resistance
    return spsolve(laws, source)[bit[-1]] / resistance


def main():
    rng = np.random.default_rng(0)
    report = {"effective_matrix_s": {}, "single_solve_s": {}, "read_s_per_vector": {}, "update_s": {}}
    for n in (64, 128, 256):
        conductance, voltage = rng.choice([1e-5, 1e-4], (n, n)), rng.random(n)
        report["single_solve_s"][n] = {}
        for resistance in RESISTANCES:
            wires = Wires(word_resistance=resistance, bit_resistance=resistance)
            ours, found = best(lambda c=conductance, w=wires, v=voltage: solve_circuit(c, w, v), 7)
            direct, expected = best(lambda c=conductance, r=resistance, v=voltage: sparse_solution(c, r, v), 2)
            report["single_solve_s"][n][resistance] = {
                "this": ours,
                "sparse": direct,
                "ratio": direct / ours,
                "difference": float(np.abs(found.current / expected - 1).max()),
            }
        wires = Wires(word_resistance=1.0, bit_resistance=1.0)
        report["effective_matrix_s"][n], _ = best(lambda c=conductance, w=wires: effective_matrix(c, w), 3)
        array, batch = Crossbar(conductance, wires), rng.random((1000, n))
        report["read_s_per_vector"][n] = best(lambda a=array, b=batch: a.currents(b), 5)[0] / 1000
        flips = iter(range(100))

        def flip(array=array, flips=flips):
            changed = array.conductance.copy()
            changed.flat[next(flips)] *= 1.01
            array.update(changed)

        report["update_s"][n], _ = best(flip, 5)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
