"""How close the time loops come to what the processor could do: python benchmarks/roofline.py

Counts the operations of one Heun step of a group of lanes in the assembly of the loops, and compares the cycles of the
busiest unit with those that a step takes. Units and their cycles per full vector are those of Intel server cores since
2017 with two vector ports (measured on the processor of `docs/performance.md`); elsewhere read the counts, not the
bound.
"""

import collections
import json
import os
import re
import time

import numpy as np
from numba import njit

from dwcore.numerics.noise import trajectory_keys
from dwsynapse.benchmark import processor
from llg import Drive, QPhiModel, find_wells, load_device
from llg.kernels import q_phi, q_phi_chi, q_phi_delta
from llg.runs.models import with_model
from llg.runs.run_plan import EnsembleCase, plan_run

KERNELS = {"q-phi": q_phi, "q-phi-delta": q_phi_delta, "q-phi-chi": q_phi_chi}
THIRD_NORMALS = 0.5
"""A loop of noise beyond the first runs at every second step."""
PORTS, DIVIDE, ROOT, GATHER, PRODUCT = 2, 16, 18, 4, 3
"""Vector ports; cycles of a quotient, a root and a gather; port slots of a 64-bit integer product."""
STEPS = 1000
LANES = q_phi.LANES


@njit
def chain(n, x):
    """Run n rounds of a shift, an exclusive or and a product that wait for each other: five cycles each."""
    for _ in range(n):
        x = (x ^ (x >> np.uint64(7))) * np.uint64(6364136223846793005)
    return x


def clock():
    """Clock rate now [Hz]."""
    chain(1000, np.uint64(1))
    return 5e7 / min(seconds(lambda: chain(10_000_000, np.uint64(1))) for _ in range(9))


def seconds(work):
    """Processor time [s] of a call."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def kernel_call(name):
    """The compiled loop of a model, not from the cache, and a call of it over STEPS steps of 64 lanes in a notch."""
    device = with_model(load_device("five_state"), name)
    well = find_wells(QPhiModel(device), 300.0)[0]
    drive = Drive(waveform=device.pulse.waveform(1e-9), current_density=device.pulse.current_density)
    case = EnsembleCase(device=device, drive=drive, n=LANES, start=(well.q, well.phi), seed=1, temperature=300.0)
    plan = plan_run(case)
    data = plan.stretches[0].input
    keys = np.empty((2, LANES), np.uint64)
    trajectory_keys(np.uint64(1), np.uint64(0), *keys)
    start = [value / unit for value, unit in zip(plan.model.complete(well.q, well.phi), data.units, strict=True)]
    step = plan.dt * data.rate
    loop = njit(error_model="numpy", fastmath={"contract"}, nogil=True)(KERNELS[name].advance_lanes.py_func)
    amplitude, noise = np.full(LANES, drive.current_density), data.noise_per_sqrt_dt * np.sqrt(step)

    def call():
        state = [np.full(LANES, value) for value in start]
        loop(*state, amplitude, *keys, plan.rows, 0, STEPS, step, noise, data.table, data.x_end, data.coefficients)

    return loop, call


def loops(assembly):
    """Counts of the instructions of each vector loop of the time step, and the lanes of a vector."""
    register = "zmm" if "%zmm" in assembly else "ymm"
    for block in re.split(r"\n(?=\.LBB)", assembly):
        lines = [line for line in block.split("\n") if re.match(r"\tv\w+\s", line)]
        if sum("%" + register in line for line in lines) > 40 and "call" not in block:
            yield collections.Counter(re.match(r"\t(\w+)", line)[1] for line in lines), 8 if register == "zmm" else 4


def operations(assembly):
    """Operations of one step of one vector of lanes by class, summed over its loops, and the lanes of a vector."""
    total, noisy, found = collections.Counter(), 0, list(loops(assembly))
    for counts, _ in found:
        noise = counts["vsqrtpd"] > 0 and counts["vpmullq"] > 0
        share = THIRD_NORMALS if noise and noisy else 1.0
        noisy += noise
        for kind, number in classes(counts).items():
            total[kind] += share * number
    return dict(total), found[0][1]


def classes(counts):
    """Instructions by what they keep busy."""
    of = {"fused": "vfn?m", "sums": "v(add|sub)pd", "products": "vmulpd", "quotients": "vdivpd", "roots": "vsqrtpd",
          "integer products": "vpmullq", "gathers": "vp?gather", "moves": "v(p?broadcast|mov)"}  # fmt: skip
    found = collections.Counter()
    for name, number in counts.items():
        found[next((kind for kind, pattern in of.items() if re.match(pattern, name)), "others")] += number
    return found


def bound(ops):
    """Cycles of the busiest unit in one step of one vector."""
    arithmetic = sum(ops[kind] for kind in ("fused", "sums", "products", "quotients", "roots", "others"))
    ports = (arithmetic + PRODUCT * ops["integer products"]) / PORTS
    return {"vector ports": ports, "divider": DIVIDE * ops["quotients"] + ROOT * ops["roots"],
            "gathers": GATHER * ops["gathers"]}  # fmt: skip


def main():
    """Print one JSON object."""
    result = {"processor": processor(), "load": os.getloadavg()[0], "models": {}}
    for name in KERNELS:
        loop, call = kernel_call(name)
        call()
        ops, lanes = operations(loop.inspect_asm(loop.signatures[0]))
        rate, hertz = LANES * STEPS / min(seconds(call) for _ in range(100)), clock()
        units = bound(collections.Counter(ops))
        cycles = hertz * lanes / rate
        result["models"][name] = {
            "lanes_per_vector": lanes,
            "operations_per_step_of_a_vector": ops,
            "cycles_of_units": units,
            "clock_Hz": hertz,
            "steps_per_second": rate,
            "cycles_per_step_of_a_vector": cycles,
            "bound_steps_per_second": hertz * lanes / max(units.values()),
            "fraction_of_bound": max(units.values()) / cycles,
            "flops_per_step": 2 * ops["fused"] + sum(ops.get(k, 0) for k in ("sums", "products", "quotients", "roots")),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
