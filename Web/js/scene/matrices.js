// Matrices of 4 × 4, column by column, as WebGL takes them.

/** `left` after `right`. */
export function multiply(left, right) {
  const product = new Float32Array(16);
  for (let column = 0; column < 4; column += 1) {
    for (let row = 0; row < 4; row += 1) {
      let sum = 0;
      for (let at = 0; at < 4; at += 1) sum += left[at * 4 + row] * right[column * 4 + at];
      product[column * 4 + row] = sum;
    }
  }
  return product;
}

/** A perspective view: `fieldOfView` in radians from bottom to top. */
export function perspective(fieldOfView, aspect, near, far) {
  const scale = 1 / Math.tan(fieldOfView / 2);
  return new Float32Array([
    scale / aspect, 0, 0, 0,
    0, scale, 0, 0,
    0, 0, (far + near) / (near - far), -1,
    0, 0, (2 * far * near) / (near - far), 0,
  ]);
}

/** From the world into the axes of a viewer at `eye` who looks at `target`; `up` is a unit vector. */
export function lookAt(eye, target, up) {
  const back = normalize(subtract(eye, target));
  const right = normalize(cross(up, back));
  const above = cross(back, right);
  return new Float32Array([
    right[0], above[0], back[0], 0,
    right[1], above[1], back[1], 0,
    right[2], above[2], back[2], 0,
    -dot(right, eye), -dot(above, eye), -dot(back, eye), 1,
  ]);
}

export const subtract = (left, right) => left.map((value, at) => value - right[at]);
export const add = (left, right) => left.map((value, at) => value + right[at]);
export const scaled = (vector, factor) => vector.map((value) => value * factor);
export const dot = (left, right) => left.reduce((sum, value, at) => sum + value * right[at], 0);
export const cross = ([a, b, c], [x, y, z]) => [b * z - c * y, c * x - a * z, a * y - b * x];
export const normalize = (vector) => scaled(vector, 1 / (Math.hypot(...vector) || 1));

/** The rows of a rotation from a quaternion `x y z w`. */
export function rowsOfQuaternion([x, y, z, w]) {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
}
