// A canvas that WebGL2 draws on. Points lie in one buffer that is filled piece by piece.

import { spreadOrder } from './point-budget.js';
import { packVertices, vertexBytes } from './vertices.js';

// Uploaded at one go; more would show as a hitch.
const pieceVertices = 65_536;
const linesLimit = 16_384;

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

/** What is shown is kept here too, so that a context that was lost comes back with everything. */
export class GlSurface {
  /** At most so many pixels are drawn for one of the page, either way. */
  longestScale = 2;
  /** A frame at 60 a second has 16.7 ms; some of them are the page's. */
  pace = { wanted: 10, longest: 14 };

  #canvas;
  #host;
  #limits;
  #gl = null;
  #program = null;
  #places = null;
  #layers = null;
  #points = null;
  #order = null;
  #uploaded = 0;
  #path = [];
  #pathWritten = 0;
  #lines = new Uint8Array(0);

  /** What draws for WebGL2: `'card'`, `'software'`, or `'none'`. */
  static kind() {
    return (kindOfGraphics ??= findKind());
  }

  /**
   * @param host is told: `onMore()` when another frame would show more, `onLost(comesBack)` when none can be drawn, `onRestored()`
   * @param limits vertices: `points` and `path`
   * @throws Error where there is no WebGL2
   */
  constructor(canvas, host, limits) {
    this.#canvas = canvas;
    this.#host = host;
    this.#limits = limits;
    this.#start();
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.#gl = null;
      host.onLost(true);
    });
    canvas.addEventListener('webglcontextrestored', () => {
      this.#start();
      host.onRestored();
    });
  }

  get isReady() {
    return this.#gl !== null && !this.#gl.isContextLost();
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
  }

  /** Shows a path; vertices that were there and are the same need not be written again: `from` is the first new one. */
  setPath(vertices, from) {
    this.#path = vertices;
    this.#pathWritten = Math.min(this.#pathWritten, from);
  }

  /** Shows these lines (`packVertices`) instead of those that were there. */
  setLines(bytes) {
    this.#lines = bytes;
  }

  /** Brings what is new, or a piece of it, to where it is drawn; returns how many points are there. */
  prepare() {
    const { points, path, lines } = this.#layers;
    const wanted = Math.min(this.#points?.count ?? 0, this.#limits.points);
    if (this.#uploaded < wanted) {
      const end = Math.min(wanted, this.#uploaded + pieceVertices);
      // A cloud replaces the one before piece by piece; what is left of that one goes with the last piece.
      const before = points.count;
      points.write(this.#pieceOfPoints(this.#uploaded, end), this.#uploaded);
      this.#uploaded = end;
      if (end < wanted) {
        points.count = Math.max(before, end);
        requestAnimationFrame(() => this.#host.onMore());
      }
    }
    if (this.#pathWritten < this.#path.length) {
      path.write(packVertices(this.#path.slice(this.#pathWritten)), this.#pathWritten);
      this.#pathWritten = this.#path.length;
    }
    path.count = this.#path.length;
    lines.count = 0;
    lines.write(this.#lines, 0);
    return points.count;
  }

  /** Draws a frame; `onDrawn` is told how many milliseconds the graphics took. */
  draw({ width, height, pictureFromWorld, background, lineTint, pixels, points }, onDrawn) {
    const [gl, canvas] = [this.#gl, this.#canvas];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    gl.viewport(0, 0, width, height);
    gl.clearColor(...background, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.#program);
    gl.uniformMatrix4fv(this.#places.pictureFromWorld, false, pictureFromWorld);
    gl.uniform1f(this.#places.pixels, pixels);
    gl.uniform4f(this.#places.tint, 1, 1, 1, 1);
    this.#layers.points.draw(points);
    gl.uniform4f(this.#places.tint, ...lineTint, 1);
    // The path is seen through what it goes behind.
    gl.depthFunc(gl.ALWAYS);
    this.#layers.path.draw();
    gl.depthFunc(gl.LESS);
    this.#layers.lines.draw();
    this.#watch(onDrawn);
  }

  dispose() {
    const gl = this.#gl;
    this.#gl = null;
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #start() {
    // Where software draws in the place of a graphics card, smooth edges would take most of its time.
    const gl = this.#canvas.getContext('webgl2', {
      antialias: GlSurface.kind() === 'card', alpha: false, powerPreference: 'low-power' });
    if (!gl) throw new Error('no WebGL2');
    this.#gl = gl;
    this.#program = link(gl);
    this.#places = Object.fromEntries(
      ['pictureFromWorld', 'pixels', 'tint'].map((name) => [name, gl.getUniformLocation(this.#program, name)]));
    this.#layers = {
      points: new Layer(gl, gl.POINTS, this.#limits.points), path: new Layer(gl, gl.LINE_STRIP, this.#limits.path),
      lines: new Layer(gl, gl.LINES, linesLimit),
    };
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    this.#uploaded = 0;
    this.#pathWritten = 0;
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

  // Learns when the graphics have drawn what they were told to just now.
  #watch(onDrawn) {
    const gl = this.#gl;
    const begun = performance.now();
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    const look = () => {
      const millis = performance.now() - begun;
      if (this.#gl !== gl || gl.isContextLost()) return;
      if (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED) {
        gl.deleteSync(fence);
        onDrawn(millis);
      } else {
        setTimeout(look, 1);
      }
    };
    setTimeout(look, 1);
  }
}

let kindOfGraphics = null;

// By the name of what draws, which only a context tells: `failIfMajorPerformanceCaveat` lets Chromium's software pass.
function findKind() {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) return 'none';
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const name = gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER) ?? '';
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name) ? 'software' : 'card';
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
