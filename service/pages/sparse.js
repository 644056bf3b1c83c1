// Sends measurements to the API and shows the codes that come back.

import { problemNodes, undrawn } from "./rendering.js";
import { BUNDLED, exampleMatrix, exampleOf, examplePatch } from "./sparse-examples.js";
import { Refused, holdsDictionary, optionalNumber, rowsOf } from "./sparse-inputs.js";
import { codeNodes } from "./stems.js";

const MOST_JSON = 200_000; // characters of JSON shown on the page; the saved file has them all
const ADDRESS = "v1/sparse-recovery";
const MODEL = "model:"; // before the name of a trained model among the variants

const element = (id) => document.getElementById(id);
const file = () => element("file").files[0];
let shown = null; // the codes that are shown, and the code that was planted, if one was
let turns = 0; // an answer that comes after a newer question is not shown
let tuned = []; // trained networks and numbers of the registry
let contents = new Map(); // name of a dictionary → hash of its content

async function ask(request, said, planted) {
  const turn = ++turns;
  element("status").textContent = "Asking …";
  const { codes, problem } = await post(request);
  if (turn !== turns) return;
  shown = codes ? { codes, planted } : null;
  element("which").hidden = !codes || codes.x.length === 1;
  element("status").textContent = codes ? summary(codes) : problem.title;
  if (codes) {
    Object.assign(element("row"), { max: codes.x.length, value: 1 });
    element("of").textContent = `of ${codes.x.length.toLocaleString("en")}`;
  }
  show(problem);
  showSource(codes || problem, said);
}

function show(problem) {
  element("answer").textContent = shown ? "Answer" : "No answer";
  const row = Math.min(Math.max(Math.trunc(Number(element("row").value)) || 1, 1), shown?.codes.x.length || 1) - 1;
  element("shown").replaceChildren(
    ...(shown ? codeNodes(shown.codes, row, shown.planted) : problemNodes(problem)));
  element("source").hidden = false;
  element("result").hidden = false;
}

// What the page itself refuses never reaches the server.
function refuse({ problem }) {
  turns += 1;
  shown = null;
  element("which").hidden = true;
  element("status").textContent = problem.title;
  show(problem);
  element("source").hidden = true;
}

function summary(codes) {
  const proved = codes.provenance.filter((word) => word === "certified").length;
  return `${codes.x.length.toLocaleString("en")} × ${codes.dictionary.columns}: ${proved} certified, ` +
    `${codes.x.length - proved} predicted`;
}

async function post({ body, media, query }) {
  const request = { method: "POST", body, headers: { "Content-Type": media, Accept: "application/json" } };
  try {
    const reply = await fetch(ADDRESS + query, request);
    const found = await reply.json();
    return reply.ok ? { codes: found } : { problem: found };
  } catch {
    return { problem: { title: "No answer came", detail: "The server cannot be reached, or hung up." } };
  }
}

