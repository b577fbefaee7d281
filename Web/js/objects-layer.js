// The objects that the server found, drawn over the live picture.

import { viewerURL } from './api.js';
import { Feed } from './feed.js';
import { columnsOf } from './masks.js';

// Results older than this say nothing about the picture that shows.
const staleMillis = 1000;
// Neighbouring identifiers get colours that are far apart.
const hueStep = 137.5;

/** Draws boxes, masks and names of a stream. Event: `results` with `detail` the objects of a frame. */
export class ObjectsLayer extends EventTarget {
  element = document.createElement('canvas');

  #feed;
  #context;
  #drawing = 0;
  #clearing = 0;
  #frame = null;

  /** @param name of the stream */
  constructor(name) {
    super();
    this.element.className = 'objects';
    this.element.setAttribute('aria-hidden', 'true');
    this.#context = this.element.getContext('2d');
    this.#feed = new Feed(() => viewerURL(name));
    this.#feed.addEventListener('message', (event) => this.#receive(event.detail));
  }

  /** Asks for results, or no longer. */
  set isOn(isOn) {
    if (isOn) this.#feed.resume();
    else {
      this.#feed.stop();
      this.#clear();
    }
  }

  /** Makes no further attempts to connect until it is switched on again. */
  holdOff() {
    this.#feed.holdOff();
  }

  dispose() {
    this.isOn = false;
  }

  #receive(text) {
    if (typeof text !== 'string') return;
    const message = JSON.parse(text);
    if (message.type !== 'detections') return;
    this.#frame = message.detections;
    this.dispatchEvent(new CustomEvent('results', { detail: this.#frame.objects }));
    this.#drawing ||= requestAnimationFrame(() => this.#draw());
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => this.#clear(), staleMillis);
  }

  #clear() {
    clearTimeout(this.#clearing);
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    this.#frame = null;
    this.#context.clearRect(0, 0, this.element.width, this.element.height);
  }

  #draw() {
    this.#drawing = 0;
    const objects = this.#frame?.objects ?? [];
    const canvas = this.element;
    if (objects.length > 0) {
      const [height, width] = objects[0].mask_shape;
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    }
    this.#context.clearRect(0, 0, canvas.width, canvas.height);
    for (const object of objects) this.#drawObject(object, canvas.width);
  }

  #drawObject(object, width) {
    const context = this.#context;
    const hue = (object.id * hueStep) % 360;
    const [left, top, right, bottom] = object.box;
    if (object.mask) {
      context.fillStyle = `hsl(${hue} 90% 60% / 40%)`;
      for (const [x, y, height] of columnsOf(object.mask)) context.fillRect(x, y, 1, height);
    }
    context.strokeStyle = `hsl(${hue} 90% 60%)`;
    context.lineWidth = Math.max(1.5, width / 500);
    context.setLineDash(object.sighting === 'predicted' ? [6, 6] : []);
    context.strokeRect(left, top, right - left, bottom - top);
    const size = Math.max(11, width / 70);
    const text = `${object.label} ${object.id}`.trim();
    context.font = `600 ${size}px system-ui, sans-serif`;
    const textWidth = context.measureText(text).width + size * 0.6;
    const y = Math.max(0, top - size * 1.35);
    context.fillStyle = 'rgb(5 7 10 / 70%)';
    context.fillRect(left, y, textWidth, size * 1.35);
    context.fillStyle = `hsl(${hue} 90% 75%)`;
    context.fillText(text, left + size * 0.3, y + size);
  }
}
