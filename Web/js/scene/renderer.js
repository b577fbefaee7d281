// Points and lines in WebGL2. Points lie in one buffer that is filled piece by piece; nothing is drawn without a change.
// While the view moves, slow graphics draw some of the points; once it rests, all.

import { vertexBytes } from './ply.js';
import { PointBudget, spreadOrder } from './point-budget.js';

/** Points that are drawn at most. */
export const pointLimit = 300_000;
// Uploaded at one go; more would show as a hitch.
const pieceVertices = 65_536;
const pathLimit = 8192;
// A view that has not moved for so long rests.
const restMillis = 200;

const vertexShader = `#version 300 es
uniform mat4 pictureFromWorld;
uniform float pixels;
uniform vec4 tint;
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 colour;
out vec4 shade;
void main() {
  gl_Position = pictureFromWorld * vec4(position, 1.0);
  gl_PointSize = pixels;
  shade = colour * tint;
}`;

const fragmentShader = `#version 300 es
precision mediump float;
in vec4 shade;
out vec4 pixel;
void main() { pixel = shade; }`;

/** One layer of vertices: a buffer of fixed size and how much of it counts. */
class Layer {
  count = 0;

  constructor(gl, mode, capacity) {
    this.gl = gl;
    this.mode = mode;
    this.capacity = capacity;
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, capacity * vertexBytes, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 3, gl.FLOAT, false, vertexBytes, 0);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, vertexBytes, 12);
  }

  /** Puts vertices (bytes) behind the first `at`; what goes beyond the capacity is left out. */
  write(bytes, at) {
    const vertices = Math.min(bytes.byteLength / vertexBytes, this.capacity - at);
    if (vertices <= 0) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, at * vertexBytes, bytes, 0, vertices * vertexBytes);
    this.count = at + vertices;
  }

  /** Draws the vertices, the first `limit` at most. */
  draw(limit = Infinity) {
    if (this.count === 0) return;
    this.gl.bindVertexArray(this.array);
    this.gl.drawArrays(this.mode, 0, Math.min(this.count, limit));
  }
}

/** Vertices `[x, y, z, [r, g, b, a]]` as bytes. */
export function packVertices(vertices) {
  const data = new ArrayBuffer(vertices.length * vertexBytes);
  const [floats, bytes] = [new Float32Array(data), new Uint8Array(data)];
  vertices.forEach(([x, y, z, colour], at) => {
    floats.set([x, y, z], at * 4);
    bytes.set(colour, at * vertexBytes + 12);
  });
  return bytes;
}

/**
 * Draws into a canvas. What is shown is kept here too, so that a context that was lost comes back with everything.
 * Event `lost` and `restored` tell of that.
 */
export class Renderer extends EventTarget {
  /** How long the page's own part of the last frame took, and how many were drawn. */
  stats = { frames: 0, drawMillis: 0, longestMillis: 0, points: 0 };
  background = [0.02, 0.03, 0.04, 1];
  lineTint = [1, 1, 1, 1];
  pointPixels = 2;

  #canvas;
  #gl = null;
  #program = null;
  #places = null;
  #layers = null;
  #drawing = 0;
  #budget = new PointBudget(pointLimit);
  #isResting = false;
  #resting = 0;
  #points = null;
  #order = null;
  #uploaded = 0;
  #path = [];
  #pathWritten = 0;
  #lines = new Uint8Array(0);
  #matrixOf;

  /** Whether this browser draws in three dimensions. */
  static get isSupported() {
    return typeof WebGL2RenderingContext === 'function';
  }

