// Pictures to try, drawn here: levels from 0 to 1, row by row, as a PNG file.

const SIDE = 128;

// Bright skull, brain, two dark ventricles and a few small lesions: (centre, half axes, turn, what is added).
const HEAD = [
  [0, 0, 0.72, 0.93, 0, 0.9], [0, -0.01, 0.66, 0.87, 0, -0.55], [0.24, -0.04, 0.12, 0.33, -0.32, -0.2],
  [-0.24, -0.04, 0.15, 0.38, 0.32, -0.2], [0, 0.38, 0.22, 0.24, 0, 0.18], [0, -0.5, 0.26, 0.18, 0, 0.12],
  [0.05, 0.1, 0.045, 0.045, 0, 0.3], [-0.06, -0.16, 0.05, 0.05, 0, 0.25], [-0.09, -0.62, 0.05, 0.025, 0, 0.35],
  [0.02, -0.62, 0.025, 0.025, 0, 0.35], [0.1, -0.62, 0.025, 0.05, 0, 0.35], [0.38, 0.32, 0.09, 0.05, 0.6, 0.22],
];

export const PICTURES = { head, town, pond };

export function pictureFile(name) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(SIDE, SIDE);
  for (let place = 0; place < SIDE * SIDE; place++) {
    const x = (2 * (place % SIDE) + 1) / SIDE - 1, y = (2 * Math.floor(place / SIDE) + 1) / SIDE - 1;
    const level = Math.round(255 * Math.min(Math.max(PICTURES[name](x, y), 0), 1));
    pixels.data.set([level, level, level, 255], 4 * place);
  }
  context.putImageData(pixels, 0, 0);
  return new Promise((done) => canvas.toBlob((blob) => done(new File([blob], `${name}.png`, { type: blob.type }))));
}

// x and y from −1 to 1, y downwards.
function head(x, y) {
  return HEAD.reduce((level, [left, top, wide, high, turn, added]) => {
    const across = (x - left) * Math.cos(turn) + (y - top) * Math.sin(turn);
    const down = (y - top) * Math.cos(turn) - (x - left) * Math.sin(turn);
    return level + ((across / wide) ** 2 + (down / high) ** 2 <= 1 ? added : 0);
  }, 0.02);
}

function town(x, y) {
  const house = Math.floor((x + 1) * 4.5);
  const roof = 0.25 - 0.75 * Math.abs(Math.sin(12.9 * house + 3));
  const sky = 0.75 - 0.25 * y;
  if (y < roof) return (x - 0.62) ** 2 + (y + 0.68) ** 2 < 0.03 ? 1 : sky;
  const across = ((x + 1) * 4.5 - house) * 4, down = (y - roof) * 8;
  const isWindow = across > 0.6 && across < 3.4 && across % 1 > 0.35 && down > 0.7 && down % 1 > 0.45 && y < 0.88;
  const wall = 0.22 + 0.3 * Math.abs(Math.sin(7.1 * house));
  return isWindow ? (Math.sin(37 * house + 5 * Math.floor(across) + 11 * Math.floor(down)) > 0 ? 0.95 : 0.08) : wall;
}

function pond(x, y) {
  const rings = [[-0.35, -0.2, 26, 0.22], [0.45, 0.35, 34, 0.16]];
  const water = rings.reduce((level, [left, top, often, strong]) => {
    const far = Math.hypot(x - left, y - top);
    return level + strong * Math.cos(often * far) * Math.exp(-1.6 * far);
  }, 0.45 + 0.12 * x);
  const leaf = Math.hypot(x - 0.4, y + 0.45) < 0.24 && Math.abs(Math.atan2(y + 0.45, x - 0.4)) > 0.35;
  return leaf ? 0.85 : water;
}
