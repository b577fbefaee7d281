// A map without pictures of the world: a grid of metres around the first fix, the way, and where the phone is now.

import { metresFrom, placeOf, scaleBar } from './geo.js';
import { h, icon, setAttribute, setText } from './dom.js';
import { hueOf } from './objects-layer.js';

const trackLimit = 4096;
const zoomStep = 1.4;
const [leastScale, mostScale] = [0.002, 60];

/** A canvas with its controls. `add` takes fixes, `setObjects` things with a place on Earth. */
export class MapView {
  #origin = null;
  #track = [];
  #place = null;
  #objects = [];
  #middle = [0, 0];
  /** Pixels of the page per metre. */
  #scale = 3;
  #follows = true;
  #drawing = 0;
  #pointers = new Map();
  #canvas = h('canvas', {
    class: 'map-canvas', tabindex: 0, role: 'img',
    'aria-label': 'Map. Arrow keys move it, plus and minus zoom, 0 shows the whole way.',
  });
  #facts = h('p', { class: 'scene-note number', role: 'note' });
  #resizes = new ResizeObserver(() => this.invalidate());
  #redraw = () => this.invalidate();

  constructor() {
    const button = (name, label, act) => h(
      'button', { class: 'icon-button', type: 'button', 'aria-label': label, title: label, on: { click: act } }, icon(name));
    this.followButton = button('follow', 'Follow on the map', () => this.#follow(!this.#follows));
    setAttribute(this.followButton, 'aria-pressed', 'true');
    this.element = h(
      'div', { class: 'scene map' }, this.#canvas, this.#facts,
      h('div', { class: 'stage-buttons scene-buttons' }, this.followButton, button('fit', 'Show the whole way', () => this.fit())));
    this.#listen();
    this.#resizes.observe(this.#canvas);
    addEventListener('themechange', this.#redraw);
  }

  dispose() {
    this.#resizes.disconnect();
    cancelAnimationFrame(this.#drawing);
    removeEventListener('themechange', this.#redraw);
  }

  /** Takes a fix in: `placeOf` of a message. */
  add(place) {
    this.#origin ??= place;
    const at = metresFrom(this.#origin, place);
    this.#place = { ...place, at };
    const last = this.#track.at(-1);
    if (!last || Math.hypot(at[0] - last[0], at[1] - last[1]) > 0.3) this.#track.push(at);
    if (this.#track.length > trackLimit) this.#track = this.#track.filter((_, index) => index % 2 === 0);
    const accuracy = place.accuracy === null ? '' : ` ± ${place.accuracy.toFixed(1)} m`;
    const altitude = place.altitude === null ? '' : `, ${place.altitude.toFixed(1)} m high`;
    setText(this.#facts, `${place.latitude.toFixed(6)}°, ${place.longitude.toFixed(6)}°${accuracy}${altitude}`);
    this.invalidate();
  }

  /** Shows where the way ends at a moment of a replay; null: nowhere. */
  setTrack(places) {
    this.#track = [];
    this.#place = null;
    for (const place of places) this.add(place);
  }

  setObjects(objects) {
    const before = this.#objects.length;
    this.#objects = objects.flatMap((object) => {
      const place = placeOf(object.wgs84);
      return place ? [{ ...object, place }] : [];
    });
    if (before + this.#objects.length > 0) this.invalidate();
  }

  /** The whole way in view. */
  fit() {
    if (this.#track.length === 0) return;
    const [low, high] = [Math.min, Math.max].map((choose) =>
      [0, 1].map((axis) => this.#track.reduce((found, at) => choose(found, at[axis]), this.#track[0][axis])));
    this.#middle = low.map((value, axis) => (value + high[axis]) / 2);
    const [width, height] = [this.#canvas.clientWidth, this.#canvas.clientHeight];
    const spans = [width / Math.max(10, high[0] - low[0]), height / Math.max(10, high[1] - low[1])];
    this.#scale = clampScale(Math.min(...spans) * 0.8);
    this.#follow(false);
  }

  invalidate() {
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
  }

  #follow(follows) {
    this.#follows = follows;
    setAttribute(this.followButton, 'aria-pressed', String(follows));
    this.invalidate();
  }

  #zoom(factor) {
    this.#scale = clampScale(this.#scale * factor);
    this.invalidate();
  }

  #move(right, up) {
    this.#middle = [this.#middle[0] + right / this.#scale, this.#middle[1] + up / this.#scale];
    this.#follow(false);
  }

  #listen() {
    const canvas = this.#canvas;
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture?.(event.pointerId);
      this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      canvas.addEventListener(type, (event) => this.#pointers.delete(event.pointerId));
    }
    canvas.addEventListener('pointermove', (event) => {
      const before = this.#pointers.get(event.pointerId);
      if (!before) return;
      const now = [event.clientX, event.clientY];
      const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
      const distance = (from) => Math.hypot(from[0] - other[0], from[1] - other[1]);
      if (other && distance(before) > 0) this.#zoom(distance(now) / distance(before));
      else this.#move(before[0] - now[0], now[1] - before[1]);
      this.#pointers.set(event.pointerId, now);
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) * 0.0016));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      const arrows = { ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
      if (arrows[event.key]) this.#move(...arrows[event.key]);
      else if (event.key === '+' || event.key === '=') this.#zoom(zoomStep);
      else if (event.key === '-') this.#zoom(1 / zoomStep);
      else if (event.key === '0') this.fit();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #draw() {
    this.#drawing = 0;
    const canvas = this.#canvas;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0 || height === 0) return;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#follows && this.#place) this.#middle = this.#place.at;
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name);
    context.scale(ratio, ratio);
    const x = (at) => width / 2 + (at[0] - this.#middle[0]) * this.#scale;
    const y = (at) => height / 2 - (at[1] - this.#middle[1]) * this.#scale;
    this.#drawGrid(context, colour, { width, height, x, y });
    context.strokeStyle = colour('--map-path');
    context.lineWidth = 2.5;
    context.lineJoin = 'round';
    context.beginPath();
    for (const at of this.#track) context.lineTo(x(at), y(at));
    context.stroke();
    this.#drawObjects(context, colour, x, y);
    if (this.#place) this.#drawPlace(context, colour, x(this.#place.at), y(this.#place.at));
    this.#drawScale(context, colour, width, height);
  }

  #drawGrid(context, colour, { width, height, x, y }) {
    const step = scaleBar(Math.max(0.1, 90 / this.#scale)) || 1;
    context.fillStyle = colour('--plot-line');
    context.globalAlpha = 0.28;
    const [left, low] = [this.#middle[0] - width / 2 / this.#scale, this.#middle[1] - height / 2 / this.#scale];
    for (let east = Math.ceil(left / step) * step; x([east, 0]) < width; east += step) context.fillRect(x([east, 0]), 0, 1, height);
    for (let north = Math.ceil(low / step) * step; y([0, north]) > 0; north += step) context.fillRect(0, y([0, north]), width, 1);
    context.globalAlpha = 1;
  }

  #drawObjects(context, colour, x, y) {
    context.font = '600 12px system-ui, sans-serif';
    for (const object of this.#objects) {
      if (!this.#origin) return;
      const at = metresFrom(this.#origin, object.place);
      context.fillStyle = `hsl(${hueOf(object.id ?? 0)} 70% 55%)`;
      context.fillRect(x(at) - 4, y(at) - 4, 8, 8);
      context.fillStyle = colour('--map-text');
      context.fillText(`${object.label ?? ''} ${object.id ?? ''}`.trim(), x(at) + 8, y(at) + 4);
    }
  }

  #drawPlace(context, colour, x, y) {
    const { accuracy, heading } = this.#place;
    context.fillStyle = colour('--map-here');
    if (accuracy) {
      context.globalAlpha = 0.16;
      circle(context, x, y, Math.max(6, accuracy * this.#scale));
      context.globalAlpha = 1;
    }
    if (heading !== null) {
      context.save();
      context.translate(x, y);
      context.rotate((heading * Math.PI) / 180);
      context.beginPath();
      context.moveTo(0, -20);
      context.lineTo(8, -6);
      context.lineTo(-8, -6);
      context.fill();
      context.restore();
    }
    circle(context, x, y, 7);
    context.fillStyle = colour('--map-hole');
    circle(context, x, y, 3);
  }

  #drawScale(context, colour, width, height) {
    const metres = scaleBar(120 / this.#scale);
    const length = metres * this.#scale;
    context.fillStyle = colour('--map-text');
    context.fillRect(width - length - 16, height - 16, length, 2);
    for (const end of [width - length - 16, width - 18]) context.fillRect(end, height - 21, 2, 7);
    context.font = '600 12px system-ui, sans-serif';
    context.textAlign = 'right';
    context.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, width - 16, height - 26);
    context.textAlign = 'left';
    context.fillText('N', 14, 22);
    context.fillRect(18, 26, 1.5, 14);
  }
}

const clampScale = (scale) => Math.max(leastScale, Math.min(mostScale, scale));

function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
