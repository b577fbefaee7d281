// Points and lines drawn by the processor, for where no graphics card does: a picture and, for each of its pixels, how near
// what it shows is.

/** Points are squares of so many pixels. */
export const pointPixels = 2;

/**
 * Pictures of one size. Vertices are `count` as `vertices.js` has them, in `floats` and, of the same bytes, `words`; a matrix
 * from the world to the picture is one of `matrices.js`.
 */
export class Raster {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** One over the distance along the viewer's axis, 0 for nothing. */
    this.nearness = new Float32Array(width * height);
  }

  /** Begins a picture in `pixels`, as an `ImageData` has them, with one colour: red, green, blue from 0 to 1. */
  begin(pixels, [red, green, blue]) {
    this.bytes = new Uint8ClampedArray(pixels);
    this.words = new Uint32Array(pixels);
    this.bytes.set([red * 255, green * 255, blue * 255, 255], 0);
    this.words.fill(this.words[0]);
    this.nearness.fill(0);
  }

  /** Draws so many points, spread evenly over all. */
  points({ floats, words: colours, count }, wanted, pictureFromWorld) {
    const { width, words, nearness } = this;
    const [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = this.#rows(pictureFromWorld);
    const nearest = nearPlane(pictureFromWorld);
    const [right, bottom] = [width - 1, this.height - 1];
    const [step, rest] = [Math.floor(count / wanted) * 4, count % wanted];
    for (let place = 0, at = 0, over = 0; place < wanted; place += 1, at += step) {
      // What a step falls short of the whole way, added up.
      over += rest;
      if (over >= wanted) {
        over -= wanted;
        at += 4;
      }
      const x = floats[at], y = floats[at + 1], z = floats[at + 2];
      const w = c0 * x + c1 * y + c2 * z + c3;
      if (!(w > nearest)) continue;
      const near = 1 / w;
      const left = (a0 * x + a1 * y + a2 * z + a3) * near - 0.5, top = (b0 * x + b1 * y + b2 * z + b3) * near - 0.5;
      if (!(left >= 0 && left < right && top >= 0 && top < bottom)) continue;
      const colour = colours[at + 3];
      const above = (top | 0) * width + (left | 0), below = above + width;
      if (near > nearness[above]) {
        nearness[above] = near;
        words[above] = colour;
      }
      if (near > nearness[above + 1]) {
        nearness[above + 1] = near;
        words[above + 1] = colour;
      }
      if (near > nearness[below]) {
        nearness[below] = near;
        words[below] = colour;
      }
      if (near > nearness[below + 1]) {
        nearness[below + 1] = near;
        words[below + 1] = colour;
      }
    }
  }

  /**
   * Draws lines of one pixel: from each even vertex to the next, or with `isStrip` from each to the next. `tint` are factors
   * of red, green, blue; `isOnTop` draws over what is nearer, too.
   */
  lines({ floats, count }, pictureFromWorld, { tint = [1, 1, 1], isStrip = false, isOnTop = false } = {}) {
    const ends = this.#projected(floats, count, pictureFromWorld);
    const colours = new Uint8Array(floats.buffer);
    const frame = { nearest: nearPlane(pictureFromWorld), width: this.width, height: this.height };
    for (let at = 0; at + 1 < count; at += isStrip ? 1 : 2) {
      const [first, last] = partInSight(ends, at * 3, frame);
      if (first < last) this.#line(ends, at * 3, first, last, colours.subarray(at * 16 + 12, at * 16 + 16), tint, isOnTop);
    }
  }

  /** The rows of a matrix to pixels: across, down, and the distance, before the division by it. */
  #rows(m) {
    const [across, down] = [this.width / 2, this.height / 2];
    const row = (place) => [place(0), place(4), place(8), place(12)];
    return [
      ...row((at) => (m[at + 3] + m[at]) * across), ...row((at) => (m[at + 3] - m[at + 1]) * down), ...row((at) => m[at + 3]),
    ];
  }

  /** Each vertex across, down and in depth, not yet divided by it. */
  #projected(floats, count, pictureFromWorld) {
    const [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = this.#rows(pictureFromWorld);
    const ends = new Float64Array(count * 3);
    for (let at = 0; at < count; at += 1) {
      const x = floats[at * 4], y = floats[at * 4 + 1], z = floats[at * 4 + 2];
      ends[at * 3] = a0 * x + a1 * y + a2 * z + a3;
      ends[at * 3 + 1] = b0 * x + b1 * y + b2 * z + b3;
      ends[at * 3 + 2] = c0 * x + c1 * y + c2 * z + c3;
    }
    return ends;
  }

  // A pixel a step along the longer way, between two shares of the line. One over the depth is even along a line of the
  // picture.
  #line(ends, at, first, last, colour, tint, isOnTop) {
    const { width, height, bytes, nearness } = this;
    const along = (axis, way) => ends[at + axis] + (ends[at + 3 + axis] - ends[at + axis]) * way;
    const fromNear = 1 / along(2, first), toNear = 1 / along(2, last);
    const fromX = along(0, first) * fromNear, fromY = along(1, first) * fromNear;
    const acrossX = along(0, last) * toNear - fromX, acrossY = along(1, last) * toNear - fromY;
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(acrossX), Math.abs(acrossY))));
    const red = colour[0] * tint[0], green = colour[1] * tint[1], blue = colour[2] * tint[2];
    const share = colour[3] / 255;
    for (let step = 0; step < steps; step += 1) {
      const way = (step + 0.5) / steps;
      const column = (fromX + acrossX * way) | 0, row = (fromY + acrossY * way) | 0;
      if (column >>> 0 >= width || row >>> 0 >= height) continue;
      const place = row * width + column;
      const near = fromNear + (toNear - fromNear) * way;
      if (!isOnTop && near <= nearness[place]) continue;
      nearness[place] = near;
      const pixel = place * 4;
      bytes[pixel] += (red - bytes[pixel]) * share;
      bytes[pixel + 1] += (green - bytes[pixel + 1]) * share;
      bytes[pixel + 2] += (blue - bytes[pixel + 2]) * share;
    }
  }
}

