// A canvas for pictures that the processor draws, in a thread of its own: for where no graphics card does.

import { packVertices, vertexBytes } from './vertices.js';

// While one is drawn, the next waits, so that a frame that takes longer than others delays none of them.
const framesUnderway = 2;

/** As `GlSurface`. */
export class SoftwareSurface {
  /** A pixel of the page is one here, also on screens that have more: software draws by the pixel. */
  longestScale = 1;
  /** A frame at 60 a second has 16.7 ms, and the page is not kept waiting. The first are slow: a browser compiles what is hot. */
  pace = { wanted: 13, longest: 16, unlearned: 12 };
  pointCount = 0;

  #worker = new Worker(new URL('./software-worker.js', import.meta.url), { type: 'module' });
  #context;
  /** Of pictures that were shown. */
  #pixels = [];
  #path = [];
  #isPathNew = false;
  #news = { points: new ArrayBuffer(0), path: new ArrayBuffer(0), lines: new ArrayBuffer(0) };
  /** The frames that are being drawn: the size of each, and who waits for it. */
  #underway = [];

  static get isSupported() {
    return typeof Worker === 'function';
  }

  /** @param host is told by `onLost(comesBack)` when none can be drawn */
  constructor(canvas, host) {
    // The processor draws, so that the canvas is best where the processor is.
    this.#context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    this.#worker.addEventListener('message', ({ data }) => this.#show(data));
    this.#worker.addEventListener('error', () => host.onLost(false));
  }

  get isReady() {
    return this.#underway.length < framesUnderway;
  }

  setPoints(points) {
    this.pointCount = points?.count ?? 0;
    this.#news.points = points?.data.slice(0, this.pointCount * vertexBytes) ?? new ArrayBuffer(0);
  }

  setPath(vertices) {
    this.#path = vertices;
    this.#isPathNew = true;
  }

  setLines(bytes) {
    this.#news.lines = bytes.buffer;
  }

  /** Returns how many points there are. */
  prepare() {
    if (this.#isPathNew) this.#news.path = packVertices(this.#path).buffer;
    this.#isPathNew = false;
    return this.pointCount;
  }

  draw(frame, onDrawn) {
    const size = frame.width * frame.height * 4;
    const used = this.#pixels.pop();
    const pixels = used?.byteLength === size ? used : new ArrayBuffer(size);
    this.#underway.push({ frame, onDrawn });
    this.#worker.postMessage({ ...this.#news, frame, pixels }, [pixels, ...Object.values(this.#news)]);
    this.#news = {};
  }

  dispose() {
    this.#worker.terminate();
  }

  #show({ pixels, millis }) {
    const { frame: { width, height }, onDrawn } = this.#underway.shift();
    const { canvas } = this.#context;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.#context.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
    this.#pixels.push(pixels);
    onDrawn(millis);
  }
}
