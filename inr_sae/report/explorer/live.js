/* The network, run in this page: a worker evaluates it behind a layer whose atoms are scaled.

A condition's file network.js has the weights; see `inr_sae/report/explorer/live.py`. Values are held as float64, whose
arithmetic is the one that scripts have. */

function floats({ shape, data }) { return { shape, values: new Float32Array(bytes(data).buffer) }; }

function compact({ shape, top, data }) {
  const raw = bytes(data), values = new Float32Array(raw.length / 3), step = top / (2 ** 23 - 1);
  for (let i = 0; i < values.length; i++) values[i] = step * ((raw[3 * i] | (raw[3 * i + 1] << 8) | (raw[3 * i + 2] << 16)) - 2 ** 23);
  return { shape, values };
}

/* Becomes the source of the worker: it may use nothing from outside. */
function liveWorker() {
  "use strict";
  const ROWS = 256;  // evaluated at a time
  let network = null, kept = {}, outputs = {};

  /* a (n, k) times w, which is given transposed and padded to an even number of rows: 4 x 2 results at a time. */
  function product(a, n, k, { transposed, m }) {
    const out = new Float64Array(n * m);
    for (let i = 0; i < n; i += 4) {
      const r0 = i * k, r1 = Math.min(i + 1, n - 1) * k, r2 = Math.min(i + 2, n - 1) * k, r3 = Math.min(i + 3, n - 1) * k;
      for (let j = 0; j < m; j += 2) {
        const c0 = j * k, c1 = c0 + k;
        let s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;
        for (let p = 0; p < k; p++) {
          const w0 = transposed[c0 + p], w1 = transposed[c1 + p], a0 = a[r0 + p], a1 = a[r1 + p], a2 = a[r2 + p], a3 = a[r3 + p];
          s00 += a0 * w0; s01 += a0 * w1; s10 += a1 * w0; s11 += a1 * w1;
          s20 += a2 * w0; s21 += a2 * w1; s30 += a3 * w0; s31 += a3 * w1;
        }
        const first = [s00, s10, s20, s30], second = [s01, s11, s21, s31];
        for (let r = 0; r < 4 && i + r < n; r++) {
          out[(i + r) * m + j] = first[r];
          if (j + 1 < m) out[(i + r) * m + j + 1] = second[r];
        }
      }
    }
    return out;
  }
  function matrix({ shape, values }) {
    const [k, m] = shape, transposed = new Float64Array((m + m % 2) * k);
    for (let p = 0; p < k; p++) for (let j = 0; j < m; j++) transposed[j * k + p] = values[p * m + j];
    return { transposed, m };
  }
  const UNARY = { sin: Math.sin, cos: Math.cos, exp: Math.exp, log: Math.log, neg: v => -v, abs: Math.abs, sign: Math.sign, floor: Math.floor,
    round: v => { const r = Math.round(v); return r - v === 0.5 && r % 2 ? r - 1 : r; }, sqrt: Math.sqrt, square: v => v * v, tanh: Math.tanh, logistic: v => 1 / (1 + Math.exp(-v)) };
  const BINARY = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, max: Math.max, min: Math.min };

  /* A constant or a result: its values, and how many columns it has; 0 for one number. `rows` tells results from constants. */
  function constant({ shape, values }) { return { values, width: shape.length ? shape[shape.length - 1] : 0, rows: false, shape }; }
  function at(value, row, column) { return value.values[value.width === 0 ? 0 : value.rows ? row * value.width + column % value.width : column % value.width]; }
  function elementwise(f, parts, n) {
    const width = Math.max(1, ...parts.map(part => part.width)), values = new Float64Array(n * width), [a, b] = parts;
    for (let i = 0, place = 0; i < n; i++) for (let j = 0; j < width; j++, place++) values[place] = b ? f(at(a, i, j), at(b, i, j)) : f(at(a, i, j));
    return { values, width, rows: true };
  }
  function operation(name, parts, numbers, n) {
    if (name === "dot") return { values: product(parts[0].values, n, parts[0].width, parts[1].matrix), width: parts[1].matrix.m, rows: true };
    if (name === "power") return elementwise(v => v ** numbers[0], parts, n);
    if (name === "columns") {
      const [start, stop, step] = numbers, width = Math.ceil((stop - start) / step), values = new Float64Array(n * width);
      for (let i = 0; i < n; i++) for (let j = 0; j < width; j++) values[i * width + j] = at(parts[0], i, start + j * step);
      return { values, width, rows: true };
    }
    if (name === "concat") {
      const width = parts.reduce((sum, part) => sum + part.width, 0), values = new Float64Array(n * width);
      for (let i = 0; i < n; i++) { let j = i * width; for (const part of parts) for (let c = 0; c < part.width; c++) values[j++] = at(part, i, c); }
      return { values, width, rows: true };
    }
    return elementwise(UNARY[name] || BINARY[name], parts, n);
  }
  function run({ constants, operations }, h, n) {
    const slots = [h, ...constants];
    for (const [name, places, numbers] of operations) slots.push(operation(name, places.map(place => slots[place]), numbers, n));
    return slots[slots.length - 1 - (operations.length ? 0 : constants.length)];
  }

  function open({ start, units, input, heads, targets }) {
    const program = ({ constants, operations }) => {
      const held = constants.map(constant), first = 1;
      for (const [name, places] of operations) if (name === "dot") held[places[1] - first].matrix = matrix(held[places[1] - first]);
      return { constants: held, operations };
    };
    const [, d, c] = heads.w.shape;
    network = { start, units: units.map(program), input, targets, c, n: input.shape[0],
      heads: Array.from({ length: heads.w.shape[0] }, (_, j) => ({ matrix: matrix({ shape: [d, c], values: heads.w.values.subarray(j * d * c, (j + 1) * d * c) }), bias: heads.b.values.subarray(j * c, (j + 1) * c) })) };
    kept = { [start - 1]: { values: Float64Array.from(input.values), width: input.shape[1] } };
  }
  /* Units `from`, ... `to` on h (n, d), so many rows at a time. */
  function units(from, to, h, n) {
    let whole = h;
    for (let unit = from; unit <= to; unit++) {
      const program = network.units[unit - network.start], { width } = whole;
      let values = null, after = 0;
      for (let i = 0; i < n; i += ROWS) {
        const rows = Math.min(ROWS, n - i);
        const part = run(program, { values: whole.values.subarray(i * width, (i + rows) * width), width, rows: true }, rows);
        if (!values) { after = part.width; values = new Float64Array(n * after); }
        values.set(part.values.subarray(0, rows * after), i * after);
      }
      whole = { values, width: after };
    }
    return whole;
  }
  function activations(layer) {
    if (!kept[layer]) kept[layer] = units(layer, layer, activations(layer - 1), network.n);
    return kept[layer];
  }
  function image(signal, h, n) {
    const { matrix: w, bias } = network.heads[signal], out = product(h.values, n, h.width, w);
    for (let i = 0; i < out.length; i++) out[i] += bias[i % network.c];
    return out;
  }
  function psnr(signal, output) {
    const from = signal * output.length;
    let sum = 0;
    for (let i = 0; i < output.length; i++) sum += (output[i] - network.targets.values[from + i]) ** 2;
    return -10 * Math.log10(sum / output.length);
  }
  /* The network with changes (rows x d) added to some rows of a layer's activations. */
  function steered({ layer, signal, rows, changes }) {
    const last = network.start + network.units.length - 1, { c } = network;
    if (!outputs[signal]) outputs[signal] = image(signal, activations(last), network.n);
    const before = outputs[signal], output = Float64Array.from(before), h = activations(layer), d = h.width, moved = new Float64Array(rows.length * d);
    rows.forEach((row, i) => { for (let j = 0; j < d; j++) moved[i * d + j] = h.values[row * d + j] + changes[i * d + j]; });
    if (rows.length) {
      const made = image(signal, units(layer + 1, last, { values: moved, width: d }, rows.length), rows.length);
      rows.forEach((row, i) => { for (let j = 0; j < c; j++) output[row * c + j] = made[i * c + j]; });
    }
    return { before: Float32Array.from(before), output: Float32Array.from(output), psnr: [psnr(signal, before), psnr(signal, output)] };
  }
  onmessage = ({ data }) => {
    if (data.kind === "network") return open(data.network);
    const began = performance.now();
    postMessage({ id: data.id, ...steered(data), ms: performance.now() - began });
  };
}

