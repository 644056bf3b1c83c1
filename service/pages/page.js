// Sends the chosen file to the API as it is and shows what comes back.

import { answerNodes, problemNodes, undrawn, wrongLine } from "./rendering.js";

const MOST_JSON = 200_000; // characters of JSON shown on the page; the saved file has them all

const LIST_HINT = "From a terminal, with the line below, every item is answered.";

const element = (id) => document.getElementById(id);
let last = null; // what was asked last: { blob, name, address: of an example }
let turns = 0; // an answer that comes after a newer question is not shown

async function ask(question) {
  last = question;
  const turn = ++turns;
  const query = asked();
  element("status").textContent = `Asking about ${question.name} …`;
  element("drop").setAttribute("aria-busy", "true");
  const { answer, problem } = await post(question, query);
  const wrong = problem && (await wrongLine(question.blob, problem));
  if (turn !== turns) return;
  element("drop").removeAttribute("aria-busy");
  try {
    show(question, answer, problem, wrong);
  } catch (error) {
    show(question, undefined, undrawn(error).problem);
  }
  showSource(answer || problem, question.name, query);
  bringIntoView(element("result"));
}

function show(question, answer, problem, wrong) {
  element("shown").replaceChildren(...(answer ? answerNodes(answer, question) : problemNodes(problem, wrong)));
  element("answer").textContent = answer ? "Answer" : "No answer";
  element("status").textContent = `${question.name}: ` +
    (answer ? answer.verdict + (answer.verdict === "abstain" ? "" : `, ${answer.provenance}`) : problem.title);
}

function asked() {
  const policy = element("policy").value;
  const parameters = new URLSearchParams();
  if (policy !== "predict") parameters.set("policy", policy);
  if (policy === "solve" || policy === "auto") parameters.set("explain", "true");
  if (element("solution").checked) parameters.set("solution", "true");
  return parameters.size ? "?" + parameters : "";
}

async function post(question, query) {
  try {
    await question.blob.slice(0, 1).arrayBuffer();
  } catch {
    return { problem: { title: "The file cannot be read", detail: "It is a folder, or it was moved or changed." } };
  }
  const name = new URLSearchParams({ name: question.name });
  const request = { method: "POST", body: question.blob, headers: { "Content-Type": "application/octet-stream" } };
  try {
    const reply = await fetch("v1/predict" + (query ? query + "&" : "?") + name, request);
    const body = await reply.json();
    if (Array.isArray(body)) {
      return { problem: { title: "A list of instances", detail: "This page shows one instance.", hint: LIST_HINT } };
    }
    return reply.ok ? { answer: body } : { problem: body };
  } catch {
    const hint = "See whether it still runs, and whether it takes files as large as this one: " +
      `${Math.ceil(question.blob.size / 1024).toLocaleString("en")} KiB.`;
    return { problem: { title: "No answer came", detail: "The server cannot be reached, or hung up.", hint } };
  }
}

function showSource(document_, name, query) {
  const json = JSON.stringify(document_, null, 2);
  element("raw").textContent = json.length > MOST_JSON ? json.slice(0, MOST_JSON) + "\n… cut here" : json;
  URL.revokeObjectURL(element("save").href);
  element("save").href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  const address = new URL("v1/predict" + query, document.baseURI);
  element("curl").textContent = `curl --data-binary @${quoted(name)} ` +
    `-H 'Content-Type: application/octet-stream' ${quoted(address.href)}`;
}

const quoted = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function bringIntoView(section) {
  section.hidden = false;
  if (section.getBoundingClientRect().top > 0.6 * window.innerHeight) section.scrollIntoView();
}

function askFirst(files) {
  if (files.length) ask({ blob: files[0], name: files[0].name });
}

element("file").addEventListener("change", (event) => {
  askFirst([...event.target.files]);
  event.target.value = ""; // so that the same file can be chosen again
});

for (const choice of ["solution", "policy"]) {
  element(choice).addEventListener("change", () => last && ask(last));
}

for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    element("drop").classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type === "drop") askFirst(event.dataTransfer.files);
  });
}

for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", async () => {
    const name = button.dataset.example;
    const address = "pages/examples/" + name;
    const blob = await fetch(address).then((reply) => reply.blob(), () => new Blob());
    ask({ blob, name, address });
  });
}