// What is asked besides dictionary and measurements.
function method() {
  const chosen = element("variant").value;
  const asked = {
    ...(chosen.startsWith(MODEL) ? { model: chosen.slice(MODEL.length) } : { variant: chosen }),
    layers: optionalNumber(element("layers").value, "layers"),
    regularization: optionalNumber(element("lambda").value, "λ"),
    duality_gap: optionalNumber(element("gap").value, "duality gap"),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function askTyped(planted) {
  const dictionary = element("dictionary").value || rowsOf(element("matrix").value, "rows of A");
  const question = { dictionary, measurements: rowsOf(element("measurements").value, "measurements"), ...method() };
  const body = JSON.stringify(question);
  const brief = body.length > 2000 ? "@question.json" : `'${body}'`;
  return ask({ body, media: "application/json", query: "" },
    `-d ${brief} -H 'Content-Type: application/json' ${where()}`, planted);
}

async function askFile(chosen) {
  const isZip = chosen.name.toLowerCase().endsWith(".npz");
  const media = isZip ? "application/x-npz" : "application/x-npy";
  const asked = method();
  try {
    await chosen.slice(0, 1).arrayBuffer();
  } catch {
    throw new Refused("The file cannot be read", "It was moved or changed: choose it again.");
  }
  const name = element("dictionary").value;
  const own = isZip && (await holdsDictionary(chosen));
  if (!name && !own) throw new Refused("The file holds no dictionary", "Choose one by its name, or a .npz with both.");
  const query = "?" + new URLSearchParams({ ...(own ? {} : { dictionary: name }), ...asked });
  const quoted = `'@${chosen.name.replaceAll("'", "'\\''")}'`;
  return ask({ body: chosen, media, query },
    `--data-binary ${quoted} -H 'Content-Type: ${media}' '${where(query)}'`);
}

const where = (query = "") => new URL(ADDRESS + query, document.baseURI).href;

async function attempt(asking) {
  try {
    await asking();
  } catch (error) {
    refuse(error instanceof Refused ? error : undrawn(error));
  }
}

function showSource(document_, said) {
  const json = JSON.stringify(document_, null, 1);
  element("raw").textContent = json.length > MOST_JSON ? json.slice(0, MOST_JSON) + "\n… cut here" : json;
  URL.revokeObjectURL(element("save").href);
  element("save").href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  element("curl").textContent = `curl ${said}`;
}

// An example of the chosen dictionary, where the page knows its atoms.
function askExample() {
  const chosen = element("dictionary").value;
  const isOwn = chosen === "";
  if (isOwn && !element("matrix").value.trim()) {
    element("matrix").value = exampleMatrix().map((row) => row.join(" ")).join("\n");
  }
  const { measurement, code } = isOwn ? exampleOf(rowsOf(element("matrix").value, "rows of A")) : examplePatch();
  forgetFile();
  if (!isOwn && chosen !== BUNDLED) {
    element("dictionary").value = BUNDLED;
    showChoice();
    element("note").textContent =
      `The example is one of ${BUNDLED}: this page does not know the atoms of ${chosen}.`;
  }
  element("measurements").value = measurement.join(" ");
  return askTyped(code);
}

async function showFile() {
  const chosen = file();
  element("measurements").disabled = Boolean(chosen);
  element("forget").hidden = !chosen;
  element("note").textContent = "";
  if (!chosen) return;
  const own = chosen.name.toLowerCase().endsWith(".npz") && (await holdsDictionary(chosen));
  if (chosen !== file()) return;
  element("note").textContent = own ? `${chosen.name} is asked about, with the dictionary it holds.`
    : `${chosen.name} is asked about, in place of the rows above.`;
}

function forgetFile() {
  element("file").value = "";
  showFile();
}

function showChoice() {
  const chosen = element("dictionary").value;
  element("own").hidden = chosen !== "";
  const select = element("variant");
  const former = select.value;
  for (const option of [...select.options]) if (option.value.startsWith(MODEL)) option.remove();
  const fits = ({ kind, sparse }) =>
    kind === "hyperlista" || (chosen !== "" && sparse.dictionary_sha256 === contents.get(chosen));
  select.append(...tuned.filter(fits).map(({ name, sparse }) =>
    new Option(`${sparse.variant} (${name})`, MODEL + name)));
  select.value = [...select.options].some(({ value }) => value === former) ? former : "hyperlista";
  if (select.value !== former) showLayers();
}

// Of a trained network all its layers, and no more.
function showLayers() {
  const chosen = element("variant").value;
  const model = tuned.find(({ name }) => MODEL + name === chosen);
  const layers = model?.sparse.layers;
  element("layers").max = layers || "";
  element("layers").value = layers || 16;
}

async function listModels() {
  const found = await fetch("v1/models").then((reply) => reply.json(), () => ({ models: [] }));
  const current = (found.models || []).filter((entry) => entry.current && entry.sparse);
  const dictionaries = current.filter(({ kind }) => kind === "dictionary");
  tuned = current.filter(({ kind, name }) => kind !== "dictionary" && name !== "hyperlista");
  contents = new Map(dictionaries.map(({ name, sparse }) => [name, sparse.dictionary_sha256]));
  element("dictionary").prepend(...dictionaries.map(({ name }) => new Option(name, name)));
  element("dictionary").value = contents.has(BUNDLED) ? BUNDLED : "";
  showChoice();
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = file();
  attempt(() => (chosen ? askFile(chosen) : askTyped()));
});
element("dictionary").addEventListener("change", showChoice);
element("variant").addEventListener("change", showLayers);
element("row").addEventListener("input", () => shown && attempt(show));
element("file").addEventListener("change", showFile);
element("forget").addEventListener("click", forgetFile);
element("example").addEventListener("click", () => attempt(askExample));
showFile();
listModels();
