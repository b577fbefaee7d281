// Draws the scene beside the page, in a thread of its own. Takes what `SoftwareSurface` sends and answers each frame with how
// long it took.

import { Raster } from './raster.js';
import { vertexBytes } from './vertices.js';

const shown = {};
let raster = null;

onmessage = ({ data }) => {
  for (const layer of ['points', 'path', 'lines']) if (data[layer]) shown[layer] = verticesOf(data[layer]);
  draw(data.frame, data.pixels);
};

function verticesOf(buffer) {
  return { floats: new Float32Array(buffer), words: new Uint32Array(buffer), count: buffer.byteLength / vertexBytes };
}

// Into bytes that are handed over and go back with the answer.
function draw({ width, height, pictureFromWorld, background, lineTint, points }, pixels) {
  const begun = performance.now();
  if (raster?.width !== width || raster.height !== height) raster = new Raster(width, height);
  raster.begin(pixels, background);
  raster.points(shown.points, points, pictureFromWorld);
  // The path is seen through what it goes behind.
  raster.lines(shown.path, pictureFromWorld, { tint: lineTint, isStrip: true, isOnTop: true });
  raster.lines(shown.lines, pictureFromWorld, { tint: lineTint });
  postMessage({ pixels, millis: performance.now() - begun }, [pixels]);
}
