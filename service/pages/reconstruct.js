// Sends a picture to the API, which degrades it and finds it again, and shows what came of it.

import { problemNodes, undrawn } from "./rendering.js";
import { answerNodes, methodName, picturesOf } from "./reconstruct-answers.js";
import { pictureFile } from "./reconstruct-pictures.js";
import { Refused, optionalNumber } from "./sparse-inputs.js";

const ADDRESS = "v1/reconstruct";
const SIZE = 128; // pixels of the longer side of a picture that is sent
const MOST_JSON = 200_000; // characters of JSON shown on the page; the saved file has them all
const FIRST = "inpainting"; // every picture is sensible there, and total variation proves what it finds
const USUAL = ["zero-filled", "total-variation", "network"];
const TAKEN = ["image/png", "image/jpeg"];

const element = (id) => document.getElementById(id);
let picture = null; // the file that is asked about
let kinds = []; // forward operators
let networks = []; // of the registry
let shown = null; // the answer that is shown, with its pictures decoded
let turns = 0; // an answer that comes after a newer question is not shown

async function ask() {
  const turn = ++turns;
  if (!picture) throw new Refused("There is no picture", "Choose a file, or one of the examples.");
  const query = "?" + new URLSearchParams(asked());
  element("status").textContent = "Asking …";
  element("submit").disabled = true;
  if (!shown) element("result").hidden = true;
  const { answer, problem } = await post(picture, query);
  if (turn !== turns) return;
  const pictures = answer ? await picturesOf(answer) : [];
  if (turn !== turns) return;
  shown = answer ? { answer, pictures } : null;
  element("status").textContent = answer ? summary(answer) : problem.title;
  show(problem);
  showSource(answer || problem, query);
}

function summary({ results }) {
  return results.map((result) => `${methodName(result.method)} ` +
    (result.psnr[0] === null ? "∞ dB" : `${result.psnr[0].toFixed(2)} dB`)).join(", ");
}

function show(problem) {
  element("answer").textContent = shown ? "Answer" : "No answer";
  element("compare").hidden = !shown;
  element("shown").replaceChildren(...(shown
    ? answerNodes(shown.answer, shown.pictures, element("difference").checked) : problemNodes(problem)));
  element("source").hidden = false;
  element("result").hidden = false;
}

// What the page itself refuses never reaches the server.
function refuse({ problem }) {
  turns += 1;
  shown = null;
  element("status").textContent = problem.title;
  show(problem);
  element("source").hidden = true;
}

async function attempt(asking = ask) {
  try {
    await asking();
  } catch (error) {
    refuse(error instanceof Refused ? error : undrawn(error));
  } finally {
    element("submit").disabled = false;
  }
}

async function post(body, query) {
  const request = { method: "POST", body, headers: { "Content-Type": body.type, Accept: "application/json" } };
  try {
    const reply = await fetch(ADDRESS + query, request);
    const found = await reply.json();
    return reply.ok ? { answer: found } : { problem: found };
  } catch {
    return { problem: { title: "No answer came", detail: "The server cannot be reached, or hung up." } };
  }
}

function asked() {
  const methods = [...element("methods").querySelectorAll("input:checked")].map(({ value }) => value);
  if (!methods.length) throw new Refused("No method is chosen", "Tick at least one.");
  const kind = element("kind").value;
  const parameters = numbers("operator").map(([name, value]) => `${name}=${value}`);
  const model = element("model").value;
  return {
    operator: parameters.length ? `${kind}:${parameters.join(",")}` : kind, degrade: true, size: SIZE,
    ...Object.fromEntries(numbers("noise")),
    methods: methods.join(","), ...(model && methods.includes("network") ? { model } : {}),
  };
}

// What is typed of the operator's parameters, or of the noise: [name, number] each.
function numbers(part) {
  return [...element("parameters").querySelectorAll(`[data-part="${part}"]`)]
    .map(({ dataset, value }) => [dataset.name, optionalNumber(value, dataset.title)])
    .filter(([, value]) => value !== undefined);
}

function showSource(document_, query) {
  const json = JSON.stringify(document_, null, 1);
  element("raw").textContent = json.length > MOST_JSON ? json.slice(0, MOST_JSON) + "\n… cut here" : json;
  URL.revokeObjectURL(element("save").href);
  element("save").href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  const quoted = `'@${picture.name.replaceAll("'", "'\\''")}'`;
  element("curl").textContent =
    `curl --data-binary ${quoted} -H 'Content-Type: ${picture.type}' '${new URL(ADDRESS + query, document.baseURI).href}'`;
}