/* One worker a condition, with what waits for it: of several changes by one caller while it works the last counts. */
class Live {
  constructor(data) {
    const source = URL.createObjectURL(new Blob([`(${liveWorker})()`], { type: "text/javascript" }));
    this.worker = new Worker(source); this.waiting = new Map(); this.busy = null; this.serial = 0;
    this.size = data.size; this.names = data.names; this.channels = data.network.heads.w.shape[2]; this.start = data.network.start;
    const network = { ...data.network, input: floats(data.network.input), targets: floats(data.network.targets),
      heads: { w: floats(data.network.heads.w), b: floats(data.network.heads.b) },
      units: data.network.units.map(unit => ({ ...unit, constants: unit.constants.map(floats) })) };
    this.worker.postMessage({ kind: "network", network });
    this.worker.onerror = () => { this.busy = null; this.next(); };
    this.worker.onmessage = ({ data }) => { const { then } = this.busy; this.busy = null; then(data); this.next(); };
  }
  steer(caller, request, then) { this.waiting.set(caller, { request: { ...request, id: ++this.serial }, then }); this.next(); }
  next() {
    if (this.busy || !this.waiting.size) return;
    const [caller, asked] = this.waiting.entries().next().value;
    this.waiting.delete(caller); this.busy = asked; this.worker.postMessage(asked.request);
  }
}

