// An answer or a problem as elements. Everything that came from a file or a server is put in as text, never as
// markup.

const MOST_ENTRIES = 200; // of a solution shown on the page; the JSON has them all
const MOST_LETTERS = 80; // shown of a wrong line, before the wrong word and after it
const LONGEST_LINE = 100_000; // bytes; of a longer one nothing is shown

const MEANING = {
  "optimal certified": "Proved: it is feasible and bounded.",
  "infeasible certified": "Proved: no point satisfies the constraints.",
  "unbounded certified": "Proved: the objective improves without limit.",
  "optimal solved": "An exact solver’s result, rechecked here: it is feasible and bounded.",
  "infeasible solved": "An exact solver’s result: no point satisfies the constraints.",
  "unbounded solved": "An exact solver’s result: the objective improves without limit.",
};

export function answerNodes(answer, question) {
  return [
    node("p", "verdict", node("strong", answer.verdict, answer.verdict),
      answer.verdict === "abstain" ? "" : badge(answer.provenance), node("span", "", meaning(answer))),
    facts([["instance", instanceNode(answer.instance, question)], ...objectiveRows(answer),
      ["time", timeText(answer.seconds)]]),
    ...(answer.solution ? solutionNodes(answer) : []),
    ...certificateNodes(answer.certificate),
    ...solverNodes(answer.solver),
    ...networkNodes(answer),
  ];
}

// Where drawing throws, as of an answer that a newer server gives to a page opened before.
export function undrawn(error) {
  console.error(error);
  return { problem: { title: "The page could not draw the answer", detail: "Reload it." } };
}

export function problemNodes(problem, wrong) {
  const place = [problem.line && `Line ${problem.line}`, problem.column && `column ${problem.column}`];
  const where = place.filter(Boolean).join(", ");
  const nodes = [
    node("p", "error", node("strong", "", problem.title)),
    node("p", "", where ? node("strong", "", `${where}: `) : "", problem.detail),
  ];
  if (wrong) {
    const word = node("mark", "", wrong.word);
    nodes.push(node("pre", "wrong", `${problem.line} │ `, wrong.before, word, wrong.after));
  }
  if (problem.hint) nodes.push(node("p", "", node("strong", "", "Hint: "), problem.hint));
  return nodes;
}

// The line a problem speaks of, in three parts: what stands before the wrong word, the word, and what follows.
export async function wrongLine(blob, { line, column }) {
  const bytes = line ? new Uint8Array(await blob.arrayBuffer()) : [];
  if (!line || bytes[0] === 0x1f) return null; // a gzipped file's lines are not at hand
  let start = 0;
  for (let skipped = 1; skipped < line; skipped++) {
    start = bytes.indexOf(10, start) + 1;
    if (!start) return null;
  }
  const end = bytes.indexOf(10, start);
  const text = bytes.subarray(start, end < 0 ? bytes.length : end);
  if (text.length > LONGEST_LINE) return null;
  const letters = [...new TextDecoder().decode(text).replaceAll("\t", " ").trimEnd()]; // columns count them
  const before = letters.slice(0, (column || 1) - 1).join("");
  const [, word, after] = /^(\S*)(.*)/s.exec(letters.slice((column || 1) - 1).join(""));
  if (!column) return { before: "", word: "", after: cut(word + after) };
  return { before: cut(before, -MOST_LETTERS), word: cut(word), after: cut(after) };
}

function meaning(answer) {
  if (answer.verdict !== "abstain") {
    return MEANING[`${answer.verdict} ${answer.provenance}`] || "The network’s prediction; no certificate proves it.";
  }
  return "The network declines to say: " +
    (isFamiliar(answer) ? "it is not sure enough." : "this is unlike what it was trained on.");
}

const isFamiliar = (answer) => answer.out_of_distribution !== null && answer.out_of_distribution <= 1;

function objectiveRows(answer) {
  const certificate = answer.certificate;
  const range = provedRange(certificate);
  const rows = [];
  if (answer.objective !== null) {
    rows.push(["objective", node("span", "", figure(answer.objective), " ", badge(answer.objective_provenance))]);
  }
  if (!range) {
    if (answer.dual_bound !== null) rows.push(["safe bound", figure(answer.dual_bound)]);
    return rows;
  }
  const gap = certificate.gap;
  return [...rows, ["proved range", `${figure(range[0])} to ${figure(range[1])}`],
    ["gap", gap && gap < 1e-3 ? figure(gap, 2) : percent(gap)]];
}

// Where the optimum lies: between the objective of the certificate's point and its dual bound.
function provedRange(certificate) {
  if (certificate?.verdict !== "optimal" || certificate.gap === null) return null;
  const ends = [certificate.dual_bound, certificate.objective];
  return certificate.instance.sense === "maximise" ? ends.reverse() : ends;
}

