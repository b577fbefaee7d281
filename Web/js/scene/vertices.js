// Vertices as they are drawn: three floats, and red, green, blue, opacity.

/** Bytes of a vertex. */
export const vertexBytes = 16;

/** Vertices `[x, y, z, [r, g, b, a]]` as bytes. */
export function packVertices(vertices) {
  const data = new ArrayBuffer(vertices.length * vertexBytes);
  const [floats, bytes] = [new Float32Array(data), new Uint8Array(data)];
  vertices.forEach(([x, y, z, colour], at) => {
    floats[at * 4] = x;
    floats[at * 4 + 1] = y;
    floats[at * 4 + 2] = z;
    bytes.set(colour, at * vertexBytes + 12);
  });
  return bytes;
}
