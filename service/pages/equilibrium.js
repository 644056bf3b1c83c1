// Sends a context to the API and shows the equilibrium that comes back.

import { equilibriumNodes, gapText } from "./equilibrium-answers.js";
import { figure, problemNodes, undrawn } from "./rendering.js";
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
  if (!shown) element("result").hidden = true;
  const { answer, problem } = await post(body);
  if (turn !== turns) return;
  shown = answer || null;
  if (answer) listPairs(answer.game);
  element("whose").hidden = !answer?.game.roads;
  element("status").textContent = answer
    ? `${answer.provenance[0]}, ${gapText(answer)}` : problem.title;
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

async function attempt(asking = ask) {
  try {
    await asking();
  } catch (error) {
    const { problem } = error instanceof Refused ? error : undrawn(error);
    turns += 1;
    shown = null;
    element("whose").hidden = true;
    element("status").textContent = problem.title;
    show(problem);
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
    : Array.from({ length: game.context_size }, (_, place) => `d${place + 1}`);
  return names.map((name, place) => {
    const [min, max] = [game.context_lower?.[place] ?? 0, game.context_upper?.[place] ?? 1];
    return [name, min, max, demands && place >= demands.length ? min : (min + max) / 2];
  });
}

// What the numbers of a context mean.
function meaningOf(game) {
  if (!game.roads) {
    return `d1 to d${game.context_size}: what the payoffs depend on; numbers without a unit.`;
  }
  return `demand a → b: how much traffic goes from crossing a to crossing b, as a multiple of its usual amount. weather: ` +
    "0 is fine, 1 the worst, with every road slower by up to a half, each by its own share. incident at n: 0 is none, " +
    "1 a full one, with the roads at crossing n taking two to four times as long. The city is made up: its times and " +
    "flows have no unit; an empty road takes 1 to 2.";
}

function showGame() {
  const chosen = games.find(({ name }) => name === element("model").value);
  element("meaning").textContent = meaningOf(chosen.implicit.game);
  element("pair").replaceChildren();
  element("context").replaceChildren(...contextOf(chosen.implicit.game).map(([name, min, max, value]) => {
    const input = Object.assign(document.createElement("input"), { type: "range", min, max, step: (max - min) / STEPS || "any", value });
    const said = document.createElement("output");
    const say = () => Object.assign(said, { value: figure(Number(input.value), 4) });
    input.addEventListener("input", say);
    say();
    input.addEventListener("change", () => attempt());
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
element("pair").addEventListener("change", () => shown && attempt(show));
element("draw").addEventListener("click", () => {
  for (const input of element("context").querySelectorAll("input")) {
    input.value = Number(input.min) + Math.random() * (input.max - input.min);
    input.dispatchEvent(new Event("input"));
  }
  attempt();
});
attempt(list);
