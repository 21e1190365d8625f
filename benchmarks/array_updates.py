"""Pulses per second on arrays of stochastic synapses: python benchmarks/array_updates.py [--billion] [--seconds 1]

One thread and all threads (NUMBA_NUM_THREADS), one device instance and 64, every synapse its own kind of pulse or all
the same, sparse lists, conductances. Beside them, on the same law: the same draw by inverse distribution functions
(compiled alike), and plain numpy. `array_peers.py` measures other simulators beside them.
--billion adds one billion synapses: memory of the process and time of full-array pulses.
Rates are per second of wall time, the best of several rounds; with --processor-time per second of the processor time of
all threads, for machines that do other work too.
"""

import argparse
import json
import os
import resource
import sys
import time

import numba
import numpy as np
from numba import njit

from arraysim.synapses.ladder import ladder_law
from arraysim.synapses.synapse_array import SynapseArray
from arraysim.synapses.update_kernel import counter
from dwcore.numerics.noise import step_bits

SYNAPSES = 1 << 22
SPARSE = 1 << 16
BILLION = 10**9


clock = time.perf_counter


def best(work, seconds, *, least=3):
    """Least time of a call [s]."""
    work()
    times, end = [], clock() + seconds
    while len(times) < least or clock() < end:
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def own(seconds):
    rates = {}
    threads = numba.config.NUMBA_NUM_THREADS
    for instances in (1, 64):
        array = SynapseArray(ladder_law(instances=instances), shape=(SYNAPSES,), seed=1)
        rng = np.random.default_rng(1)
        every = rng.integers(0, 2, SYNAPSES, dtype=np.uint8)
        listed = np.sort(rng.choice(SYNAPSES, SPARSE, replace=False))
        shuffled = rng.permutation(listed)
        works = {
            "full_array": (SYNAPSES, lambda a=array, p=every: a.apply_all(p)),
            "full_array_one_kind": (SYNAPSES, lambda a=array: a.apply_all(0)),
            "list_in_order": (SPARSE, lambda a=array, i=listed, p=every: a.apply(i, p[:SPARSE])),
            "list_shuffled": (SPARSE, lambda a=array, i=shuffled, p=every: a.apply(i, p[:SPARSE])),
            "conductances": (SYNAPSES, lambda a=array: a.conductance),
        }
        for name, (size, work) in works.items():
            for number in sorted({1, threads}):
                numba.set_num_threads(number)
                rates[f"{name}_instances_{instances}_threads_{number}"] = size / best(work, seconds)
        numba.set_num_threads(threads)
    return rates


@njit(nogil=True)
def inverse_pulse(state, instance, pulse, cumulative, event, key_1, key_2):
    """As ``pulse_block``, by comparison with the sums of a row: K, P, states, 8 sums of 32 bits."""
    kinds, states = cumulative.shape[1:3]
    flat = cumulative.ravel()
    base = counter(event, 0)
    for i in range(state.size):
        u = np.uint32(step_bits(key_1, key_2, base + np.uint64(i)) >> np.uint64(32))
        row = ((np.int64(instance[i]) * kinds + pulse[i]) * states + state[i]) * 8
        new = np.int32(0)
        for j in range(8):  # a constant, so that the compiler takes all eight at once
            new += np.int32(u >= flat[row + j])
        state[i] = np.int8(new)


def inverse(seconds):
    rates = {}
    for instances in (1, 64):
        law = ladder_law(instances=instances)
        array = SynapseArray(law, shape=(SYNAPSES,), seed=1)
        every = np.random.default_rng(1).integers(0, 2, SYNAPSES, dtype=np.uint8)
        sums = np.cumsum(law.markov, axis=-1)
        table = np.full((*sums.shape[:-1], 8), 2**32 - 1, np.uint32)
        table[..., : sums.shape[-1]] = np.minimum(np.round(sums * 2**32), 2**32 - 1)
        keys = array.write_keys
        work = lambda a=array, t=table, k=keys, p=every: inverse_pulse(a.state, a.instance, p, t, 1, *k)  # noqa: E731
        rates[f"inverse_distribution_instances_{instances}"] = SYNAPSES / best(work, seconds)
    return rates


def plain_numpy(seconds, n=1 << 18):
    law = ladder_law(instances=64)
    rng = np.random.default_rng(1)
    sums = np.cumsum(law.markov, axis=-1)
    instance, pulse = rng.integers(0, 64, n), rng.integers(0, 2, n)
    state = np.zeros(n, np.int64)

    def work():
        u = rng.random(n)
        state[:] = (u[:, None] >= sums[instance, pulse, state][:, :-1]).sum(axis=1)

    return {"numpy_instances_64": n / best(work, seconds)}


def billion():
    found = {}
    for instances in (1, 64):
        array = SynapseArray(ladder_law(instances=instances), shape=(BILLION,), seed=1)
        array.apply_all(0)
        start = clock()
        array.apply_all(0)
        took = clock() - start
        found[f"instances_{instances}"] = {
            "pulses_per_second": BILLION / took,
            "seconds": took,
            "histogram": array.histogram().tolist(),
            "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        del array
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--billion", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--processor-time", action="store_true")
    arguments = parser.parse_args()
    if arguments.processor_time:
        global clock
        clock = time.process_time
    result = {"load": os.getloadavg()[0], "clock": clock.__name__, "threads": numba.config.NUMBA_NUM_THREADS}
    if arguments.billion:
        result["billion"] = billion()
    for measure in (own, inverse, plain_numpy):
        result |= measure(arguments.seconds)
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
