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
  const evaluate = (term, values) => {
    if (typeof term === "number") return term;
    if (typeof term === "string") return term === "pi" && !("pi" in values) ? Math.PI : values[term];
    const [head, ...args] = term;
    return HEADS[head](...args.map((arg) => evaluate(arg, values)));
  };
  const shown = (value) => {
    if (!Number.isFinite(value)) return "undefined";
    return String(Number(value.toPrecision(5))).replaceAll("-", "−");
  };

  const compute = (data, inputs) => {
    const values = { ...inputs };
    for (const [name, term] of data.operations) values[name] = evaluate(term, values);
    const gradient = { [data.output]: inputs[`d${data.output}`] };
    const edges = new Map();
    for (const [name] of [...data.operations].reverse()) {
      for (const [source, target, local] of data.edges) {
        if (target !== name || gradient[name] === undefined) continue;
        const slope = evaluate(local, values);
        const product = gradient[name] * slope;
        const key = `${source} ${target}`;
        const known = edges.get(key) ?? { upstream: gradient[name], local: 0, product: 0 };
        edges.set(key, { upstream: known.upstream, local: known.local + slope, product: known.product + product });
        gradient[source] = (gradient[source] ?? 0) + product;
      }
    }
    return { values, edges, gradient };
  };

  const start = (box) => {
    const data = JSON.parse(box.querySelector("script").textContent);
    const steps = [...box.querySelectorAll(".walk-steps li")];
    const sliders = [...box.querySelectorAll("input[type=range]")];
    const inputs = { ...data.start };
    let place = 0;

    const fill = (node, text) => { if (node) node.textContent = text; };
    const numbers = (found) => {
      for (const [name, value] of Object.entries(found.values)) {
        const output = box.querySelector(`.walk-steps output[data-value="${CSS.escape(name)}"]`);
        fill(output, shown(value));
      }
      for (const step of steps.filter((each) => each.dataset.kind === "backward")) {
        const edge = found.edges.get(`${step.dataset.from} ${step.dataset.to}`);
        for (const output of step.querySelectorAll("output")) fill(output, shown(edge[output.dataset.part]));
      }
      for (const edge of box.querySelectorAll("svg .edge")) {
        const { from, to } = edge.dataset;
        fill(edge.querySelector("text.f"), shown(found.values[from]));
        const back = to ? found.edges.get(`${from} ${to}`)?.product : found.gradient[from];
        if (back !== undefined) fill(edge.querySelector("text.g"), shown(back));
      }
    };

    const reached = () => {
      const forward = new Set(sliders.map((slider) => slider.dataset.name));
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
      const wentBack = backward.size > 0 || place >= data.operations.length;
      for (const edge of box.querySelectorAll("svg .edge")) {
        const { from, to } = edge.dataset;
        const known = forward.has(from) || !data.operations.some(([name]) => name === from);
        const arrived = to ? backward.has(`${from} ${to}`) : wentBack;
        const text = edge.querySelector("g.g");
        edge.querySelector("text.f").style.visibility = known ? "visible" : "hidden";
        if (text.querySelector("text").textContent) text.style.visibility = arrived ? "visible" : "hidden";
        const isNow = step && (step.dataset.kind === "forward" ? to === step.dataset.name
          : from === step.dataset.from && to === step.dataset.to);
        edge.classList.toggle("lit", Boolean(isNow));
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
        inputs[slider.dataset.name] = Number(slider.value);
        fill(slider.nextElementSibling, shown(Number(slider.value)));
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
