"use strict";
// Sends the chosen file to the API as it is and shows what comes back. Everything that came from a file or a
// server is put in as text, never as markup.

const element = (id) => document.getElementById(id);
let latest = 0;

function node(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

const figure = (value) => (value === null || value === undefined ? "–" : Number(value.toPrecision(9)).toString());

function facts(pairs) {
  const list = node("dl");
  for (const [name, value] of pairs) list.append(node("dt", "", name), node("dd", "", value));
  return list;
}

function bars(probabilities) {
  const grid = node("div", "bars");
  for (const [name, share] of Object.entries(probabilities)) {
    const percent = (100 * share).toFixed(1) + " %";
    const fill = node("i");
    fill.style.width = 100 * share + "%";
    const bar = node("span", "bar " + name, fill);
    bar.setAttribute("aria-hidden", "true");
    grid.append(node("span", "", name), bar, node("span", "number", percent));
  }
  return grid;
}

const MEANING = {
  "optimal certified": "Proved: it is feasible and bounded.",
  "infeasible certified": "Proved: no point satisfies the constraints.",
  "unbounded certified": "Proved: the objective improves without limit.",
  abstain: "The network declines to say; its probabilities are below.",
};

function showAnswer(answer) {
  const meaning = MEANING[answer.verdict + " " + answer.provenance] || MEANING[answer.verdict] ||
    "The network’s prediction; no certificate proves it.";
  const shown = [
    node("p", "verdict " + answer.verdict, node("strong", "", answer.verdict),
      node("span", "badge", answer.provenance), node("span", "", meaning)),
    bars(answer.probabilities),
  ];
  const size = answer.instance;
  const rows = [
    ["instance", `${size.name}: ${size.rows} rows, ${size.columns} columns, ${size.nonzeros} nonzeros, ` +
      `${size.integers} integers`],
    ["objective", answer.objective === null ? "–" : `${figure(answer.objective)} (${answer.objective_provenance})`],
  ];
  const certificate = answer.certificate;
  if (certificate) {
    rows.push(["certificate", `${certificate.kind}, ${certificate.rigour}`]);
    rows.push(["dual bound", figure(certificate.dual_bound)], ["gap", figure(certificate.gap)]);
  } else {
    rows.push(["certificate", "none found"]);
  }
  if (answer.solution) {
    const entries = Object.entries(answer.solution);
    const some = entries.slice(0, 50).map(([name, value]) => `${name} = ${figure(value)}`).join(", ");
    const more = entries.length > 50 ? `, and ${entries.length - 50} more` : "";
    rows.push([`solution (${answer.solution_provenance})`, (some || "all zero") + more]);
  }
  rows.push(["model", `${answer.model.name} ${answer.model.version}`],
    ["time", `${(1000 * answer.seconds.total).toFixed(1)} ms`]);
  show([...shown, facts(rows)], answer);
}

function showProblem(problem) {
  const where = problem.line ? `line ${problem.line}${problem.column ? `, column ${problem.column}` : ""}: ` : "";
  const lines = [node("p", "error", node("strong", "", problem.title)), node("p", "", where + problem.detail)];
  if (problem.hint) lines.push(node("p", "", problem.hint));
  show(lines, problem);
}

function show(nodes, document_) {
  element("shown").replaceChildren(...nodes);
  element("raw").textContent = JSON.stringify(document_, null, 2);
  element("result").hidden = false;
  element("answer").focus();
}

async function ask(bytes, name) {
  const turn = ++latest;
  const query = new URLSearchParams({ name });
  if (element("solution").checked) query.set("solution", "true");
  element("drop").setAttribute("aria-busy", "true");
  try {
    const headers = { "Content-Type": "application/octet-stream" };
    const reply = await fetch("v1/predict?" + query, { method: "POST", body: bytes, headers });
    const body = await reply.json();
    if (turn === latest) (reply.ok ? showAnswer : showProblem)(body);
  } catch {
    if (turn === latest) showProblem({ title: "No answer", detail: "The server cannot be reached." });
  } finally {
    element("drop").removeAttribute("aria-busy");
  }
}

element("file").addEventListener("change", (event) => {
  const file = event.target.files[0];
  if (file) ask(file, file.name);
  event.target.value = "";
});

const drop = element("drop");
for (const type of ["dragover", "dragenter"]) {
  drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file) ask(file, file.name);
});

for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", async () => {
    const name = button.dataset.example;
    const reply = await fetch("pages/examples/" + name);
    ask(await reply.blob(), name);
  });
}
