// A code as a stem plot, with its measures.

import { badge, count, facts, figure, node } from "./rendering.js";

const WIDTH = 720, HEIGHT = 200, EDGE = 14, RADIUS = 2.5;
const MOST_STEMS = 4000; // the largest, of a code with more nonzeros
const NAMESPACE = "http://www.w3.org/2000/svg";

export function codeNodes(codes, row) {
  const x = codes.x[row];
  const replaced = codes.replaced[row] ? node("span", "badge replaced", "replaced by FISTA’s") : "";
  const proof = codes.duality_gap === null ? [] : [["objective", figure(codes.objective[row], 6)],
    ["duality gap / ½‖b‖²", figure(codes.duality_gap[row], 3)]];
  const { model, dictionary } = codes;
  const name = model.name === null ? model.variant : `${model.variant} (${model.name} ${model.version})`;
  return [
    node("p", "verdict", badge(codes.provenance[row]), replaced,
      node("span", "", `${count(codes.support_size[row], "nonzero")} of ${x.length}`)),
    stemPlot(x),
    facts([["‖A x − b‖", figure(codes.residual[row], 4)], ["over ‖b‖", figure(codes.relative_residual[row], 4)],
      ...proof, ["steps after the layers", figure(codes.iterations[row])]], "measured"),
    node("p", "soft", `${name}, ${count(model.layers, "layer")}; dictionary ` +
      `${dictionary.name === null ? "of the request" : `${dictionary.name} ${dictionary.version}`}, ` +
      `${dictionary.rows} × ${dictionary.columns}; ${figure(1000 * codes.seconds, 3)} ms`),
  ];
}

function stemPlot(x) {
  const entries = [...x.entries()].filter(([, value]) => value !== 0);
  const stems = entries.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MOST_STEMS);
  const largest = stems.length ? Math.abs(stems[0][1]) : 1;
  const across = (atom) => EDGE + ((atom + 0.5) / x.length) * (WIDTH - 2 * EDGE);
  const up = (value) => HEIGHT / 2 - (value / largest) * (HEIGHT / 2 - EDGE);
  const plot = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "stems", role: "img" });
  plot.setAttribute("aria-label", `stem plot of ${count(entries.length, "nonzero")}, largest ${figure(largest, 3)}`);
  plot.append(drawn("line", { x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2, class: "axis" }));
  for (const [atom, value] of stems) {
    const stem = drawn("line", { x1: across(atom), x2: across(atom), y1: HEIGHT / 2, y2: up(value) });
    const head = drawn("circle", { cx: across(atom), cy: up(value), r: RADIUS });
    const title = drawn("title", {});
    title.textContent = `x[${atom}] = ${figure(value, 6)}`;
    head.append(title);
    plot.append(stem, head);
  }
  plot.append(label(2, 11, `±${figure(largest, 3)}`), label(WIDTH - 60, HEIGHT - 3, `${x.length} atoms`));
  return plot;
}

function label(x, y, text) {
  const made = drawn("text", { x, y });
  made.textContent = text;
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
