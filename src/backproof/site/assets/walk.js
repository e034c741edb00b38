// The walk-through of a computational graph: one operation forward, then one edge backward at a time.
"use strict";
(() => {
  const erf = (x) => {
    // Maclaurin series near zero, continued fraction for the tail (Abramowitz and Stegun, 1964, 7.1.5 and 7.1.14).
    const a = Math.abs(x);
    if (a < 2.5) {
      let term = x, sum = x;
      for (let n = 1; n < 80; n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    let fraction = a;
    for (let k = 60; k > 0; k--) fraction = a + k / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction);
  };
  const HEADS = {
    add: (...u) => u.reduce((a, b) => a + b),
    mul: (...u) => u.reduce((a, b) => a * b),
    neg: (u) => -u,
    div: (u, v) => u / v,
    pow: (u, v) => u ** v,
    max: Math.max, min: Math.min, abs: Math.abs, sign: Math.sign, exp: Math.exp, log: Math.log, sqrt: Math.sqrt,
    sin: Math.sin, cos: Math.cos, tan: Math.tan, atan: Math.atan, sinh: Math.sinh, cosh: Math.cosh,
    tanh: Math.tanh, erf,
    lt: (u, v) => u < v, le: (u, v) => u <= v, gt: (u, v) => u > v, ge: (u, v) => u >= v,
    eq: (u, v) => u === v, ne: (u, v) => u !== v,
    and: (...u) => u.every(Boolean), or: (...u) => u.some(Boolean), not: (u) => !u,
    where: (condition, yes, no) => condition ? yes : no,
    bracket: (condition) => condition ? 1 : 0,
  };
  // A reduction of the numbers of its body; an array is a list of lists, a number stands for itself.
  const REDUCTIONS = {
    sum: (u) => u.reduce((a, b) => a + b, 0),
    mean: (u) => u.reduce((a, b) => a + b, 0) / u.length,
    prod: (u) => u.reduce((a, b) => a * b, 1),
    reduce_max: (u) => Math.max(...u),
    reduce_min: (u) => Math.min(...u),
    logsumexp: (u) => { const top = Math.max(...u); return top + Math.log(u.reduce((a, b) => a + Math.exp(b - top), 0)); },
  };
  const axisOf = (index) => index.replace(/'+$/, "");
  // The entries of a body, one for every value of the indices.
  const over = (indices, sizes, at, body) => {
    if (!indices.length) return body(at);
    const [first, ...rest] = indices;
    return Array.from({ length: sizes[axisOf(first)] }, (_, i) => over(rest, sizes, { ...at, [first]: i }, body));
  };
  // What is read outside of an array is zero.
  const entry = (array, places) => places.reduce((inner, place) => inner?.[place], array) ?? 0;
  const evaluate = (term, values, sizes, at) => {
    if (typeof term === "number") return term;
    if (typeof term === "string") return term === "pi" && !("pi" in values) ? Math.PI : values[term];
    const [head, ...args] = term;
    const number = (arg) => evaluate(arg, values, sizes, at);
    if (head === "idx") return at[args[0]];
    if (head === "size") return sizes[args[0]];
    if (head === "sym") return entry(values[args[0]], args.slice(1).map(number));
    if (head in REDUCTIONS) {
      const parts = over(args[0], sizes, at, (inner) => evaluate(args[1], values, sizes, inner));
      return REDUCTIONS[head]([parts].flat(Infinity));
    }
    return HEADS[head](...args.map(number));
  };
  const array = (term, indices, values, sizes) => over(indices, sizes, {}, (at) => evaluate(term, values, sizes, at));
  const plus = (a, b) => Array.isArray(a) ? a.map((each, i) => plus(each, b[i])) : a + b;

  const number = (value, digits) => {
    if (!Number.isFinite(value)) return "undefined";
    if (Math.abs(value) < 1e-12) return "0"; // what rounding errors leave of a zero
    return String(Number(value.toPrecision(digits))).replaceAll("-", "−");
  };
  const written = (value) => Array.isArray(value) ? `[${value.map(written).join(", ")}]` : number(value, 4);
  const shown = (value) => Array.isArray(value) ? written(value) : number(value, 5);
  // The rows of an array as they stand on an edge; a large one is its size.
  const drawn = (value) => {
    if (!Array.isArray(value)) return [shown(value)];
    const sides = (part) => Array.isArray(part) ? [part.length, ...sides(part[0])] : [];
    const shape = sides(value);
    if (shape.reduce((a, b) => a * b, 1) > 9) return [shape.join("×")];
    return value.flat(shape.length - 2).map((row) => [row].flat().map((each) => number(each, 3)).join(", "));
  };

  const compute = (data, inputs) => {
    const values = { ...inputs };
    for (const [name, indices, term] of data.operations) values[name] = array(term, indices, values, data.sizes);
    const upstreams = Object.fromEntries(data.outputs.map((name) => [name, inputs[`d${name}`]]));
    const edges = data.edges.map(([source, target, free, local, indices, sent]) => {
      const upstream = values[`d${target}`];
      const slope = array(local, free, values, data.sizes);
      const product = array(sent, indices, values, data.sizes);
      const known = values[`d${source}`];
      values[`d${source}`] = known === undefined ? product : plus(known, product);
      return { source, target, upstream, local: slope, product };
    });
    const pairs = new Map();
    for (const { source, target, product } of edges) {
      const key = `${source} ${target}`;
      pairs.set(key, pairs.has(key) ? plus(pairs.get(key), product) : product);
    }
    return { values, edges, pairs, upstreams };
  };

  const start = (box) => {
    const data = JSON.parse(box.querySelector("script").textContent);
    const steps = [...box.querySelectorAll(".walk-steps li")];
    const sliders = [...box.querySelectorAll("input[type=range]")];
    const inputs = structuredClone(data.start);
    const operations = new Set(data.operations.map(([name]) => name));
    let place = 0;

    const fill = (node, text) => { if (node) node.textContent = text; };
    const label = (text, value) => {
      const rows = drawn(value);
      const lines = text.querySelectorAll(".row");
      if (lines.length) lines.forEach((line, i) => fill(line, rows[i]));
      else fill(text, rows[0]);
    };
    const numbers = (found) => {
      for (const step of steps) {
        const { kind, name, edge } = step.dataset;
        if (kind === "forward") fill(step.querySelector("output"), shown(found.values[name]));
        else for (const output of step.querySelectorAll("output")) {
          fill(output, shown(found.edges[edge][output.dataset.part]));
        }
      }
      for (const edge of box.querySelectorAll("svg .edge")) {
        const { from, to } = edge.dataset;
        if (from in found.values) label(edge.querySelector("text.f"), found.values[from]);
        const back = to ? found.pairs.get(`${from} ${to}`) : found.upstreams[from];
        if (back !== undefined) label(edge.querySelector("text.g"), back);
      }
    };

    // A picture that is wider than its box shows the edge that is walked along.
    const reveal = (edge) => {
      const frame = edge.closest(".scroll");
      const [outer, inner] = [frame, edge].map((each) => each.getBoundingClientRect());
      frame.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
    };

    const reached = () => {
      const forward = new Set();
      const backward = new Set();
      steps.slice(0, place).forEach((step) => {
        if (step.dataset.kind === "forward") forward.add(step.dataset.name);
        else backward.add(`${step.dataset.from} ${step.dataset.to}`);
      });
      return { forward, backward };
    };

    const picture = () => {
      const { forward, backward } = reached();
      const step = steps[place - 1];
      const wentBack = backward.size > 0 || place >= operations.size;
      for (const edge of box.querySelectorAll("svg .edge")) {
        const { from, to } = edge.dataset;
        const known = forward.has(from) || !operations.has(from);
        const arrived = to ? backward.has(`${from} ${to}`) : wentBack;
        const text = edge.querySelector("g.g");
        edge.querySelector("text.f").style.visibility = known ? "visible" : "hidden";
        if (text.querySelector("text").textContent) text.style.visibility = arrived ? "visible" : "hidden";
        const isNow = step && (step.dataset.kind === "forward" ? to === step.dataset.name
          : from === step.dataset.from && to === step.dataset.to);
        edge.classList.toggle("lit", Boolean(isNow));
        if (isNow) reveal(edge);
      }
      for (const node of box.querySelectorAll("svg .operation")) {
        node.classList.toggle("lit", Boolean(step) && node.dataset.name === (step.dataset.name ?? step.dataset.to));
      }
    };

    const show = () => {
      steps.forEach((step, i) => {
        step.classList.toggle("current", i === place - 1);
        step.classList.toggle("future", i >= place);
        if (i === place - 1) step.setAttribute("aria-current", "step");
        else step.removeAttribute("aria-current");
      });
      const step = steps[place - 1];
      const where = step ? `${step.dataset.kind}: ${step.dataset.name ?? `${step.dataset.to} to ${step.dataset.from}`}` : "inputs";
      fill(box.querySelector(".place"), `step ${place} of ${steps.length}, ${where}`);
      for (const button of box.querySelectorAll("button")) {
        const back = button.dataset.move === "start" || button.dataset.move === "back";
        button.disabled = back ? place === 0 : place === steps.length;
      }
      picture();
    };

    const move = (how) => {
      place = { start: 0, back: Math.max(0, place - 1), on: Math.min(steps.length, place + 1), end: steps.length }[how];
      show();
    };

    for (const button of box.querySelectorAll("button")) {
      button.addEventListener("click", () => move(button.dataset.move));
    }
    for (const slider of sliders) {
      slider.addEventListener("input", () => {
        const value = Number(slider.value);
        const places = slider.dataset.at ? slider.dataset.at.split(",").map(Number) : [];
        if (places.length) {
          const last = places.pop();
          places.reduce((inner, at) => inner[at], inputs[slider.dataset.name])[last] = value;
        } else inputs[slider.dataset.name] = value;
        fill(slider.nextElementSibling, shown(value));
        numbers(compute(data, inputs));
        picture();
      });
    }
    box.classList.add("walking");
    for (const hidden of box.querySelectorAll("[hidden]")) hidden.hidden = false;
    numbers(compute(data, inputs));
    show();
    return move;
  };

  const boxes = [...document.querySelectorAll(".walk")];
  const moves = new Map(boxes.map((box) => [box, start(box)]));
  document.addEventListener("keydown", (event) => {
    const keys = { ArrowRight: "on", ArrowLeft: "back" };
    const how = keys[event.key];
    const busy = event.target.closest("input, select, textarea, .scroll, pre, summary");
    if (!how || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || busy) return;
    const box = event.target.closest(".walk") ?? boxes[0];
    if (box) moves.get(box)(how);
  });
})();
