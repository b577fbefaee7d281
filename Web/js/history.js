// A small line of how a number went over the last minute.

const kept = 60;

/** A canvas with a line; `add` takes one value a second or so, null for none. */
export class History {
  element = document.createElement('canvas');

  #values = [];
  #redraw = () => this.#draw();

  constructor() {
    this.element.className = 'history';
    this.element.setAttribute('aria-hidden', 'true');
    addEventListener('themechange', this.#redraw);
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > kept) this.#values.shift();
    this.#draw();
  }

  dispose() {
    removeEventListener('themechange', this.#redraw);
  }

  #draw() {
    const canvas = this.element;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    const known = this.#values.filter((value) => value !== null);
    if (known.length < 2) return;
    // A single outlier, as the burst at the start, may touch the top but not flatten the rest.
    const usual = known.toSorted((left, right) => left - right)[Math.floor((known.length - 1) * 0.9)];
    const top = usual * 1.6 || 1;
    const x = (index) => width - (this.#values.length - 1 - index) * (width / (kept - 1));
    const y = (value) => height - scale - (Math.min(top, Math.max(0, value)) / top) * (height - 2 * scale);
    const line = new Path2D();
    let isDown = false;
    for (const [index, value] of this.#values.entries()) {
      if (value === null) isDown = false;
      else if (isDown) line.lineTo(x(index), y(value));
      else {
        line.moveTo(x(index), y(value));
        isDown = true;
      }
    }
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = 1.5 * scale;
    context.lineJoin = 'round';
    context.stroke(line);
  }
}
