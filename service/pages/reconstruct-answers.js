// An answer of reconstruction as pictures side by side and a table of their measures.

import { badge, figure, node } from "./rendering.js";

const STRENGTH = 4; // of a difference shown
const NAMES = {
  "zero-filled": "classical inverse", "total-variation": "total variation", "plug-and-play": "plug and play",
  network: "network",
};

const PROVED = "Certified is that no picture makes least squares with total variation much less, by a duality gap; " +
  "how near the picture is to the truth, only the truth tells.";

export const methodName = (method) => NAMES[method] || method;

// The first picture of each: truth, measurement and every method's, decoded.
export async function picturesOf(answer) {
  const kept = [["truth", answer.truth], ["measurement", answer.measurement],
    ...answer.results.map((result) => [result, result.images])];
  const shown = kept.filter(([, files]) => files);
  return Promise.all(shown.map(async ([what, files]) => [what, await bitmapOf(files[0]), files[0]]));
}

export function answerNodes(answer, pictures, isDifference) {
  const truth = pictures.find(([what]) => what === "truth");
  const figures = pictures.map(([what, bitmap, file]) => {
    const isMethod = typeof what !== "string";
    const painted = canvasOf(bitmap, isMethod && isDifference && truth ? truth[1] : null);
    painted.setAttribute("aria-label", described(what, isMethod && isDifference));
    return node("figure", isMethod ? "" : "given", painted, caption(what, file));
  });
  const isProved = answer.results.some((result) => result.provenance[0] === "certified");
  const used = answer.results.map(({ model }) => model).filter((model) => model?.trained_on);
  const trained = used.map((model) => `${model.name} ${model.version} was trained on: ${model.trained_on}. ` +
    "Of other pictures its answer may be worse than a classical one.");
  const notes = [...answer.notes, ...trained, ...answer.results.flatMap((result) => result.notes)];
  const row = node("div", "pictures", ...figures);
  row.style.setProperty("--count", figures.length);
  return [
    row,
    ...notes.map((text) => node("p", "soft", text)),
    measures(answer.results),
    ...(answer.results.length > 1 ? [node("p", "soft", "Bold: the best PSNR, that is, nearest to the truth.")] : []),
    ...(isProved ? [node("p", "soft", PROVED)] : []),
    node("p", "soft", `${answer.image_shape[1]} × ${answer.image_shape[0]} pixels, ${operatorText(answer.operator)}; ` +
      `noise ${answer.noise}, seed ${answer.seed}; ${timeText(answer.seconds)}`),
  ];
}

function described(what, isDifference) {
  if (typeof what === "string") return what;
  const quality = what.psnr ? `, PSNR ${decibels(what)}` : "";
  return `${isDifference ? "difference from the truth: " : ""}${methodName(what.method)}${quality}`;
}

function caption(what, file) {
  if (what === "truth") return node("figcaption", "", node("strong", "", "truth"));
  if (what === "measurement") return node("figcaption", "", node("strong", "", "measurement"));
  const link = Object.assign(node("a", "", "save"), { download: `${what.method}.png` });
  link.href = URL.createObjectURL(new Blob([bytesOf(file)], { type: "image/png" }));
  link.setAttribute("aria-label", `save the picture of ${methodName(what.method)}`);
  return node("figcaption", "", node("strong", "", methodName(what.method)), " ", link,
    ...(what.psnr ? [node("span", "quality", `${decibels(what)}, SSIM ${what.ssim ? what.ssim[0].toFixed(3) : "–"}`)] : []));
}

const decibels = (result) => (result.psnr[0] === null ? "∞ dB" : `${result.psnr[0].toFixed(2)} dB`);

function measures(results) {
  const heads = [["method"], ["PSNR", "number"], ["‖Ax − y‖ / ‖y‖", "number"], ["steps", "number"], ["ended"], ["time", "number"], ["worth"]];
  const best = Math.max(...results.map((result) => result.psnr?.[0] ?? -Infinity));
  const rows = results.map((result) => {
    const name = node("th", "", methodName(result.method), ...(result.model ? [" (", modelLink(result.model), ")"] : []));
    name.scope = "row";
    const row = node("tr", result.psnr && result.psnr[0] === best && results.length > 1 ? "best" : "", name,
      cell(result.psnr ? decibels(result) : "–"), cell(figure(result.relative_residual[0], 3)), cell(String(result.iterations[0])),
      node("td", "", result.reason[0]), cell(timeText(result.seconds)), node("td", "", worth(result)));
    return row;
  });
  const head = node("tr", "", ...heads.map(([text, className]) => Object.assign(node("th", className, text), { scope: "col" })));
  const box = node("div", "scrolled", node("table", "measures", node("thead", "", head), node("tbody", "", ...rows)));
  return Object.assign(box, { tabIndex: 0, role: "group", ariaLabel: "measures of every method" });
}

function worth(result) {
  const made = badge(result.provenance[0]);
  if (result.provenance[0] === "computed") made.textContent = "computed";
  if (result.duality_gap) made.title = `duality gap ${figure(result.duality_gap[0], 3)}`;
  return made;
}

function modelLink(model) {
  const link = node("a", "", `${model.name} ${model.version}`);
  link.href = "v1/models/" + encodeURIComponent(model.name);
  return link;
}

function operatorText({ kind, ...parameters }) {
  return [kind, ...Object.entries(parameters).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`)].join(", ");
}

const timeText = (seconds) => (seconds < 1 ? `${figure(1000 * seconds, 3)} ms` : `${figure(seconds, 3)} s`);

const cell = (text) => node("td", "number", text);

const bytesOf = (file) => Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));

const bitmapOf = (file) => createImageBitmap(new Blob([bytesOf(file)], { type: "image/png" }));

// The picture, or how far it is from another.
function canvasOf(bitmap, other) {
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  canvas.setAttribute("role", "img");
  const context = canvas.getContext("2d");
  if (other) {
    const levels = levelsOf(other);
    const pixels = new ImageData(levelsOf(bitmap), bitmap.width);
    for (let at = 0; at < pixels.data.length; at += 4) {
      const far = Math.min(255, STRENGTH * Math.abs(pixels.data[at] - levels[at]));
      pixels.data.set([far, far, far, 255], at);
    }
    context.putImageData(pixels, 0, 0);
  } else {
    context.drawImage(bitmap, 0, 0);
  }
  return canvas;
}

function levelsOf(bitmap) {
  const { width, height } = bitmap;
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}
