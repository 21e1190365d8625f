"""Where a pulse leads, as Verilog-A: from the probabilities of a table, or from its closed-form model.

Both pieces of code set the real `next` from the integer `state`, the reals `amplitude` [unit of the table's current
density], `width` [s] and `u`, even in 0 to 1. States are 0 to S-1; -1 and S are walls that have left the track at the
lower and the upper end.
"""

import numpy as np

from compact.forms.drift_diffusion import COLDEST
from compact.forms.forms import T_REFERENCE
from compact.forms.model import FittedModel
from compact.forms.passage import HELD
from compact.table.interpolate import chances, half_outcome, quantiles, trials
from compact.table.transition_table import TransitionTable
from dwcore.errors import InputError

MAX_TERMS = 200_000
"""Largest number of probabilities that a module may hold; front ends take seconds for a tenth of it."""


def number(value: float) -> str:
    """Return a real in Verilog-A, exact."""
    text = repr(float(value))
    text = text if "." in text or "e" in text else f"{text}.0"
    return f"({text})" if value < 0 else text


def table_law(table: TransitionTable, *, device: int, temperature: float) -> tuple[str, str]:
    """Return the code that interpolates the table as `compact.table.interpolate` does, held beyond its grid.

    Normal quantiles of the chances to be lost and to end in state m or beyond run linearly in current density and in
    the logarithm of duration. The share that counts as half an outcome is one for the whole table here.

    Returns:
        Declarations and statements.

    Raises:
        InputError: more quantiles than a module may hold.
    """
    A, D, S = table.current_density.size, table.duration.size, table.position.size
    t = int(np.argmin(np.abs(table.temperature - temperature)))
    counts = table.counts[device, t].astype(float)
    chance = np.array([[chances(rows) for rows in row] for row in counts])
    floor = half_outcome(np.min([trials(rows) for row in counts for rows in row], axis=0))
    quantile = quantiles(chance, floor)
    names = [f"wj{i}" for i in range(A)] + [f"wd{i}" for i in range(D)] + ["x", "v", "z_sum", "lost", "least"]
    lines = [*_weights("wj", "amplitude", table.current_density), *_weights("wd", "ln(width)", np.log(table.duration))]
    lines += ["case (state)"]
    for s in range(S):
        lines += [
            f"  {s}: begin",
            *(f"    {line}" for line in _row(chance[:, :, s], quantile[:, :, s], floor[s])),
            "  end",
        ]
    lines += ["  default: lost = 0.0;", "endcase"]
    lines += [f"if (lost > 0.0 && u < lost) next = {_lost_end(table, table.probability[device, t])};"]
    if sum(line.count("*") for line in lines) > MAX_TERMS:
        raise InputError(f"the table holds too many probabilities for a module, at most {MAX_TERMS}")
    return f"    real {', '.join(names)};\n", "".join(f"      {line}\n" for line in lines)


def _row(chance: np.ndarray, quantile: np.ndarray, floor: np.ndarray):
    """Return the statements for one state: the chance to be lost, then the farthest state that the draw reaches."""
    if chance[..., 0].max() > 0:
        yield f"z_sum = {_sum(quantile[..., 0])};"
        yield f"lost = {_back(floor[0])};"
        yield "v = lost < 1.0 ? (u - lost) / (1.0 - lost) : 0.0;"
    else:
        yield "lost = 0.0; v = u;"
    beyond = chance[..., 1:]
    certain = int(np.sum(np.minimum.accumulate(beyond.min(axis=(0, 1))) >= 1))
    yield f"next = {certain}.0; least = 1.0;"
    for m in range(certain + 1, beyond.shape[-1] + 1):
        if beyond[..., m - 1 :].max() <= 0:
            return
        yield f"z_sum = {_sum(quantile[..., m])};"
        yield f"least = min(least, {_back(floor[m])}); if (v < least) next = {m}.0;"


def _back(floor: float) -> str:
    """Return the chance of the quantile `z_sum`."""
    return f"min(max((normal(z_sum) - {number(floor)}) / {number(1 - 2 * floor)}, 0.0), 1.0)"


def _sum(quantile: np.ndarray) -> str:
    """Return the weighted sum of the quantiles of the grid points, shape (A, D)."""
    A, D = quantile.shape
    rows = []
    for i in range(A):
        inner = " + ".join(f"wd{d} * {number(quantile[i, d])}" for d in range(D))
        rows.append(f"wj{i} * ({inner})" if D > 1 else f"wj{i} * {number(quantile[i, 0])}")
    return " + ".join(rows) if A > 1 or D > 1 else number(quantile[0, 0])


def _lost_end(table: TransitionTable, p: np.ndarray) -> str:
    """Where a lost wall is: beyond the end that a pulse of this sign drives to, on average."""
    S = table.position.size
    move = np.subtract.outer(np.arange(S), np.arange(S)).T
    drift = (p[..., :S] * move).sum(axis=(1, 2, 3))
    upward = np.sum(np.sign(table.current_density) * drift) >= 0
    high, low = f"{S}.0", "-1.0"
    return f"amplitude >= 0.0 ? {high if upward else low} : {low if upward else high}"


def _weights(stem: str, x: str, grid: np.ndarray) -> list[str]:
    """Return the weights of the two grid points around a value."""
    n = grid.size
    if n == 1:
        return [f"{stem}0 = 1.0;"]
    lines = [f"{stem}{i} = 0.0;" for i in range(n)]
    lines += [f"x = {x};", f"if (x <= {number(grid[0])}) {stem}0 = 1.0;"]
    for i in range(n - 1):
        low, high = grid[i], grid[i + 1]
        lines.append(
            f"else if (x < {number(high)}) begin x = (x - {number(low)}) / {number(high - low)}; "
            f"{stem}{i} = 1.0 - x; {stem}{i + 1} = x; end"
        )
    return [*lines, f"else {stem}{n - 1} = 1.0;"]