// A number input for every parameter of the chosen kind, and for the noise.
function showKind() {
  const chosen = kinds.find(({ kind }) => kind === element("kind").value);
  const fitting = networks.filter(({ implicit }) => implicit.operator?.kind === chosen.kind);
  const trained = fitting[0]?.implicit.operator || {};
  const rows = Object.entries(chosen.parameters).map(([name, parameter]) =>
    field("operator", name, trained[name] ?? parameter.default, parameter));
  rows.push(field("noise", "noise", 0.01, { title: "Noise σ", least: 0, greatest: 10 }),
    field("noise", "seed", 0, { title: "Seed of the noise", least: 0, greatest: 2 ** 32 - 1, whole: true }));
  element("parameters").replaceChildren(...rows);
  element("model").replaceChildren(...fitting.map(({ name, implicit }) =>
    new Option(`${name} (${implicit.form}, ${implicit.mode})`, name)));
  const network = element("methods").querySelector('[value="network"]');
  const wins = fitting[0]?.implicit.beats_classical === true;
  if (network) {
    Object.assign(network, { disabled: !fitting.length, checked: fitting.length > 0 });
    element("why").textContent = whyNot(fitting[0], wins);
  }
  showTrained();
  element("model").parentElement.hidden = !fitting.length;
}

function whyNot(fitting, wins) {
  if (!fitting) return " (none for this degradation)";
  return wins ? "" : " (not shown to beat the classical inverse on pictures unlike those it was trained on)";
}

// Of the chosen network.
function showTrained() {
  const chosen = networks.find(({ name }) => name === element("model").value);
  const data = chosen?.implicit.trained_on;
  element("trained").textContent = data ? `trained on ${data}; of other pictures it may be worse than total variation` : "";
}

function field(part, name, value, { title, least, greatest, whole }) {
  const range = { type: "number", min: least, max: greatest, step: whole ? 1 : "any", value };
  const input = Object.assign(document.createElement("input"), { id: `${part}-${name}`, ...range });
  Object.assign(input.dataset, { part, name, title });
  const label = document.createElement("label");
  label.append(title, input);
  return label;
}

function showMethods(methods) {
  element("methods").replaceChildren(...methods.map(({ method, title }) => {
    const input = Object.assign(document.createElement("input"), { type: "checkbox", value: method });
    input.checked = USUAL.includes(method);
    const label = Object.assign(document.createElement("label"), { title });
    label.append(input, ` ${methodName(method)}`);
    if (method === "network") label.append(Object.assign(document.createElement("span"), { id: "why" }));
    return label;
  }));
}

async function list() {
  const [operators, models] = await Promise.all(["v1/operators", "v1/models"].map((address) =>
    fetch(address).then((reply) => reply.json(), () => ({}))));
  kinds = operators.operators || [];
  networks = (models.models || []).filter((entry) => entry.current && entry.kind === "reconstruction-network");
  showMethods(operators.methods || []);
  element("kind").replaceChildren(...kinds.map(({ kind, title }) => new Option(title, kind)));
  element("kind").value = (kinds.find(({ kind }) => kind === FIRST) || kinds[0] || {}).kind || "";
  if (kinds.length) showKind();
  else element("status").textContent = "The server cannot be reached: load this page again.";
}

function choose(file, example) {
  for (const button of document.querySelectorAll("[data-picture]")) {
    button.ariaPressed = String(button.dataset.picture === example);
  }
  if (!TAKEN.includes(file.type)) {
    picture = null;
    element("note").textContent = `${file.name} is no PNG or JPEG file.`;
    return;
  }
  picture = file;
  element("note").textContent = `${file.name} is asked about.`;
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt();
});
element("kind").addEventListener("change", showKind);
element("model").addEventListener("change", showTrained);
element("difference").addEventListener("change", () => shown && attempt(show));
element("file").addEventListener("change", () => {
  const [file] = element("file").files;
  if (file) choose(file);
});
for (const button of document.querySelectorAll("[data-picture]")) {
  button.addEventListener("click", async () => {
    element("file").value = "";
    choose(await pictureFile(button.dataset.picture), button.dataset.picture);
    attempt();
  });
}
for (const name of ["dragover", "dragleave", "drop"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    element("drop").classList.toggle("over", name === "dragover");
    const [file] = (name === "drop" && event.dataTransfer?.files) || [];
    if (file) choose(file);
  });
}
attempt(list);