/** The distance before which nothing is drawn, by a perspective matrix after a rigid one. */
function nearPlane(m) {
  // Of the row of the depth, what does not go along with that of the distance tells of the near plane: with a row of distance
  // `w`, that of depth is `w · (far + near) / (far − near) − 2 · far · near / (far − near)`.
  const length = m[3] ** 2 + m[7] ** 2 + m[11] ** 2;
  const factor = (m[2] * m[3] + m[6] * m[7] + m[10] * m[11]) / length;
  return (factor * m[15] - m[14]) / (factor + 1);
}

const whole = [0, 1];
const nothing = [0, 0];

/**
 * From which share to which a line is in sight. It begins at `ends[at]`; its ends are not yet divided by their depths, and
 * neither are the edges of the picture that they are compared with.
 *
 * Source: Liang and Barsky 1984, "A New Concept and Method for Line Clipping".
 */
function partInSight(ends, at, { nearest, width, height }) {
  let [first, last] = whole;
  for (let edge = 0; edge < 5; edge += 1) {
    const from = inside(edge, ends, at, nearest, width, height), to = inside(edge, ends, at + 3, nearest, width, height);
    if (!(from >= 0 || to >= 0)) return nothing;
    if (from < 0) first = Math.max(first, from / (from - to));
    else if (to < 0) last = Math.min(last, from / (from - to));
  }
  return first === 0 && last === 1 ? whole : [first, last];
}

// How far an end is on the right side of an edge.
function inside(edge, ends, at, nearest, width, height) {
  const x = ends[at], y = ends[at + 1], w = ends[at + 2];
  switch (edge) {
    case 0: return w - nearest;
    case 1: return x;
    case 2: return width * w - x;
    case 3: return y;
    default: return height * w - y;
  }
}
