// A code as a stem plot, with its measures.

import { badge, count, facts, figure, node } from "./rendering.js";

const WIDTH = 720, HEIGHT = 220, LEFT = 52, EDGE = 14, FOOT = 22, RADIUS = 2.5, PLANTED_RADIUS = 5;
const MOST_STEMS = 4000; // the largest, of a code with more nonzeros
const NAMESPACE = "http://www.w3.org/2000/svg";

// `planted`: atom → value, of an example whose code is known.
export function codeNodes(codes, row, planted) {
  const x = codes.x[row];
  const replaced = codes.replaced[row] ? node("span", "badge replaced", "replaced by FISTA’s") : "";
  const proof = codes.duality_gap === null ? [] : [["objective", figure(codes.objective[row], 6)],
    ["duality gap / ½‖b‖²", figure(codes.duality_gap[row], 3)]];
  const hits = planted && [...planted.keys()].filter((atom) => x[atom] !== 0).length;
  const search = planted ? [["planted atoms found", `${hits} of ${planted.size}`]] : [];
  const { model, dictionary } = codes;
  const name = model.name === null ? model.variant : `${model.variant} (${model.name} ${model.version})`;
  return [
    node("p", "verdict", badge(codes.provenance[row]), replaced,
      node("span", "", `${count(codes.support_size[row], "nonzero")} of ${x.length}`)),
    stemPlot(x, planted || new Map()),
    ...(planted ? [node("p", "soft", "Circles: the code that the example was made of.")] : []),
    facts([["‖A x − b‖", figure(codes.residual[row], 4)], ["over ‖b‖", figure(codes.relative_residual[row], 4)],
      ...proof, ...(codes.iterations[row] ? [["steps after the layers", figure(codes.iterations[row])]] : []),
      ...search], "measured"),
    node("p", "soft", `${name}, ${count(model.layers, "layer")}; dictionary ` +
      `${dictionary.name === null ? "of the request" : `${dictionary.name} ${dictionary.version}`}, ` +
      `${dictionary.rows} × ${dictionary.columns}; ${figure(1000 * codes.seconds, 3)} ms`),
  ];
}

function stemPlot(x, planted) {
  const entries = [...x.entries()].filter(([, value]) => value !== 0);
  const stems = entries.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, MOST_STEMS);
  const largest = Math.max(...[...planted.values(), ...(stems.length ? [stems[0][1]] : [])].map(Math.abs), 0) || 1;
  const middle = (HEIGHT - FOOT) / 2;
  const across = (atom) => LEFT + ((atom + 0.5) / x.length) * (WIDTH - LEFT - EDGE);
  const up = (value) => middle - (value / largest) * (middle - EDGE);
  const plot = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "stems", role: "img" });
  plot.setAttribute("aria-label", `stem plot of ${count(entries.length, "nonzero")}, largest ${figure(largest, 3)}`);
  plot.append(drawn("line", { x1: LEFT, x2: WIDTH, y1: middle, y2: middle, class: "axis" }));
  for (const value of [largest, largest / 2, 0, -largest / 2, -largest]) {
    plot.append(drawn("line", { x1: LEFT - 4, x2: LEFT, y1: up(value), y2: up(value), class: "axis" }),
      label(LEFT - 7, up(value) + 4, figure(value, 3), "end"));
  }
  const last = x.length - 1;
  for (const atom of new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last)))) {
    plot.append(drawn("line", { x1: across(atom), x2: across(atom), y1: middle - 3, y2: middle + 3, class: "axis" }),
      label(across(atom), HEIGHT - 4, String(atom), "middle"));
  }
  for (const [atom, value] of stems) {
    const stem = drawn("line", { x1: across(atom), x2: across(atom), y1: middle, y2: up(value) });
    plot.append(stem, dot(across(atom), up(value), RADIUS, "", `x[${atom}] = ${figure(value, 6)}`));
  }
  for (const [atom, value] of planted) {
    plot.append(dot(across(atom), up(value), PLANTED_RADIUS, "planted", `planted: x[${atom}] = ${figure(value, 6)}`));
  }
  return plot;
}

function dot(cx, cy, r, className, said) {
  const made = drawn("circle", { cx, cy, r, class: className });
  const title = drawn("title", {});
  title.textContent = said;
  made.append(title);
  return made;
}

export function label(x, y, text, className) {
  const made = drawn("text", { x, y, class: className });
  made.textContent = text;
  return made;
}

export function drawn(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
