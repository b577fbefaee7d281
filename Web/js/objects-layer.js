// What the server found, drawn over the picture that it was found in.

import { columnsOf } from './masks.js';
import { Playout, ResultTrack } from './results.js';

// Without word of pictures, results go after so long.
const staleMillis = 1000;
// Neighbouring identifiers get colours that are far apart.
const hueStep = 137.5;

/** The hue of an object, in degrees. */
export const hueOf = (id) => (id * hueStep) % 360;

/** Draws objects into a canvas of the picture's size. */
export function drawObjects(canvas, context, objects, [width, height]) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  else context.clearRect(0, 0, width, height);
  for (const object of objects) drawObject(context, object, width);
}

function drawObject(context, object, width) {
  const hue = hueOf(object.id ?? 0);
  const [left, top, right, bottom] = object.box;
  if (object.mask) {
    const [dx, dy] = object.shift ?? [0, 0];
    context.fillStyle = `hsl(${hue} 90% 60% / 40%)`;
    for (const [x, y, height] of columnsOf(object.mask)) context.fillRect(x + dx, y + dy, 1, height);
  }
  context.strokeStyle = `hsl(${hue} 90% 60%)`;
  context.lineWidth = Math.max(1.5, width / 500);
  context.setLineDash(object.sighting === 'predicted' ? [6, 6] : []);
  context.strokeRect(left, top, right - left, bottom - top);
  const size = Math.max(11, width / 70);
  const text = `${object.label ?? ''} ${object.id ?? ''}`.trim();
  context.font = `600 ${size}px system-ui, sans-serif`;
  const lines = object.found ? [text, object.found] : [text];
  const textWidth = Math.max(...lines.map((line) => context.measureText(line).width)) + size * 0.6;
  const y = Math.max(0, top - size * 1.35 * lines.length);
  context.fillStyle = 'rgb(5 7 10 / 70%)';
  context.fillRect(left, y, textWidth, size * 1.35 * lines.length);
  context.fillStyle = `hsl(${hue} 90% 75%)`;
  lines.forEach((line, index) => context.fillText(line, left + size * 0.3, y + size * (1 + 1.35 * index)));
}

/**
 * The layer over a live picture. Where pictures have times, each shows with its own results: `hold` of a player says
 * how long pictures wait for them. Event: `results` with `detail` the objects of a frame.
 */
export class ObjectsLayer extends EventTarget {
  element = document.createElement('canvas');
  /** How the results that show belong to their picture: `exact`, `between`, `late`, or null. */
  kind = null;

  #context;
  #track = new ResultTrack();
  #playout = new Playout();
  #names = new Map();
  #size = null;
  #isOn = false;
  /** When the picture that shows was captured; null where that is not known. */
  #shownMillis = null;
  #clearing = 0;

  /** @param feed a `ViewerFeed` of the stream */
  constructor(feed) {
    super();
    this.element.className = 'objects';
    this.element.setAttribute('aria-hidden', 'true');
    this.#context = this.element.getContext('2d');
    feed.addEventListener('detections', (event) => this.#take(event.detail.detections));
    feed.addEventListener('identification', (event) => this.#name(event.detail.identification));
  }

  /** Shows results, or none. */
  set isOn(isOn) {
    this.#isOn = isOn;
    if (!isOn) this.#clear();
  }

  /** Milliseconds that the picture that was captured at `millis` waits for its results. */
  holdMillis(now, millis) {
    return this.#isOn ? this.#playout.holdMillis(now, millis) : 0;
  }

  /** A picture came in that was captured at `millis`. */
  expect(millis) {
    this.#playout.arrived(millis, performance.now());
  }

  /** The picture that was captured at `millis` shows now. */
  show(millis) {
    this.#shownMillis = millis;
    const found = this.#isOn ? this.#track.at(millis) : null;
    this.kind = found?.kind ?? null;
    this.#draw(found?.objects ?? []);
  }

  dispose() {
    this.isOn = false;
  }

  #take(frame) {
    if (!Array.isArray(frame?.objects)) return;
    const millis = frame.timestamp * 1000;
    const objects = frame.objects.map((object) => {
      const name = this.#names.get(object.id);
      return { ...object, found: name === object.label ? undefined : name };
    });
    this.#track.add(millis, objects);
    this.#playout.found(millis, performance.now());
    const shape = objects[0]?.mask_shape;
    if (shape) this.#size = [shape[1], shape[0]];
    this.dispatchEvent(new CustomEvent('results', { detail: objects }));
    if (!this.#isOn) return;
    if (this.#shownMillis === null) this.#draw(objects);
    else if (this.kind !== 'exact') this.show(this.#shownMillis);
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => this.#clear(), staleMillis);
  }

  #name({ object_id: id, results }) {
    const text = results?.name ?? results?.label ?? Object.values(results ?? {})[0];
    if (typeof text !== 'string') return;
    this.#names.set(id, text.slice(0, 60));
    if (this.#names.size > 500) this.#names.delete(this.#names.keys().next().value);
  }

  #draw(objects) {
    if (this.#size) drawObjects(this.element, this.#context, objects, this.#size);
  }

  #clear() {
    clearTimeout(this.#clearing);
    this.kind = null;
    this.#context.clearRect(0, 0, this.element.width, this.element.height);
  }
}
