"""How far the compiled Verilog-A module of a table is from the table and its closed form.

    python benchmarks/verilog_a_agreement.py TABLE [--device K] [--draws 400]

Needs OpenVAF (`pip install openvaf-py`). Goes through all states and pulses of the grid with evenly spaced random
numbers and prints the largest difference of a probability and the largest total variation distance from the counts and,
with a fit, from the closed form; then conductances, time to compile and time per evaluation. Even draws resolve
1/draws.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import openvaf_py

from compact.exchange.verilog_a import save_module, synapse_module
from compact.table.table_file import load_table


def compiled_values(module) -> dict:
    """Parameters at their defaults and voltages zero."""
    defaults = module.get_param_defaults()
    names = {*module.param_names, *module.init_param_names}
    return {name: float(defaults.get(name.lower(), 0.0)) for name in names} | {"mfactor": 1.0}


def compiled_matrix(
    module, values: dict, table, J: float, duration: float, temperature: float, draws: int
) -> np.ndarray:
    """Transition matrix of the module for one pulse, shape (S, S+1)."""
    S = table.position.size
    unit, t_unit = np.abs(table.current_density).max(), table.duration.max()
    volt = J * values["area"] * values["r_line"]
    values |= {"V(w1,w2)": volt, "V(w1,mid)": volt / 2, "V(mid,w2)": volt / 2, "V(p)": J / unit, "V(m)": 0.0}
    values |= {"V(a)": abs(J) / unit * duration / t_unit, "$temperature": temperature, "temperature": temperature}
    found = np.zeros((S, S + 1))
    for s in range(S):
        values["V(q)"] = float(s)
        for u in (np.arange(draws) + 0.5) / draws:
            values["draw"] = float(u)
            end = round(-module.run_init_eval(values)[0][5][0] / 1e-6)
            found[s, end if 0 <= end < S else S] += 1 / draws
    return found


def main():
    """Compile, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--draws", type=int, default=400)
    arguments = parser.parse_args()
    table = load_table(arguments.table)
    text = synapse_module(table, device=arguments.device)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synapse.va"
        save_module(path, text)
        begin = time.process_time()
        (module,) = openvaf_py.compile_va(str(path))
        print(f"{text.law}: {len(text.text)} characters, compiled in {time.process_time() - begin:.2f} s")
    assert module.get_dae_system()["nodes"][5]["name"] == "m"
    values, T = compiled_values(module), float(table.temperature[0])
    worst = {"counts": [0.0, 0.0], "closed form": [0.0, 0.0]}
    begin, evaluations = time.process_time(), 0
    for a, J in enumerate(table.current_density):
        for d, t in enumerate(table.duration):
            found = compiled_matrix(module, values, table, float(J), float(t), T, arguments.draws)
            evaluations += found.shape[0] * arguments.draws
            expected = {"counts": table.probability[arguments.device, 0, a, d]}
            if table.fit is not None:
                pulse = {"temperature": T, "current_density": float(J), "duration": float(t)}
                expected["closed form"] = table.fit.model.matrix(**pulse, device=arguments.device)
            for name, p in expected.items():
                gap = np.abs(found - p)
                worst[name] = np.maximum(worst[name], [gap.max(), gap.sum(axis=1).max() / 2])
    for name, (entry, distance) in worst.items():
        if name == "counts" or table.fit is not None:
            print(f"  from the {name}: probability {entry:.4f} at most, total variation {distance:.4f} at most")
    print(f"  {1e6 * (time.process_time() - begin) / evaluations:.0f} microseconds per evaluation")
    G = table.conductance if table.instance_states is None else table.instance_states.conductance[arguments.device, 0]
    values |= {"read_spread": 0.0, "V(t,mid)": 0.1}
    read = []
    for s in range(G.size):
        values["V(q)"] = float(s)
        read.append(module.run_init_eval(values)[0][2][0] / 0.1)
    print(f"  conductances: {np.abs(np.array(read) / G - 1).max():.1e} relative at most")


if __name__ == "__main__":
    main()
