// Measurements of codes that are known: what was planted can be looked for in the answer.

export const BUNDLED = "dct-64x144";
const SIDE = 8, WAVES = 12; // a patch, its cosines: service/overcomplete_dct.py
const PLANTED = 3, NOISE = 0.002;
const OWN_ROWS = 12, OWN_COLUMNS = 24;

// A patch of three of the bundled dictionary's atoms and a little noise, row by row.
export function examplePatch() {
  const lines = Array.from({ length: WAVES }, (_, wave) => cosine(wave));
  const atom = (place, pixel) =>
    lines[Math.floor(place / WAVES)][Math.floor(pixel / SIDE)] * lines[place % WAVES][pixel % SIDE];
  return measured(planted(WAVES * WAVES), SIDE * SIDE, (pixel, place) => atom(place, pixel));
}

// A measurement of three columns of a matrix.
export function exampleOf(matrix) {
  return measured(planted(matrix[0].length), matrix.length, (row, column) => matrix[row][column]);
}

export function exampleMatrix() {
  return Array.from({ length: OWN_ROWS }, () => Array.from({ length: OWN_COLUMNS }, () => round(normal(), 3)));
}

// A wave without its mean, of length one.
function cosine(wave) {
  const samples = Array.from({ length: SIDE }, (_, place) => Math.cos((Math.PI * place * wave) / WAVES));
  const mean = wave ? samples.reduce((sum, value) => sum + value) / SIDE : 0;
  const length = Math.hypot(...samples.map((value) => value - mean));
  return samples.map((value) => (value - mean) / length);
}

// Atom → value, of a few atoms drawn at random.
function planted(atoms) {
  const code = new Map();
  while (code.size < Math.min(PLANTED, atoms)) {
    const sign = Math.random() < 0.5 ? -1 : 1;
    code.set(Math.floor(Math.random() * atoms), round(sign * (1 + Math.random()), 3));
  }
  return code;
}

function measured(code, rows, entry) {
  const measurement = Array.from({ length: rows }, (_, row) =>
    round([...code].reduce((sum, [atom, value]) => sum + value * entry(row, atom), NOISE * normal()), 5));
  return { measurement, code };
}

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const round = (value, digits) => Number(value.toFixed(digits));