  /**
   * @param matrixOf gives the matrix from the world to the picture for a ratio of width to height
   * @throws Error where there is no WebGL2
   */
  constructor(canvas, matrixOf) {
    super();
    this.#canvas = canvas;
    this.#matrixOf = matrixOf;
    this.#start();
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.#gl = null;
      cancelAnimationFrame(this.#drawing);
      this.#drawing = 0;
      this.dispatchEvent(new Event('lost'));
    });
    canvas.addEventListener('webglcontextrestored', () => {
      this.#start();
      this.dispatchEvent(new Event('restored'));
      this.invalidate();
    });
  }

  get pointCount() {
    return this.#uploaded;
  }

  /** Shows these points (`parsePly`), or none, instead of those that were there. */
  setPoints(points) {
    this.#points = points;
    this.#order = spreadOrder(points?.count ?? 0);
    this.#uploaded = 0;
    if (!points && this.#layers) this.#layers.points.count = 0;
    this.invalidate();
  }

  /** Shows a path; vertices that were there and are the same need not be written again: `from` is the first new one. */
  setPath(vertices, from) {
    this.#path = vertices.slice(-pathLimit);
    this.#pathWritten = vertices.length > pathLimit ? 0 : Math.min(this.#pathWritten, from);
    this.invalidate();
  }

  /** Shows these lines instead of those that were there. */
  setLines(vertices) {
    this.#lines = packVertices(vertices);
    this.invalidate();
  }

  /** Draws with the next picture of the screen. */
  invalidate() {
    this.#isResting = false;
    this.#schedule();
  }

  #schedule() {
    if (this.#gl && !this.#drawing) this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  dispose() {
    cancelAnimationFrame(this.#drawing);
    clearTimeout(this.#resting);
    const gl = this.#gl;
    this.#gl = null;
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #start() {
    // Where software draws in the place of a graphics card, smooth edges would take most of its time.
    const gl = this.#canvas.getContext('webgl2', {
      antialias: !drawsInSoftware(), alpha: false, powerPreference: 'low-power' });
    if (!gl) throw new Error('no WebGL2');
    this.#gl = gl;
    this.#program = link(gl);
    this.#places = Object.fromEntries(
      ['pictureFromWorld', 'pixels', 'tint'].map((name) => [name, gl.getUniformLocation(this.#program, name)]));
    this.#layers = {
      points: new Layer(gl, gl.POINTS, pointLimit), path: new Layer(gl, gl.LINE_STRIP, pathLimit),
      lines: new Layer(gl, gl.LINES, 16_384),
    };
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    this.#uploaded = 0;
    this.#pathWritten = 0;
  }

  #upload() {
    const { points, path, lines } = this.#layers;
    if (this.#points && this.#uploaded < this.#points.count) {
      const end = Math.min(this.#points.count, this.#uploaded + pieceVertices, pointLimit);
      const bytes = this.#pieceOfPoints(this.#uploaded, end);
      // A cloud replaces the one before piece by piece; what is left of that one goes with the last piece.
      const before = points.count;
      points.write(bytes, this.#uploaded);
      this.#uploaded = end;
      if (end < this.#points.count && end < pointLimit) {
        points.count = Math.max(before, end);
        requestAnimationFrame(() => this.invalidate());
      }
    }
    if (this.#pathWritten < this.#path.length) {
      path.write(packVertices(this.#path.slice(this.#pathWritten)), this.#pathWritten);
      this.#pathWritten = this.#path.length;
    }
    path.count = this.#path.length;
    lines.count = 0;
    lines.write(this.#lines, 0);
  }

  // Of points in the order in which they are drawn.
  #pieceOfPoints(from, to) {
    const words = vertexBytes / 4;
    const [source, piece] = [new Uint32Array(this.#points.data), new Uint32Array((to - from) * words)];
    for (let place = from, at = 0; place < to; place += 1) {
      const start = this.#order(place) * words;
      for (let word = 0; word < words; word += 1, at += 1) piece[at] = source[start + word];
    }
    return new Uint8Array(piece.buffer);
  }

  // How many points this frame has.
  #pointsNow() {
    clearTimeout(this.#resting);
    const { count } = this.#layers.points;
    if (this.#isResting || count <= this.#budget.count) return count;
    this.#resting = setTimeout(() => {
      this.#isResting = true;
      this.#schedule();
    }, restMillis);
    return this.#budget.count;
  }

  // Learns how long the graphics take for what was drawn just now.
  #watch(points) {
    const gl = this.#gl;
    const begun = performance.now();
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    const look = () => {
      const millis = performance.now() - begun;
      if (this.#gl !== gl || gl.isContextLost()) return;
      if (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED) {
        gl.deleteSync(fence);
        this.#budget.took(millis, points);
      } else {
        setTimeout(look, 1);
      }
    };
    setTimeout(look, 1);
  }

  #draw() {
    this.#drawing = 0;
    const gl = this.#gl;
    if (!gl || gl.isContextLost()) return;
    const begun = performance.now();
    const canvas = this.#canvas;
    const scale = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.#upload();
    gl.viewport(0, 0, width, height);
    gl.clearColor(...this.background);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.#program);
    gl.uniformMatrix4fv(this.#places.pictureFromWorld, false, this.#matrixOf(width / height));
    gl.uniform1f(this.#places.pixels, this.pointPixels * scale);
    gl.uniform4f(this.#places.tint, 1, 1, 1, 1);
    const points = this.#pointsNow();
    this.#layers.points.draw(points);
    gl.uniform4f(this.#places.tint, ...this.lineTint);
    // The path is seen through what it goes behind.
    gl.depthFunc(gl.ALWAYS);
    this.#layers.path.draw();
    gl.depthFunc(gl.LESS);
    this.#layers.lines.draw();
    // A frame that shows all at rest may take long.
    if (points > 0 && !this.#isResting) this.#watch(points);
    const millis = performance.now() - begun;
    this.stats = {
      frames: this.stats.frames + 1, drawMillis: millis, longestMillis: Math.max(this.stats.longestMillis, millis),
      points,
    };
  }
}

let isSoftware = null;

// By the name of what draws, which only a context tells: `failIfMajorPerformanceCaveat` lets Chromium's software pass.
function drawsInSoftware() {
  if (isSoftware !== null) return isSoftware;
  const gl = document.createElement('canvas').getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info');
  const name = gl?.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER) ?? '';
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  isSoftware = /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
  return isSoftware;
}

function link(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertexShader], [gl.FRAGMENT_SHADER, fragmentShader]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? 'no program');
  return program;
}
