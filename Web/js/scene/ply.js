// Point clouds: binary PLY to the vertices that are drawn.

import { vertexBytes } from './vertices.js';

const headerLimit = 4096;
const sizes = { char: 1, uchar: 1, int8: 1, uint8: 1, short: 2, ushort: 2, int: 4, uint: 4, float: 4, float32: 4, double: 8 };

/**
 * Reads `binary_little_endian` PLY with `x`, `y`, `z` as float, and `red`, `green`, `blue` as uchar if it has them. Of
 * more than `limit` points every second, third, … is taken.
 *
 * @returns `{count, total, data, middle, radius}`: `data` is an ArrayBuffer of vertices, `total` says how many points the
 *   file has; `radius` around `middle` holds nine in ten points.
 * @throws Error with what is wrong with the file
 */
export function parsePly(buffer, limit = 300_000) {
  const head = new TextDecoder('latin1').decode(new Uint8Array(buffer, 0, Math.min(headerLimit, buffer.byteLength)));
  const end = head.indexOf('end_header\n');
  const lines = head.slice(0, end).split('\n');
  if (end < 0 || lines[0] !== 'ply' || !lines.includes('format binary_little_endian 1.0')) throw new Error('no binary PLY');
  const element = lines.findIndex((line) => line.startsWith('element vertex '));
  const total = Number(lines[element]?.split(' ')[2]);
  const offsets = {};
  let stride = 0;
  for (const line of lines.slice(element + 1)) {
    const [kind, type, name] = line.split(' ');
    if (kind === 'element') break;
    if (kind !== 'property') continue;
    if (!sizes[type]) throw new Error(`a property of type ${type}`);
    offsets[name] = stride;
    stride += sizes[type];
  }
  const start = end + 'end_header\n'.length;
  if (!Number.isSafeInteger(total) || total < 0 || ['x', 'y', 'z'].some((name) => !(name in offsets))) {
    throw new Error('no points in it');
  }
  if (buffer.byteLength - start < total * stride) throw new Error('it is cut off');
  return convert(new DataView(buffer, start), { total, stride, offsets, limit });
}

function convert(source, { total, stride, offsets, limit }) {
  const step = Math.max(1, Math.ceil(total / limit));
  const data = new ArrayBuffer(Math.ceil(total / step) * vertexBytes);
  const [floats, bytes] = [new Float32Array(data), new Uint8Array(data)];
  const hasColour = 'red' in offsets;
  let count = 0;
  for (let index = 0; index < total; index += step) {
    const at = index * stride;
    const x = source.getFloat32(at + offsets.x, true);
    const y = source.getFloat32(at + offsets.y, true);
    const z = source.getFloat32(at + offsets.z, true);
    if (!Number.isFinite(x + y + z)) continue;
    floats[count * 4] = x;
    floats[count * 4 + 1] = y;
    floats[count * 4 + 2] = z;
    const colour = count * vertexBytes + 12;
    bytes[colour] = hasColour ? source.getUint8(at + offsets.red) : 160;
    bytes[colour + 1] = hasColour ? source.getUint8(at + offsets.green) : 170;
    bytes[colour + 2] = hasColour ? source.getUint8(at + offsets.blue) : 180;
    bytes[colour + 3] = 255;
    count += 1;
  }
  return { count, total, data, ...extentOf(floats, count) };
}

/** The middle of the points and how far nine in ten of them are from it, by a sample of them. */
function extentOf(floats, count) {
  if (count === 0) return { middle: [0, 0, 0], radius: 1 };
  const step = Math.max(1, Math.floor(count / 2000));
  const axes = [[], [], []];
  for (let index = 0; index < count; index += step) {
    for (let axis = 0; axis < 3; axis += 1) axes[axis].push(floats[index * 4 + axis]);
  }
  const median = (values) => values.toSorted((left, right) => left - right)[values.length >> 1];
  const middle = axes.map(median);
  const distances = axes[0].map((_, at) => Math.hypot(...axes.map((values, axis) => values[at] - middle[axis])));
  return { middle, radius: distances.toSorted((left, right) => left - right)[Math.floor(distances.length * 0.9)] || 1 };
}