def can_write(model: FittedModel) -> bool:
    """Whether the closed form of a fit can be written as Verilog-A."""
    return model.form == "drift-diffusion"


def fitted_law(model: FittedModel, *, device: int) -> tuple[str, str, str]:
    """Return the code of the closed form `drift-diffusion`; temperature and duration enter through it.

    Returns:
        Functions, declarations and statements.
    """
    S = model.states
    value = model.parameters(device)
    threshold = model.thresholds(model.value[device])
    stray = value["stray"]
    functions = "".join(_threshold_function(name, row) for name, row in zip(("up", "down"), threshold, strict=True))
    functions += _passage_function(model, value)
    lines = [
        f"rising = {number(model.upward)} * amplitude >= 0.0 ? 1 : 0;",
        f"ways = rising ? {S} - state : state + 1;",
        f"if (state < 0 || state >= {S}) next = state;",
        f"else if (u < {number(stray)}) begin",
        "  // anywhere, whatever the pulse: one of all states and the loss, alike",
        f"  next = floor({number((S + 1) / stray if stray > 0 else 0.0)} * u);",
        f"  if (next >= {S}.0) next = rising ? {S}.0 : -1.0;",
        "end else begin",
        f"  v = (u - {number(stray)}) / {number(1 - stray)};",
        "  weights = 0.0; total = 0.0; least = 1.0; passed = 0;",
        "  for (k = 1; k <= ways; k = k + 1) begin",
        "    way = rising ? threshold_up(state + k) : threshold_down(state + 1 - k);",
        "    if (k < ways) begin",
        f"      weights = weights + (k == 1 ? 1.0 : {number(value['run_way'])});",
        f"      total = total + way * (k == 1 ? 1.0 : {number(value['run_way'])});",
        "      way = total / weights;",
        "    end",
        "    chance = way > 0.0 ? passage(abs(amplitude) / way, k, width, $temperature) : 0.0;",
        "    least = min(least, chance);",
        "    if (v < least) passed = k;",
        "  end",
        "  next = rising ? state + passed : state - passed;",
        "end",
    ]
    declarations = "    real v, weights, total, least, way, chance;\n    integer rising, ways, passed, k;\n"
    return functions, declarations, "".join(f"      {line}\n" for line in lines)


def _threshold_function(name: str, row: np.ndarray) -> str:
    """Return the threshold of each ridge as a function; 0 where no wall passes."""
    cases = "".join(f"        {r}: threshold_{name} = {number(J)};\n" for r, J in enumerate(row) if J != HELD)
    return (
        f"  // threshold of ridge r for walls on their way {name}; 0 where none passes\n"
        f"  analog function real threshold_{name};\n    input r;\n    integer r;\n    begin\n      case (r)\n"
        f"{cases}        default: threshold_{name} = 0.0;\n      endcase\n    end\n  endfunction\n\n"
    )


def _passage_function(model: FittedModel, value: dict) -> str:
    """Return the chance to pass k ridges, see `compact.forms.drift_diffusion`."""
    f, T0 = number(value["diffusion"]), number(T_REFERENCE)
    if model.rest is None:
        barrier = number(2 * value["pace"] / value["diffusion"])
    else:
        rate, temperature = model.rest
        heat = temperature / T_REFERENCE
        barrier = number(heat * max(np.log(value["diffusion"] * heat / rate), 0.0))
    return f"""\
  // chance that a pulse of ratio J/J_c and width tau carries the wall over k ridges
  analog function real passage;
    input ratio, k, tau, kelvin;
    real ratio, tau, kelvin, heat, t, v, D, way, blur, z, first, rate, filled, term, none;
    integer k, i;
    begin
      heat = max(kelvin, {number(COLDEST)}) / {T0};
      t = tau - {number(value["dead_edge"])} / max(ratio, 1e-9) - {number(value["dead_first"])}
          - (k - 1) * {number(value["dead_run"])};
      t = max(t, 1e-6 * tau);
      D = {f} * heat;
      way = 1.0 + {number(value["run_way"])} * (k - 1);
      v = {number(value["pace"])} * (ratio - 1.0) / (1.0 + {number(value["saturation"])} * max(ratio - 1.0, 0.0));
      blur = sqrt(D * t);
      z = (v * t + way) / blur;
      // first passage of drift and diffusion: inverse Gaussian
      if (z >= 0.0)
        first = 0.5 * erfcx(min(z * 0.7071067811865476, 1e6)) * exp(-min(0.5 * (v * t - way) * (v * t - way) / (D * t), 700.0));
      else
        first = exp(max(2.0 * v * way / D, -700.0)) * normal(-z);
      first = min(normal((v * t - way) / blur) + first, 1.0);
      // escapes over the barrier: none of the first k came
      rate = D * exp(-{barrier} / heat * pow(max(1.0 - ratio, 0.0), 1.5));
      filled = rate * (t - (1.0 - exp(-min(D * t, 700.0))) / D);
      term = exp(-min(filled, 700.0));
      none = 0.0;
      for (i = 0; i < k; i = i + 1) begin
        none = none + term;
        term = term * filled / (i + 1.0);
      end
      passage = 1.0 - (1.0 - first) * min(none, 1.0);
    end
  endfunction
"""
