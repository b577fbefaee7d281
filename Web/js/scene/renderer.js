// Draws points, a path and lines on a canvas: by a graphics card where there is one, else by the processor. Nothing is drawn
// without a change. While the view moves, where all points are too many to keep up some are drawn; once it rests, all.

import { GlSurface } from './gl-surface.js';
import { PointBudget } from './point-budget.js';
import { pointPixels } from './raster.js';
import { SoftwareSurface } from './software-surface.js';
import { packVertices } from './vertices.js';

/** Points that are drawn at most. */
export const pointLimit = 300_000;
const pathLimit = 8192;
// A view that has not moved for so long rests.
const restMillis = 200;

/**
 * Draws into a canvas. Event `lost` tells that the graphics are gone, its `detail` whether they come back by themselves;
 * `restored` that they did.
 */
export class Renderer extends EventTarget {
  /**
   * Frames that are on the canvas, how long the page's own part of the last one took, the longest of all, and the points of
   * the last one.
   */
  stats = { frames: 0, drawMillis: 0, longestMillis: 0, points: 0 };
  background = [0.02, 0.03, 0.04];
  lineTint = [1, 1, 1];

  #canvas;
  #surface;
  #matrixOf;
  #drawing = 0;
  #isWanted = false;
  #isLost = false;
  #budget;
  #isResting = false;
  #resting = 0;

  /**
   * @param matrixOf gives the matrix from the world to the picture for a ratio of width to height
   * @param graphics what is to draw: `'webgl'`, `'software'`, or null for the faster of them
   * @throws Error where neither is there
   */
  constructor(canvas, matrixOf, graphics = null) {
    super();
    this.#canvas = canvas;
    this.#matrixOf = matrixOf;
    const host = {
      onMore: () => this.invalidate(),
      onLost: (comesBack) => {
        this.#isLost = true;
        cancelAnimationFrame(this.#drawing);
        this.#drawing = 0;
        this.dispatchEvent(new CustomEvent('lost', { detail: comesBack }));
      },
      onRestored: () => {
        this.#isLost = false;
        this.dispatchEvent(new Event('restored'));
        this.invalidate();
      },
    };
    this.#surface = usesSoftware(graphics)
      ? new SoftwareSurface(canvas, host) : new GlSurface(canvas, host, { points: pointLimit, path: pathLimit });
    this.#budget = new PointBudget(pointLimit, this.#surface.pace);
  }

  get pointCount() {
    return this.#surface.pointCount;
  }

  /** Shows these points (`parsePly`), or none, instead of those that were there. */
  setPoints(points) {
    this.#surface.setPoints(points);
    this.invalidate();
  }

  /** Shows a path; vertices that were there and are the same need not be written again: `from` is the first new one. */
  setPath(vertices, from) {
    this.#surface.setPath(vertices.slice(-pathLimit), vertices.length > pathLimit ? 0 : from);
    this.invalidate();
  }

  /** Shows these lines instead of those that were there. */
  setLines(vertices) {
    this.#surface.setLines(packVertices(vertices));
    this.invalidate();
  }

  /** Draws with the next picture of the screen. */
  invalidate() {
    this.#isResting = false;
    this.#schedule();
  }

  dispose() {
    this.#isLost = true;
    cancelAnimationFrame(this.#drawing);
    clearTimeout(this.#resting);
    this.#surface.dispose();
  }

  #schedule() {
    this.#isWanted = true;
    if (!this.#isLost && !this.#drawing) this.#drawing = requestAnimationFrame(() => this.#tick());
  }

  // With each picture of the screen until nothing is wanted any more: also what is wanted later in this one, and while the
  // graphics are still at the frame before.
  #tick() {
    this.#drawing = 0;
    if (!this.#isWanted) return;
    this.#schedule();
    if (this.#surface.isReady) this.#draw();
  }

  // How many of `count` points this frame has.
  #pointsNow(count) {
    clearTimeout(this.#resting);
    if (this.#isResting || count <= this.#budget.count) return count;
    this.#resting = setTimeout(() => {
      this.#isResting = true;
      this.#schedule();
    }, restMillis);
    return this.#budget.count;
  }

  #draw() {
    const [canvas, surface] = [this.#canvas, this.#surface];
    const begun = performance.now();
    const scale = Math.min(surface.longestScale, devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    this.#isWanted = false;
    if (width === 0 || height === 0) return;
    const points = this.#pointsNow(surface.prepare());
    // A frame that shows all at rest may take long.
    const isMeasured = points > 0 && !this.#isResting;
    const { background, lineTint } = this;
    const pictureFromWorld = this.#matrixOf(width / height);
    surface.draw(
      { width, height, pictureFromWorld, background, lineTint, pixels: pointPixels * scale, points }, (graphicsMillis) => {
        if (isMeasured) this.#budget.took(graphicsMillis, points);
        this.stats = { ...this.stats, frames: this.stats.frames + 1, points };
      });
    const drawMillis = performance.now() - begun;
    this.stats = { ...this.stats, drawMillis, longestMillis: Math.max(this.stats.longestMillis, drawMillis) };
  }
}

// Software that draws for WebGL2 is slower by far than what is made for points.
function usesSoftware(graphics) {
  if (!SoftwareSurface.isSupported || graphics === 'webgl') return false;
  return graphics === 'software' || GlSurface.kind() !== 'card';
}
