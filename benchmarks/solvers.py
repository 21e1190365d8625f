"""This wall solver beside its peers, side by side in one run: python benchmarks/solvers.py

T = 0: a 20 ns spin-orbit pulse on the five-state track, time per trajectory at equal accuracy (final position to 1e-3
of the way, against a tight reference), for this solver in lanes, scipy's solve_ivp, and cmtj if it is installed
(pip install 'dwsynapse[bench]'; its own track with a sinusoidal pinning force, same length of time).
300 K: trajectory-steps per second of this solver and of the numpy ensemble of `benchmarks/numpy_heun.py`.
Everything on one thread; times are processor times, best of several.
"""

import json
import os
import time

import numpy as np
from numpy_heun import NumpyEnsemble
from scipy.integrate import solve_ivp

from dwsynapse.benchmark import processor
from llg import Drive, QPhiModel, Waveform, find_wells, load_device, simulate

PULSE = 20e-9
CURRENT = 3.5e11  # below depinning: the wall is driven up the slope of its notch and stays on the track
ACCURACY = 1e-3


def reference(model, start):
    """Final position [m] of the pulse to 1e-10."""
    return _solve(model, start, 1e-11)[0]


def _solve(model, start, tolerance):
    def velocity(_time, y):
        v, rate = model.velocity(y[0] * 1e-9, y[1], CURRENT)
        return v, rate * 1e-9

    # In nanometres and nanoseconds, so that the absolute tolerance means something.
    solution = solve_ivp(velocity, (0, PULSE * 1e9), (start[0] * 1e9, start[1]), rtol=tolerance, atol=tolerance)
    return solution.y[0, -1] * 1e-9, solution.nfev


def cpu_seconds(work):
    """Processor time [s] of a call, which other load on the machine disturbs less than the clock, and its result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def fastest(work, repeats):
    """Least processor time [s] of a call, and its result."""
    runs = [cpu_seconds(work) for _ in range(repeats)]
    return min(seconds for seconds, _ in runs), runs[-1][1]


def error_of(q, exact, start):
    """Error of the final position relative to the way gone."""
    return abs(q - exact) / abs(exact - start[0])


def this_solver(device, start, exact, n=4096):
    """Seconds per trajectory at T = 0 with the largest step that is accurate enough."""
    drive = Drive(waveform=Waveform(np.array([0.0, PULSE]), np.ones(2)), current_density=CURRENT)
    for dt in (3.5e-12, 1.7e-12, 0.85e-12, 0.4e-12):

        def work(dt=dt):
            return simulate(device, drive, n=n, start=start, seed=1, temperature=0.0, dt=dt, jobs=1).q[0]

        work()
        seconds, q = fastest(work, 3)
        if error_of(q, exact, start) <= ACCURACY:
            return {"seconds": seconds / n, "error": error_of(q, exact, start), "dt_s": dt}
    raise SystemExit("this solver does not reach the accuracy")


def scipy_solver(model, start, exact):
    """Seconds per trajectory of solve_ivp with the loosest tolerance that is accurate enough."""
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
        seconds, (q, evaluations) = fastest(lambda tolerance=tolerance: _solve(model, start, tolerance), 2)
        if error_of(q, exact, start) <= ACCURACY:
            return {"seconds": seconds, "error": error_of(q, exact, start), "evaluations": evaluations}
    raise SystemExit("solve_ivp does not reach the accuracy")


def cmtj_solver():
    """Seconds per trajectory of cmtj's wall model with its largest step that is accurate enough; None if absent."""
    try:
        from cmtj.models.domain_dynamics import DomainWallDynamics, DWRelax, MultilayerWallDynamics
        from cmtj.utils import VectorObj
    except ImportError:
        return None

    def run(max_step):
        wall = DomainWallDynamics(
            H=VectorObj(0, 0, 0), alpha=0.3, Ms=1.1e6, thickness=0.6e-9, SHE_angle=0.12, D=1e-3, Ku=1.27e6,
            Kp=1.0, A=1.6e-11, p=0.0, relax_dw=DWRelax.NO_RELAX, Ly=100e-9, Lz=0.6e-9, V0_pin=1.65e-20,
        )  # fmt: skip
        wall.set_current_function(lambda t: 0.1 * CURRENT)
        solver = MultilayerWallDynamics([wall])
        return fastest(lambda: solver.run(PULSE, [0.0, np.pi, wall.dw0], max_step=max_step)["x_0"][-1], 1)

    run(1e-10)
    exact = run(2e-13)[1]
    for max_step in (1e-10, 3e-11, 1e-11, 3e-12, 1e-12):
        seconds, q = run(max_step)
        if abs(q - exact) <= ACCURACY * abs(exact):
            return {"seconds": seconds, "error": abs(q - exact) / abs(exact), "max_step_s": max_step}
    raise SystemExit("cmtj does not reach the accuracy")


def noisy_ensembles(device, start, lanes=4096, repeats=12):
    """Trajectory-steps per second of one thread at 300 K: this solver, and a vectorized numpy ensemble, in turns."""
    pulse, walls = device.pulse, NumpyEnsemble(QPhiModel(device), 300.0)
    waveform = Waveform(np.array([0.0, 0.3e-9]), np.ones(2))
    drive, rng, end = Drive(waveform=waveform, current_density=pulse.current_density), np.random.default_rng(1), None
    rates = {"this": 0.0, "numpy": 0.0}
    for _ in range(repeats):
        spent, end = cpu_seconds(lambda: simulate(device, drive, n=lanes, start=start, seed=1, jobs=1))
        rates["this"] = max(rates["this"], lanes * end.n_steps / spent)
        current = pulse.current_density * waveform.sample(end.n_steps)
        spent, q = cpu_seconds(lambda end=end, current=current: walls.run(*start, current, end.dt, lanes, rng))
        rates["numpy"] = max(rates["numpy"], lanes * end.n_steps / spent)
    check_same_law(end.q, q)
    return rates


def check_same_law(a, b):
    """Two samples of final positions have one mean and one spread, within five standard errors."""
    spread, n = np.std(a), a.size
    if abs(np.mean(a) - np.mean(b)) > 5 * spread * np.sqrt(2 / n) or abs(np.std(b) / spread - 1) > 5 / np.sqrt(n):
        raise SystemExit("the two ensembles differ: this is no comparison")


def main():
    """Print one JSON object."""
    device = load_device("five_state")
    model = QPhiModel(device)
    well = find_wells(model, 300.0)[2]
    start = (well.q, well.phi)
    exact = reference(model, start)
    ours, scipys, cmtjs = this_solver(device, start, exact), scipy_solver(model, start, exact), cmtj_solver()
    rates = noisy_ensembles(device, start)
    result = {
        "processor": processor(),
        "load": os.getloadavg()[0],
        "T=0, 20 ns": {"this": ours, "solve_ivp": scipys, "cmtj": cmtjs},
        "speed over solve_ivp": scipys["seconds"] / ours["seconds"],
        "speed over cmtj": cmtjs["seconds"] / ours["seconds"] if cmtjs else None,
        "300 K trajectory-steps per second": rates,
        "speed over numpy": rates["this"] / rates["numpy"],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
