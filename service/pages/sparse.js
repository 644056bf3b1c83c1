// Sends measurements to the API and shows the codes that come back.

import { problemNodes } from "./rendering.js";
import { codeNodes } from "./stems.js";

const MOST_JSON = 200_000; // characters of JSON shown on the page; the saved file has them all
const ADDRESS = "v1/sparse-recovery";
const BUNDLED = "dct-64x144";
const SIDE = 8, WAVES = 12, NOISE = 0.005; // of the generated example: a patch, its cosines

const element = (id) => document.getElementById(id);
let shown = null; // the codes that are shown
let turns = 0; // an answer that comes after a newer question is not shown

async function ask(request, said) {
  const turn = ++turns;
  element("status").textContent = "Asking …";
  const { codes, problem } = await post(request);
  if (turn !== turns) return;
  shown = codes || null;
  element("answer").textContent = codes ? "Answer" : "No answer";
  element("which").hidden = !codes || codes.x.length === 1;
  element("status").textContent = codes ? summary(codes) : problem.title;
  if (codes) {
    Object.assign(element("row"), { max: codes.x.length, value: 1 });
    element("of").textContent = `of ${codes.x.length.toLocaleString("en")}`;
  }
  show(problem);
  showSource(codes || problem, said);
  element("result").hidden = false;
}

function show(problem) {
  const row = Math.min(Math.max(Math.trunc(Number(element("row").value)) || 1, 1), shown?.x.length || 1) - 1;
  element("shown").replaceChildren(...(shown ? codeNodes(shown, row) : problemNodes(problem)));
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

// What is asked besides dictionary and measurements; numbers that are none are sent as they are, and refused.
function method() {
  const number = (id) => (element(id).value.trim() === "" ? undefined : Number(element(id).value) || element(id).value);
  const asked = { variant: element("variant").value, layers: number("layers"), regularization: number("lambda"),
    duality_gap: number("gap") };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function askTyped() {
  const dictionary = element("dictionary").value || rows(element("matrix").value);
  const question = { dictionary, measurements: rows(element("measurements").value), ...method() };
  const body = JSON.stringify(question);
  const brief = body.length > 2000 ? "@question.json" : `'${body}'`;
  ask({ body, media: "application/json", query: "" }, `-d ${brief} -H 'Content-Type: application/json' ${where()}`);
}

function askFile(file) {
  const media = file.name.endsWith(".npz") ? "application/x-npz" : "application/x-npy";
  const name = element("dictionary").value;
  const query = "?" + new URLSearchParams({ ...(name ? { dictionary: name } : {}), ...method() });
  const quoted = `'@${file.name.replaceAll("'", "'\\''")}'`;
  ask({ body: file, media, query }, `--data-binary ${quoted} -H 'Content-Type: ${media}' '${where(query)}'`);
}

const where = (query = "") => new URL(ADDRESS + query, document.baseURI).href;

// A word that is no number stays a word: the server says where it stands.
const rows = (text) => text.split("\n").filter((line) => line.trim()).map((line) =>
  line.trim().split(/[\s,;]+/).filter(Boolean).map((word) => (Number.isFinite(Number(word)) ? Number(word) : word)));

function showSource(document_, said) {
  const json = JSON.stringify(document_, null, 1);
  element("raw").textContent = json.length > MOST_JSON ? json.slice(0, MOST_JSON) + "\n… cut here" : json;
  URL.revokeObjectURL(element("save").href);
  element("save").href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  element("curl").textContent = `curl ${said}`;
}

// A patch of three waves and a little noise, row by row.
function examplePatch() {
  const any = (most) => Math.floor(Math.random() * most);
  const waves = [0, 1, 2].map(() => [any(WAVES), any(WAVES), 1 + Math.random()]);
  const wave = (place, frequency) => Math.cos((Math.PI * place * frequency) / WAVES);
  const pixel = (down, across) => waves.reduce((sum, [first, second, size]) =>
    sum + size * wave(down, first) * wave(across, second), NOISE * (Math.random() - 0.5));
  return Array.from({ length: SIDE * SIDE }, (_, at) => pixel(Math.floor(at / SIDE), at % SIDE).toFixed(4)).join(" ");
}

function showOwn() {
  element("own").hidden = element("dictionary").value !== "";
}

async function listDictionaries() {
  const found = await fetch("v1/models").then((reply) => reply.json(), () => ({ models: [] }));
  const names = (found.models || []).filter((entry) => entry.kind === "dictionary" && entry.current);
  element("dictionary").prepend(...names.map(({ name }) => new Option(name, name)));
  element("dictionary").value = names.some(({ name }) => name === BUNDLED) ? BUNDLED : "";
  showOwn();
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  askTyped();
});
element("dictionary").addEventListener("change", showOwn);
element("row").addEventListener("input", () => shown && show());
element("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) askFile(file);
  event.target.value = ""; // so that the same file can be chosen again
});
element("example").addEventListener("click", () => {
  element("dictionary").value = BUNDLED;
  element("measurements").value = examplePatch();
  showOwn();
  askTyped();
});
listDictionaries();
