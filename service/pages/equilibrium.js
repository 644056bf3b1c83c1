// Sends a context to the API and shows the equilibrium that comes back.

import { equilibriumNodes } from "./equilibrium-answers.js";
import { figure, problemNodes } from "./rendering.js";
import { Refused, optionalNumber } from "./sparse-inputs.js";

const ADDRESS = "v1/equilibrium";
const MEDIA = "application/json";
const STEPS = 100; // of a slider

const element = (id) => document.getElementById(id);
let games = []; // networks of the registry
let shown = null; // the answer that is shown
let turns = 0; // an answer that comes after a newer question is not shown

async function ask() {
  const turn = ++turns;
  if (!element("model").value) throw new Refused("There is no game", "This server has no network that predicts equilibria.");
  const gap = optionalNumber(element("gap").value, "gap");
  const contexts = [...element("context").querySelectorAll("input")].map(({ value }) => Number(value));
  const body = JSON.stringify({ model: element("model").value, contexts, ...(gap === undefined ? {} : { gap }) });
  element("status").textContent = "Asking …";
  const { answer, problem } = await post(body);
  if (turn !== turns) return;
  shown = answer || null;
  if (answer) listPairs(answer.game);
  element("whose").hidden = !answer?.game.roads;
  element("status").textContent = answer
    ? `${answer.provenance[0]}, ${answer.gap_name} at most ${figure(answer.gap[0], 3)}` : problem.title;
  show(problem);
  const json = JSON.stringify(answer || problem, null, 1);
  element("raw").textContent = json;
  URL.revokeObjectURL(element("save").href);
  element("save").href = URL.createObjectURL(new Blob([json], { type: MEDIA }));
  element("curl").textContent = `curl -d '${body}' -H 'Content-Type: ${MEDIA}' ${new URL(ADDRESS, document.baseURI).href}`;
}

function show(problem) {
  const pair = element("pair").value;
  element("answer").textContent = shown ? "Answer" : "No answer";
  element("shown").replaceChildren(...(shown
    ? equilibriumNodes(shown, pair === "" ? undefined : Number(pair)) : problemNodes(problem)));
  element("source").hidden = false;
  element("result").hidden = false;
}

async function attempt() {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    turns += 1;
    shown = null;
    element("whose").hidden = true;
    element("status").textContent = error.problem.title;
    show(error.problem);
    element("source").hidden = true;
  }
}

async function post(body) {
  try {
    const reply = await fetch(ADDRESS, { method: "POST", body, headers: { "Content-Type": MEDIA, Accept: MEDIA } });
    const found = await reply.json();
    return reply.ok ? { answer: found } : { problem: found };
  } catch {
    return { problem: { title: "No answer came", detail: "The server cannot be reached, or hung up." } };
  }
}

// What a context's numbers mean, and from where to where they were drawn in training: [0, 1] where a card does not
// say. Conditions begin where nothing is the matter, other numbers in the middle.
function contextOf(game) {
  const demands = game.roads?.origins.map((origin, k) => `demand ${origin} → ${game.roads.destinations[k]}`);
  const names = demands ? [...demands, ...game.conditions]
    : Array.from({ length: game.context_size }, (_, place) => `context ${place + 1}`);
  return names.map((name, place) => {
    const [min, max] = [game.context_lower?.[place] ?? 0, game.context_upper?.[place] ?? 1];
    return [name, min, max, demands && place >= demands.length ? min : (min + max) / 2];
  });
}

function showGame() {
  const chosen = games.find(({ name }) => name === element("model").value);
  element("pair").replaceChildren();
  element("context").replaceChildren(...contextOf(chosen.implicit.game).map(([name, min, max, value]) => {
    const input = Object.assign(document.createElement("input"), { type: "range", min, max, step: (max - min) / STEPS || "any", value });
    const said = document.createElement("output");
    const say = () => Object.assign(said, { value: figure(Number(input.value), 4) });
    input.addEventListener("input", say);
    say();
    input.addEventListener("change", attempt);
    const label = document.createElement("label");
    label.append(name, said, input);
    return label;
  }));
}

function listPairs({ roads }) {
  if (!roads || element("pair").options.length) return;
  element("pair").replaceChildren(new Option("all pairs together", ""), ...roads.origins.map((origin, k) =>
    new Option(`${origin} → ${roads.destinations[k]}`, k)));
}

async function list() {
  const found = await fetch("v1/models").then((reply) => reply.json(), () => ({ models: [] }));
  games = (found.models || []).filter((entry) => entry.current && entry.implicit?.game);
  element("model").replaceChildren(...games.map(({ name }) => new Option(name, name)));
  if (games.length) showGame();
  else element("status").textContent = "This server has no network that predicts equilibria.";
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt();
});
element("model").addEventListener("change", showGame);
element("pair").addEventListener("change", () => shown && show());
element("draw").addEventListener("click", () => {
  for (const input of element("context").querySelectorAll("input")) {
    input.value = Number(input.min) + Math.random() * (input.max - input.min);
    input.dispatchEvent(new Event("input"));
  }
  attempt();
});
list();
