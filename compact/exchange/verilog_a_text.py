"""The parts of the Verilog-A synapse that are the same for every table: random numbers, error function, clocks.

Arrays, events, `$table_model` and the random functions of the language are left out: not every front end has them
(OpenVAF lacks all four). What must last from one time step to the next is the voltage of an internal node.
"""

PRIME = 67108859
"""Largest prime below 2^26: the square of a residue is exact in a real, and cubing permutes the residues."""
ROUND_KEYS = (40503217, 2654435, 61803398, 27182818, 31415926)

HASH = f"""\
  // residue of the cube of x; exact, as no product exceeds 2^53
  analog function real cubed;
    input x;
    real x, s;
    begin
      s = x - {PRIME}.0 * floor(x / {PRIME}.0);
      cubed = s * s;
      cubed = cubed - {PRIME}.0 * floor(cubed / {PRIME}.0);
      cubed = cubed * s;
      cubed = cubed - {PRIME}.0 * floor(cubed / {PRIME}.0);
    end
  endfunction

  // even random number in 0 to 1, a function of the seed of the instance, the number of the pulse and the purpose
  analog function real even;
    input key, pulse, purpose;
    real key, pulse, purpose, x;
    begin
      x = cubed(key + {ROUND_KEYS[0]}.0);
      x = cubed(x + pulse + {ROUND_KEYS[1]}.0);
      x = cubed(x + purpose * {ROUND_KEYS[2]}.0);
      x = cubed(x + {ROUND_KEYS[3]}.0);
      x = cubed(x + {ROUND_KEYS[4]}.0);
      even = (x + 0.5) / {PRIME}.0;
    end
  endfunction

  // 0 below low, 1 above high, smooth in between
  analog function real ramp;
    input x, low, high;
    real x, low, high, s;
    begin
      s = min(max((x - low) / (high - low), 0.0), 1.0);
      ramp = s * s * (3.0 - 2.0 * s);
    end
  endfunction
"""

NORMAL = """\
  // exp(x^2) erfc(x) for x >= 0: series below 2, continued fraction above
  analog function real erfcx;
    input x;
    real x, s, term;
    integer i;
    begin
      if (x < 2.0) begin
        s = 0.0;
        term = x;
        for (i = 0; i < 50; i = i + 1) begin
          s = s + term;
          term = term * 2.0 * x * x / (2.0 * i + 3.0);
        end
        erfcx = exp(x * x) - 1.1283791670955126 * s;
      end else begin
        s = x;
        for (i = 40; i >= 1; i = i - 1)
          s = x + 0.5 * i / s;
        erfcx = 0.5641895835477563 / s;
      end
    end
  endfunction

  // distribution function of the normal law
  analog function real normal;
    input x;
    real x, tail;
    begin
      tail = 0.5 * erfcx(min(abs(x), 37.0) * 0.7071067811865476) * exp(-0.5 * min(x * x, 1369.0));
      normal = x < 0.0 ? tail : 1.0 - tail;
    end
  endfunction
"""

CLOCKS = """\
    // the pulse: its largest drive so far (p), its area (a), and two clocks that never overlap
    drive = V(w1, w2) / (r_line * area);
    size = abs(drive);
    peak = max(abs(V(p)) * j_unit, j_min);
    on = ramp(size / peak, 0.12, 0.18);
    off = 1.0 - ramp(size / peak, 0.03, 0.08);
    pulse = floor(V(n) + 0.5);
    state = floor(V(q) + 0.5);
    amplitude = V(p) * j_unit;
    width = V(a) / max(abs(V(p)), 1e-6) * t_unit;
"""

NODES = """\
    // master and slave nodes hold what must last: next state (m), state (q), number of the next pulse (c), of this one (n)
    if (analysis("static")) begin
      I(q) <+ gs * (V(q) - start);
      I(m) <+ gs * (V(m) - start);
      I(n) <+ gs * V(n);
      I(c) <+ gs * V(c);
      I(p) <+ gs * V(p);
      I(a) <+ gs * V(a);
    end else begin
      I(m) <+ gs * on * (V(m) - next);
      I(q) <+ gs * off * (V(q) - V(m));
      I(c) <+ gs * on * (V(c) - pulse - 1.0);
      I(n) <+ gs * off * (V(n) - V(c));
      I(p) <+ gs * (off * V(p) + (size > abs(V(p)) * j_unit ? 4.0 * (V(p) - drive / j_unit) : 0.0));
      I(a) <+ gs * (off * V(a) - (1.0 - off) * tau / t_unit * size / j_unit);
    end
    I(q) <+ ddt(gs * tau * V(q));
    I(m) <+ ddt(gs * tau * V(m));
    I(n) <+ ddt(gs * tau * V(n));
    I(c) <+ ddt(gs * tau * V(c));
    I(p) <+ ddt(gs * tau * V(p));
    I(a) <+ ddt(gs * tau * V(a));
    if (off < 1.0 || abs(V(q) - V(m)) > 0.01)
      $bound_step(tau);
"""
