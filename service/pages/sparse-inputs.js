// What is typed or chosen on the page of sparse recovery. What is no number is refused here, with words.

const MOST_LETTERS = 30; // of a wrong word
const LONGEST_TAIL = 66_000; // bytes at the end of a zip that its list of members may begin from
const END = 0x06054b50, END_SIZE = 22, ENTRY_SIZE = 46;

export class Refused extends Error {
  constructor(detail, hint) {
    super(detail);
    this.problem = { title: "This cannot be asked", detail, hint };
  }
}

// The number, or undefined where nothing is typed.
export function optionalNumber(text, what) {
  const word = text.trim();
  if (word === "") return undefined;
  const number = Number(word);
  if (Number.isFinite(number)) return number;
  const hint = word.includes(",") ? "Use a point as the decimal separator." : undefined;
  const shown = word.length > MOST_LETTERS ? word.slice(0, MOST_LETTERS) + "…" : word;
  throw new Refused(`${what}: “${shown}” is not a number`, hint);
}

// Rows of numbers, with blanks or commas between them.
export function rowsOf(text, what) {
  const lines = text.split("\n").filter((line) => line.trim());
  if (!lines.length) throw new Refused(`There are no ${what}`, "Type them, a row each, or choose a file.");
  const rows = lines.map((line, place) => line.split(/[\s,;]+/).filter(Boolean)
    .map((word) => optionalNumber(word, `${what}, row ${place + 1}`)));
  const odd = rows.findIndex((row) => row.length !== rows[0].length);
  if (odd < 0) return rows;
  throw new Refused(`${what}: row ${odd + 1} has ${rows[odd].length} numbers, row 1 has ${rows[0].length}`);
}

// Whether a file is one of numpy's .npz with a dictionary of its own.
export async function holdsDictionary(file) {
  try {
    return (await members(file)).includes("dictionary.npy");
  } catch {
    return false; // cut short, or no zip at all: the server says so
  }
}

async function members(file) {
  const tail = new DataView(await file.slice(Math.max(0, file.size - LONGEST_TAIL)).arrayBuffer());
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return [];
  const [size, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const list = new DataView(await file.slice(start, start + size).arrayBuffer());
  const names = [];
  for (let at = 0; at + ENTRY_SIZE <= list.byteLength;) {
    const [name, extra, comment] = [28, 30, 32].map((place) => list.getUint16(at + place, true));
    names.push(new TextDecoder().decode(new Uint8Array(list.buffer, at + ENTRY_SIZE, name)));
    at += ENTRY_SIZE + name + extra + comment;
  }
  return names;
}