function solutionNodes(answer) {
  const entries = Object.entries(answer.solution);
  const rows = entries.slice(0, MOST_ENTRIES).map(([name, value]) =>
    node("tr", "", rowHead(name), node("td", "number", figure(value))));
  const box = node("div", "box", node("table", "", node("tbody", "", ...rows)));
  Object.assign(box, { tabIndex: 0, role: "group", ariaLabel: "solution" });
  const more = entries.length - rows.length;
  return [
    node("h3", "", "Solution ", badge(answer.solution_provenance)),
    entries.length ? box : node("p", "", "All variables are zero."),
    ...(more > 0 ? [node("p", "soft", `and ${count(more, "more nonzero")}: all of them are in the JSON`)] : []),
  ];
}

function certificateNodes(certificate) {
  if (!certificate) return [node("h3", "", "Certificate"), node("p", "", "None was found: nothing is proved.")];
  const values = [["objective of its point", certificate.objective], ["dual bound", certificate.dual_bound]];
  const known = provedRange(certificate) ? [] : values.filter(([, value]) => value !== null);
  const measured = Object.entries(certificate.residuals).map(([name, value]) => [words(name), figure(value, 3)]);
  const worth = known.map(([name, value]) => [name, figure(value)]);
  const allowed = Object.entries(certificate.tolerances).map(([name, value]) => `${words(name)} ${figure(value)}`);
  return [
    node("h3", "", "Certificate"),
    node("p", "", certificate.statement),
    facts([...worth, ...measured], "measured"),
    node("p", "soft", `${certificate.kind}, ${certificate.rigour}; tolerances: ${allowed.join(", ")}`),
  ];
}

function solverNodes(solver) {
  if (!solver) return [];
  const bound = solver.dual_bound === null ? [] : [["its bound", figure(solver.dual_bound)]];
  const start = solver.start ? [["start", solver.start.detail]] : [];
  const refused = solver.accepted ? [] : [["not accepted", solver.reason || solver.failure]];
  const subset = solver.irreducible_subset ? [node("p", "", solver.irreducible_subset.statement)] : [];
  return [
    node("h3", "", "Exact solver"),
    ...subset,
    facts([["solver", solver.solver], ["its status", solver.status], ...refused, ...bound, ...start]),
  ];
}

function networkNodes(answer) {
  const bars = Object.entries(answer.probabilities).flatMap(([name, probability]) => {
    const fill = node("i");
    fill.style.width = 100 * probability + "%";
    return [node("span", "", name), node("span", "bar " + name, fill), node("span", "number", percent(probability))];
  });
  const distance = answer.out_of_distribution;
  const far = distance === null ? "beyond measure" : figure(distance, 3);
  const familiar = isFamiliar(answer) ? "yes" : "no";
  return [
    node("h3", "", "The network’s own view"),
    node("div", "bars", ...bars),
    facts([["confidence", percent(answer.confidence)],
      ["familiar", `${familiar} (distance from its training instances: ${far}; 1 is the edge)`],
      ["model", modelNode(answer.model)]]),
  ];
}

function instanceNode(size, question) {
  const name = question.address ? node("a", "", size.name) : node("span", "", size.name);
  if (question.address) name.href = question.address;
  const parts = [count(size.rows, "row"), count(size.columns, "column"), count(size.nonzeros, "nonzero")];
  if (size.integers) parts.push(count(size.integers, "integer"));
  return node("span", "", name, ": " + parts.join(", "));
}

function modelNode(model) {
  const link = node("a", "", `${model.name} ${model.version}`);
  link.href = "v1/models/" + encodeURIComponent(model.name);
  return link;
}

function timeText({ total, ...steps }) {
  const milliseconds = (seconds) => figure(1000 * seconds, 3);
  const taken = Object.entries(steps).filter(([, seconds]) => seconds > 0);
  const parts = taken.map(([name, seconds]) => `${name} ${milliseconds(seconds)}`);
  return `${milliseconds(total)} ms (${parts.join(", ")})`;
}

export function facts(pairs, className) {
  return node("dl", className, ...pairs.flatMap(([name, value]) => [node("dt", "", name), node("dd", "", value)]));
}

export function badge(provenance) {
  return node("span", `badge ${provenance}`, (provenance === "predicted" ? "" : "✓ ") + provenance);
}

function rowHead(name) {
  return Object.assign(node("th", "", name), { scope: "row" });
}

export function node(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function figure(value, digits = 9) {
  if (value === null) return "∞";
  const rounded = Number(value.toPrecision(digits));
  return rounded && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded);
}

const percent = (value) => (100 * value).toFixed(1) + " %";
export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const words = (name) => name.replaceAll("_", " ");

function cut(text, most = MOST_LETTERS) {
  if (text.length <= Math.abs(most)) return text;
  return most < 0 ? "…" + text.slice(most) : text.slice(0, most) + "…";
}
