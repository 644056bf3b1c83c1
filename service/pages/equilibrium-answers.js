// An equilibrium as bars of a strategy, or as flows on a map of roads, with its measures.

import { badge, facts, figure, node } from "./rendering.js";
import { drawn, label } from "./stems.js";

const SIZE = 480, EDGE = 34, RADIUS = 8, APART = 5, THICKEST = 9, ARROW = 6;

// `pair`: whose flows are shown, by its place; all together where it is undefined.
export function equilibriumNodes(answer, pair) {
  const [value] = answer.equilibrium;
  return [
    node("p", "verdict", mark(answer), node("span", "", gapText(answer))),
    answer.game.roads ? flowMap(answer.game.roads, value, pair) : strategyBars(value),
    facts([["conservation", figure(answer.conservation_residual[0], 3)],
      ["network’s steps", `${answer.iterations[0]}, ${answer.reason[0]}`],
      ...(answer.continuation_iterations[0] ? [["steps after it", String(answer.continuation_iterations[0])]] : []),
      ["time", `${figure(1000 * answer.seconds, 3)} ms`]], "measured"),
    ...answer.notes.map((text) => node("p", "soft", text)),
    node("p", "soft", `${answer.model.name} ${answer.model.version}, game ${answer.game.name}`),
  ];
}

// Of a game that is not known, nothing can be computed; ∞ is a gap that was not proved.
export function gapText({ gap_name, gap, game }) {
  if (game.known === false) return `${gap_name} not known`;
  return gap[0] === null ? `${gap_name}: nothing is proved` : `${gap_name} at most ${figure(gap[0], 3)}`;
}

// Of what the classical method found without a proof of the gap asked for, no tick is shown.
function mark(answer) {
  const made = badge(answer.provenance[0]);
  if (answer.provenance[0] === "solved" && !answer.converged[0]) made.textContent = "solved, not to the gap";
  return made;
}

function strategyBars(shares) {
  const cells = shares.flatMap((share, action) => {
    const fill = node("i");
    fill.style.width = `${100 * share}%`;
    return [node("span", "", `action ${action + 1}`), node("span", "bar", fill),
      node("span", "number", `${(100 * share).toFixed(1)} %`)];
  });
  return node("div", "bars strategy", ...cells);
}

// Roads as grey lines, flows as blue ones beside them on the right, as thick as they are large.
function flowMap(roads, value, pair) {
  const edges = roads.tails.length;
  const pairs = pair === undefined ? roads.origins.map((_, place) => place) : [pair];
  const flows = roads.tails.map((_, edge) => pairs.reduce((sum, k) => sum + value[k * edges + edge], 0));
  const most = Math.max(...flows) || 1;
  const place = placesOf(roads.nodes);
  const map = drawn("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, class: "flows", role: "img" });
  map.setAttribute("aria-label", `map of ${roads.nodes} crossings; the busiest road carries ${figure(most, 3)}`);
  for (const [edge, flow] of flows.entries()) {
    const [tail, head] = [roads.tails[edge], roads.heads[edge]];
    if (tail < head) map.append(drawn("line", { ...ends(place(tail), place(head), 0), class: "road" }));
    if (flow < 1e-3 * most) continue;
    const line = drawn("line", { ...ends(place(tail), place(head), APART), "stroke-width": 1 + THICKEST * (flow / most) });
    line.append(titled(`${tail} → ${head}: ${figure(flow, 4)}`));
    map.append(line, arrow(place(tail), place(head), APART));
  }
  const endpoints = new Set(pairs.flatMap((k) => [roads.origins[k], roads.destinations[k]]));
  for (let crossing = 0; crossing < roads.nodes; crossing++) {
    const [x, y] = place(crossing);
    const isEnd = pair !== undefined && endpoints.has(crossing);
    map.append(drawn("circle", { cx: x, cy: y, r: RADIUS, ...(isEnd ? { class: "end" } : {}) }),
      label(x, y + 4, String(crossing), ""));
  }
  return map;
}

// Crossings of a square city row by row; of another, around a circle.
function placesOf(nodes) {
  const side = Math.round(Math.sqrt(nodes));
  const across = SIZE - 2 * EDGE;
  if (side * side === nodes) {
    const step = across / Math.max(side - 1, 1);
    return (crossing) => [EDGE + step * (crossing % side), EDGE + step * Math.floor(crossing / side)];
  }
  const turn = (crossing) => (2 * Math.PI * crossing) / nodes;
  return (crossing) => [Math.cos(turn(crossing)), Math.sin(turn(crossing))].map((far) => (SIZE + across * far) / 2);
}

function ends([x1, y1], [x2, y2], apart) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [right, down] = [(-apart * (y2 - y1)) / length, (apart * (x2 - x1)) / length];
  return { x1: x1 + right, y1: y1 + down, x2: x2 + right, y2: y2 + down };
}

// Which way a flow goes, in the middle of its road.
function arrow([x1, y1], [x2, y2], apart) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [along, down] = [(x2 - x1) / length, (y2 - y1) / length];
  const at = (ahead, aside) => [(x1 + x2) / 2 + ahead * along - (apart + aside) * down,
    (y1 + y2) / 2 + ahead * down + (apart + aside) * along].join(",");
  return drawn("polygon", { points: [at(ARROW, 0), at(-ARROW, ARROW), at(-ARROW, -ARROW)].join(" ") });
}

function titled(text) {
  const title = drawn("title", {});
  title.textContent = text;
  return title;
}