/* The atoms of one dictionary whose codes are scaled, and what that does. */
class Steering {
  constructor(panel) {
    this.panel = panel; this.scales = new Map(); this.signal = 0; this.result = null;
    this.root = el("section", { className: "steering" }); this.root.setAttribute("aria-label", "steering");
  }
  get atoms() { return this.panel.data.live ? this.panel.data.live.atoms : []; }
  can(atom) { return this.atoms.includes(atom); }
  clear() { this.scales.clear(); this.result = null; this.draw(); }
  add(atom, scale = 2) {
    if (this.scales.size >= MOST_STEERED && !this.scales.has(atom)) return say(`at most ${MOST_STEERED} atoms at once`);
    this.scales.set(atom, scale); this.draw(); this.run();
    const slider = this.root.querySelector(`input[data-atom="${atom}"]`);
    if (slider) slider.focus();
  }
  remove(atom) { this.scales.delete(atom); this.draw(); this.run(); }
  draw() {
    if (!this.scales.size) return this.root.replaceChildren();
    const live = this.live;
    if (this.signal >= live.names.length) this.signal = 0;  // of another condition, which has fewer
    const select = el("select", { id: `steered-${this.panel.id}` });
    live.names.forEach((name, i) => select.append(el("option", { value: i, textContent: name, selected: i === this.signal })));
    select.onchange = () => { this.signal = Number(select.value); this.run(); };
    const sliders = el("div", { className: "sliders" });
    for (const [atom, scale] of this.scales) {
      const id = `steer-${this.panel.id}-${atom}`, shown = el("output", { textContent: "× " + number(scale) });
      const slider = el("input", { id, type: "range", min: -2, max: 8, step: 0.1, value: scale }), gone = el("button", { type: "button", textContent: "remove" });
      slider.dataset.atom = atom; shown.setAttribute("for", id); gone.setAttribute("aria-label", `remove atom ${atom}`);
      slider.oninput = () => { this.scales.set(atom, Number(slider.value)); shown.textContent = "× " + number(Number(slider.value)); this.run(); };
      slider.onchange = () => { if (this.result) say(this.sentence); };
      gone.onclick = () => this.remove(atom);
      sliders.append(el("label", { htmlFor: id, textContent: "atom " + atom }), slider, shown, gone);
    }
    const reset = el("button", { type: "button", textContent: "all back to 1" });
    reset.onclick = () => { for (const atom of this.scales.keys()) this.scales.set(atom, 1); this.draw(); this.run(); };
    this.text = el("p", { className: "soft", textContent: "The network runs ..." });
    this.pictures = el("div", { className: "effect" });
    this.root.replaceChildren(el("h2", { textContent: "Steering: codes of these atoms, multiplied" }), sliders,
      el("p", {}, el("label", { htmlFor: select.id, textContent: "signal " }), select, " ", reset), this.text, this.pictures);
    if (this.result) this.show();
  }
  get live() { return networks[this.panel.state.condition]; }
  /* {rows, changes}: the sum of (scale - 1) z w over the atoms, where it is not 0. */
  changes() {
    const { values, indices, directions, atoms } = this.panel.data.live, [n, k] = values.shape, d = directions.shape[1];
    const rows = [], sums = [], place = new Map(atoms.map((atom, i) => [atom, i]));
    for (let row = 0; row < n; row++) {
      let sum = null;
      for (const [atom, scale] of this.scales) {
        if (scale === 1) continue;
        const own = place.get(atom);  // of dense codes: its column
        for (let slot = indices ? 0 : own; slot < (indices ? k : own + 1); slot++) {
          const z = values.values[row * k + slot];
          if (z === 0 || (indices && indices[row * k + slot] !== atom)) continue;
          sum = sum || new Float64Array(d);
          const from = own * d;
          for (let j = 0; j < d; j++) sum[j] += (scale - 1) * z * directions.values[from + j];
        }
      }
      if (sum) { rows.push(row); sums.push(sum); }
    }
    const changes = new Float64Array(rows.length * d);
    sums.forEach((sum, i) => changes.set(sum, i * d));
    return { rows, changes };
  }
  run() {
    this.panel.remember();
    if (!this.scales.size) return this.root.setAttribute("aria-busy", "false");
    this.root.setAttribute("aria-busy", "true");
    const { rows, changes } = this.changes(), { layer } = this.panel.state;
    this.live.steer(this, { layer, signal: this.signal, rows, changes }, result => {
      if (layer !== this.panel.state.layer || !this.scales.size) return;
      this.result = { ...result, n: rows.length }; this.show();
      if (!this.live.waiting.has(this)) this.root.setAttribute("aria-busy", "false"); });
  }
  get sentence() {
    const { psnr, n, ms } = this.result, [h, w] = this.live.size;
    return `${psnr[0].toFixed(2)} dB as it is, ${psnr[1].toFixed(2)} dB steered; ${n} of ${h * w} pixels changed; ${Math.round(ms)} ms.`;
  }
  show() {
    const { before, output } = this.result, largest = output.reduce((top, v, i) => Math.max(top, Math.abs(v - before[i])), 0);
    this.text.textContent = this.sentence;
    const shown = (values, scale, text) => el("figure", {}, this.canvas(values, scale, text), el("figcaption", { textContent: text }));
    this.pictures.replaceChildren(shown(before, 1, "as it is"), shown(output, 1, "steered"),
      shown(output.map((v, i) => Math.abs(v - before[i])), largest ? 1 / largest : 1, `|difference|, up to ${number(largest)}`));
  }
  canvas(values, scale, text) {
    const [h, w] = this.live.size, c = this.live.channels, canvas = el("canvas", { width: w, height: h }), image = new ImageData(w, h);
    for (let i = 0; i < h * w; i++) { for (let j = 0; j < 3; j++) image.data[4 * i + j] = 255 * scale * values[i * c + (c === 3 ? j : 0)]; image.data[4 * i + 3] = 255; }
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", text);
    return canvas;
  }
}
