// Lines of the scene, as vertices of `[x, y, z, colour]`.

import { add, scaled } from './matrices.js';

/** The pyramid in front of a camera: from its place to the corners of its picture, and around them. */
export function frustum({ position, rows }, size, colour) {
  const [right, down, forward] = [0, 1, 2].map((axis) => rows.map((row) => row[axis]));
  const corner = (x, y) =>
    add(position, add(scaled(forward, size), add(scaled(right, x * size * 0.7), scaled(down, y * size * 0.4))));
  const corners = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
  const lines = [];
  corners.forEach((from, at) => lines.push([position, from], [from, corners[(at + 1) % 4]]));
  // A mark at the upper edge, so that one sees which way is up.
  lines.push([corner(-0.35, -1), corner(0, -1.5)], [corner(0, -1.5), corner(0.35, -1)]);
  return lines.flatMap(([from, to]) => [[...from, colour], [...to, colour]]);
}

/** Three short lines through a place. */
export function cross(position, size, colour) {
  return [0, 1, 2].flatMap((axis) => {
    const reach = [0, 0, 0];
    reach[axis] = size;
    return [[...add(position, reach), colour], [...add(position, scaled(reach, -1)), colour]];
  });
}

/** A ring in the plane of the ground, such as what is not known of a place. */
export function ring(position, radius, colour, pieces = 32) {
  const at = (index) => {
    const angle = (index / pieces) * 2 * Math.PI;
    return [position[0] + radius * Math.cos(angle), position[1] + radius * Math.sin(angle), position[2], colour];
  };
  return Array.from({ length: pieces }, (_, index) => [at(index), at(index + 1)]).flat();
}

/** A step of 1, 2 or 5 times a power of ten that is about a tenth of `extent`. */
export function gridStep(extent) {
  const raw = extent / 10;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
}

/** A square grid of `2 × count` fields around the origin's nearest crossing to `middle`. */
export function grid([x, y], height, step, count, colour) {
  const [left, front] = [Math.round(x / step) * step, Math.round(y / step) * step];
  const lines = [];
  for (let at = -count; at <= count; at += 1) {
    lines.push([left + at * step, front - count * step, height, colour], [left + at * step, front + count * step, height, colour]);
    lines.push([left - count * step, front + at * step, height, colour], [left + count * step, front + at * step, height, colour]);
  }
  return lines;
}
