"use strict";
// The part of a report that changes with what its reader chooses. Numbers come first, drawing after them; nothing is
// fetched, kept or sent. The data are those of explorer.py.
const explorer = (() => {
  const PULSES = 8; // in a train at least

  // ---- numbers ----

  /** Returns the 16-bit numbers that stand in base64. */
  const decoded = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] + 256 * bytes[2 * i + 1]);
  };

  /** Returns trials of one row and their shares by state, those in no state last. */
  const row = (device, { instance: k, current: a, duration: d, state: s }) => {
    const [A, D, S] = [device.currents.length, device.durations.length, device.conductance[0].length];
    const pairs = device.rows[((k * A + a) * D + d) * S + s];
    const share = new Array(S + 1).fill(0);
    let trials = 0;
    for (let i = 1; i < pairs.length; i += 2) trials += pairs[i];
    for (let i = 0; i < pairs.length; i += 2) share[pairs[i]] = pairs[i + 1] / trials;
    return { trials, share };
  };

  /** Returns the shares of all states. */
  const matrix = (device, choice) =>
    device.conductance[0].map((_, state) => row(device, { ...choice, state }).share);

  /** Returns mean, 5 % and 95 % of the conductance of walls not lost, and the share lost, after each pulse. */
  const train = (device, choice, pulses) => {
    const G = device.conductance[choice.instance];
    const P = matrix(device, choice);
    const order = G.map((_, i) => i).sort((i, j) => G[i] - G[j]);
    const mean = [], low = [], high = [], lost = [];
    let share = G.map((_, i) => (i === choice.state ? 1 : 0));
    for (let n = 0; n <= pulses; n += 1) {
      const kept = share.reduce((sum, p) => sum + p, 0);
      const quantile = (q) => {
        let sum = 0;
        for (const i of order) if ((sum += share[i] / kept) >= q - 1e-12) return G[i];
        return G[order[order.length - 1]];
      };
      mean.push(kept > 1e-12 ? share.reduce((sum, p, i) => sum + p * G[i], 0) / kept : NaN);
      low.push(kept > 1e-12 ? quantile(0.05) : NaN);
      high.push(kept > 1e-12 ? quantile(0.95) : NaN);
      lost.push(Math.max(1 - kept, 0));
      share = G.map((_, to) => share.reduce((sum, p, from) => sum + p * P[from][to], 0));
    }
    return { mean, low, high, lost };
  };

  /** Returns the positions of each wall in time [nm]. */
  const walls = (device, { instance: k, current: a, duration: d, state: s }) => {
    const [A, D, S] = [device.currents.length, device.durations.length, device.conductance[0].length];
    const [W, M] = [device.walls, device.times[d].length];
    const first = (((k * D + d) * S + s) * A + a) * W * M;
    const at = (w, m) => (device.numbers[first + w * M + m] / 65535) * device.length;
    return Array.from({ length: W }, (_, w) => Array.from({ length: M }, (__, m) => at(w, m)));
  };

  // ---- words ----

  const digits = (value) => String(Number(value.toPrecision(3))).replace("-", "−");
  const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  const prefixed = (exact, unit) => {
    const value = Number(exact.toPrecision(3)); // first, so that 999.9 f becomes 1 p
    if (value === 0) return `0 ${unit}`;
    const step = Math.min(Math.max(Math.floor(Math.log10(Math.abs(value)) / 3 + 1e-9), -6), 4);
    const prefix = ["a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T"][step + 6];
    return `${digits(value / 10 ** (3 * step))}\u00a0${prefix}${unit}`;
  };
  const current = (exact) => {
    const J = Number(exact.toPrecision(3));
    const power = Math.floor(Math.log10(Math.abs(J)) + 1e-9);
    return J === 0 ? "0 A/m²" : `${digits(J / 10 ** power)} × 10${superscript(power)}\u00a0A/m²`;
  };
  const percent = (p) => {
    if (p > 0 && p < 0.001) return "<0.1";
    if (p < 1 && p > 0.999) return ">99.9";
    return p === 1 || p === 0 ? String(100 * p) : (100 * p).toFixed(1);
  };
  /** Returns what a pulse does, in a sentence. */
  const sentence = (device, choice) => {
    const { share, trials } = row(device, choice);
    const S = share.length - 1;
    const name = (to) => (to === S ? "are in no state" : to === choice.state ? "stay" : `go to state ${to}`);
    const parts = share.map((p, to) => [p, to]).filter(([p]) => p > 0).sort((one, other) => other[0] - one[0]);
    const shown = parts.slice(0, 4).map(([p, to]) => `${percent(p)} % ${name(to)}`);
    const lacks = !device.present[choice.instance][choice.state];
    const put = lacks ? " This device instance lacks the state; the walls were put there." : "";
    const energy = prefixed(device.energy[choice.current][choice.duration], "J");
    return `Of ${trials} walls in state ${choice.state}, ${shown.join(", ")}${parts.length > 4 ? ", …" : ""}. ` +
      `The pulse takes ${energy}.${put}`;
  };

  // ---- drawing ----

  const element = (name, attributes = {}, ...children) => {
    const svg = ["svg", "g", "path", "line", "rect", "text", "title"].includes(name);
    const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const line = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  /** Returns round numbers between two ends, about `count` of them. */
  const ticks = (low, high, count) => {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough * (1 - 1e-9));
    const first = Math.ceil(low / step - 1e-9);
    const number = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: number }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  };

  /** Returns a frame with axes, and the functions that map data to it. */
  const frame = ({ width, height, x, y, xLabel, yLabel, label, yDown = false, xTicks, yTicks }) => {
    const [left, right, top, bottom] = [58, 10, 10, 44];
    const X = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
    const up = (value) => (value - y[0]) / (y[1] - y[0]);
    const Y = (value) => top + (yDown ? up(value) : 1 - up(value)) * (height - top - bottom);
    const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    const axes = element("g", { class: "axes" });
    for (const value of xTicks || ticks(...x, Math.max(Math.floor((width - left) / 90), 2))) {
      axes.append(element("line", { x1: X(value), x2: X(value), y1: height - bottom, y2: height - bottom + 4 }),
        element("text", { x: X(value), y: height - bottom + 17, "text-anchor": "middle" }, digits(value)));
    }
    for (const value of yTicks || ticks(...y, 5)) {
      axes.append(element("line", { x1: left - 4, x2: left, y1: Y(value), y2: Y(value) }),
        element("text", { x: left - 7, y: Y(value) + 4, "text-anchor": "end" }, digits(value)));
    }
    const middle = `translate(14 ${(top + height - bottom) / 2}) rotate(-90)`;
    axes.append(element("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom }),
      element("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, xLabel),
      element("text", { transform: middle, "text-anchor": "middle" }, yLabel));
    return { svg, axes, X, Y, left, top, right: width - right, bottom: height - bottom };
  };

  const drawTrajectories = (device, choice, width) => {
    const time = device.times[choice.duration], [on, off] = device.pulse[choice.duration];
    const f = frame({ width, height: 320, x: [0, device.length], y: [0, time[time.length - 1]], yDown: true,
      xLabel: "wall position (nm)", yLabel: "time (ns), downwards",
      label: `Trajectories of ${device.walls} walls. ${sentence(device, choice)}` });
    const shaded = { x: f.left, width: f.right - f.left, y: f.Y(on), height: f.Y(off) - f.Y(on) };
    f.svg.append(element("rect", { class: "pulse", ...shaded }));
    device.position[choice.instance].forEach((q, s) => {
      if (!device.present[choice.instance][s]) return;
      f.svg.append(element("line", { class: "state", x1: f.X(q), x2: f.X(q), y1: f.top, y2: f.bottom }));
      if (device.position[choice.instance].length * 18 < width - f.left) {
        f.svg.append(element("text", { class: "note", x: f.X(q) + 3, y: f.bottom - 5 }, String(s)));
      }
    });
    walls(device, choice).forEach((q, i) => f.svg.append(
      element("path", { class: i ? "wall" : "wall first", d: line(q.map((value, m) => [f.X(value), f.Y(time[m])])) })));
    f.svg.append(f.axes);
    return f.svg;
  };

  const drawMatrix = (device, choice, width) => {
    const P = matrix(device, choice), S = P.length;
    const [left, top, bottom] = [46, 8, 44];
    const cell = Math.min((width - left - 8) / (S + 1), 46);
    const height = top + cell * S + bottom;
    const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Shares from each state before to each state after the pulse. ${sentence(device, choice)}` });
    const every = Math.ceil(16 / cell), wide = cell * (S + 1), centred = { "text-anchor": "middle" };
    P.forEach((shares, from) => {
      const there = device.present[choice.instance][from];
      shares.forEach((p, to) => {
        const place = { x: left + cell * to, y: top + cell * from };
        const lacks = there ? "" : ", from a state that it lacks";
        const title = `${from} to ${to === S ? "none" : to}: ${percent(p)} %${lacks}`;
        const shape = { ...place, width: cell, height: cell, "fill-opacity": (there ? 1 : 0.4) * p };
        svg.append(element("rect", { class: "cell", ...shape }, element("title", {}, title)));
        if (p > 0 && cell >= 30) {
          const look = { class: p > 0.85 ? "strong" : p > 0.6 ? "middle" : "", ...centred };
          svg.append(element("text", { x: place.x + cell / 2, y: place.y + cell / 2 + 4, ...look }, percent(p)));
        }
      });
      if (from % every === 0) {
        const middle = cell * (from + 0.5);
        svg.append(element("text", { x: left - 7, y: top + middle + 4, "text-anchor": "end" }, String(from)),
          element("text", { x: left + middle, y: top + cell * S + 16, ...centred }, String(from)));
      }
    });
    svg.append(element("text", { x: left + wide - cell / 2, y: top + cell * S + 16, ...centred }, "–"),
      element("rect", { class: "chosen", x: left, y: top + cell * choice.state, width: wide, height: cell }),
      element("text", { x: left + wide / 2, y: height - 8, ...centred }, "state after (–: none)"),
      element("text", { transform: `translate(14 ${top + (cell * S) / 2}) rotate(-90)`, ...centred }, "state before"));
    return svg;
  };

  const drawTrain = (device, choice, width) => {
    const G = device.conductance[choice.instance].map((value) => 1e3 * value);
    const pulses = Math.max(PULSES, Math.floor((3 * G.length) / 2));
    const { mean, low, high, lost } = train(device, choice, pulses);
    const [least, most] = [Math.min(...G), Math.max(...G)];
    const pad = 0.06 * (most - least);
    const gone = lost[pulses] > 1e-6 ? ` ${percent(lost[pulses])} % are in no state at the end.` : "";
    const f = frame({ width, height: 300, x: [-0.5, pulses + 0.5], y: [least - pad, most + pad],
      xLabel: "number of pulses", yLabel: "conductance (mS)",
      xTicks: ticks(0, pulses, Math.min(pulses, Math.floor(width / 60))),
      label: `Conductance after trains of this pulse: mean ${digits(mean[0] * 1e3)} mS before, ` +
        `${digits(mean[pulses] * 1e3)} mS after ${pulses} pulses.${gone}` });
    if (G.length <= 40) {
      for (const value of G) {
        f.svg.append(element("line", { class: "state", x1: f.left, x2: f.right, y1: f.Y(value), y2: f.Y(value) }));
      }
    }
    const known = mean.map((value, n) => [value, n]).filter(([value]) => Number.isFinite(value)).map(([, n]) => n);
    const edge = (values) => known.flatMap((n) => [n - 0.5, n + 0.5].map((x) => [f.X(x), f.Y(1e3 * values[n])]));
    f.svg.append(element("path", { class: "band", d: `${line([...edge(low), ...edge(high).reverse()])}Z` }),
      element("path", { class: "wall first", d: line(known.map((n) => [f.X(n), f.Y(1e3 * mean[n])])) }), f.axes);
    return f.svg;
  };

  // ---- the page ----

  /** Returns a slider with its label and the chosen one of some texts; arrow keys move it. */
  const control = (name, label, texts, value, changed) => {
    const id = `explorer-${name}`;
    const output = element("output", { for: id });
    const input = element("input", { type: "range", id, min: 0, max: texts.length - 1, step: 1 });
    const show = () => {
      output.textContent = texts[Number(input.value)];
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = value;
    input.addEventListener("input", () => {
      show();
      changed(Number(input.value));
    });
    show();
    const whole = element("div", { class: "control" }, element("label", { for: id }, label), output, input);
    whole.hidden = texts.length < 2;
    return whole;
  };

  const start = (root, devices) => {
    for (const device of devices) device.numbers = decoded(device.q);
    let device = devices[0], choice;
    const controls = element("div", { class: "controls" });
    const words = element("p", { role: "status" });
    const draws = { trajectories: drawTrajectories, matrix: drawMatrix, train: drawTrain };
    const panels = Object.fromEntries([
      ["trajectories", "Where the wall goes. Shaded: the pulse; dashed: the states."],
      ["matrix", "Where the pulse leads from each state, in percent; framed: the chosen state."],
      ["train", "Trains of this pulse from the chosen state: mean conductance, and the range of nine in ten."],
    ].map(([name, caption]) =>
      [name, { place: element("div", { class: "panel" }), caption: element("figcaption", {}, caption) }]));
    const draw = () => {
      words.textContent = sentence(device, choice);
      for (const [name, { place }] of Object.entries(panels)) {
        const width = Math.max(Math.floor(place.clientWidth), 240);
        place.replaceChildren(draws[name](device, choice, width));
      }
    };
    const fill = () => {
      const set = (name) => (value) => { choice[name] = value; draw(); };
      const S = device.conductance[0].length;
      choice = { instance: 0, current: device.first[0], duration: device.first[1], state: Math.floor(S / 2) };
      const change = (i) => {
        device = devices[i];
        fill();
        draw();
        document.getElementById("explorer-device").focus();
      };
      const { currents, durations, instances } = device;
      const names = instances.map((number) => (number === 0 ? "nominal" : `number ${number}`));
      controls.replaceChildren(
        control("device", "Device", devices.map((one) => one.name), devices.indexOf(device), change),
        control("current", "Current density", currents.map(current), choice.current, set("current")),
        control("duration", "Duration", durations.map((t) => prefixed(t, "s")), choice.duration, set("duration")),
        control("state", "State before", device.conductance[0].map((_, s) => String(s)), choice.state, set("state")),
        control("instance", "Device instance", names, 0, set("instance")));
    };
    fill();
    root.replaceChildren(controls, words, ...Object.entries(panels).map(([name, { place, caption }]) =>
      element("figure", { class: name }, place, caption)));
    draw();
    let width = root.clientWidth;
    new ResizeObserver(() => {
      if (root.clientWidth === width) return;
      width = root.clientWidth;
      draw();
    }).observe(root);
  };

  if (typeof document !== "undefined") {
    start(document.getElementById("explorer"), JSON.parse(document.getElementById("explorer-data").textContent));
  }
  return { decoded, row, matrix, train, walls, sentence, ticks, percent, prefixed, current };
})();
