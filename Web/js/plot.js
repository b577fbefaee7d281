// Curves of a ring over the last seconds, in a canvas.

import { h, setText } from './dom.js';

/** A plot with the columns `names` of a ring, and `unit`. `draw` shows the `seconds` before `end`. */
export class Plot {
  #canvas;
  #latest;

  constructor(title, unit, names, seconds = 15) {
    this.seconds = seconds;
    this.#canvas = h('canvas', { class: 'plot-canvas', 'aria-hidden': 'true' });
    this.#latest = names.map(() => h('dd', {}, '–'));
    const legend = names.map((name, at) => h('div', { data: { axis: String(at) } }, h('dt', {}, name), this.#latest[at]));
    this.element = h(
      'figure', { class: 'plot' },
      h('figcaption', {}, h('span', {}, title), h('span', { class: 'soft' }, unit), h('dl', { class: 'plot-legend' }, legend)),
      this.#canvas);
  }

  draw(ring, end) {
    const canvas = this.#canvas;
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    let first = ring.count;
    while (first > 0 && ring.time(first - 1) >= end - this.seconds) first -= 1;
    const [low, high] = rangeOf(ring, first, end);
    const y = (value) => height - ((value - low) / (high - low)) * height;
    this.#drawAxis(context, style, width, { low, high, y, scale });
    for (let column = 0; column < ring.width; column += 1) {
      context.beginPath();
      let newest = null;
      for (let row = first; row < ring.count && ring.time(row) <= end; row += 1) {
        const x = width - ((end - ring.time(row)) / this.seconds) * width;
        newest = ring.value(row, column);
        context.lineTo(x, y(newest));
      }
      context.strokeStyle = style.getPropertyValue(`--axis-${column}`);
      context.lineWidth = 1.5 * scale;
      context.stroke();
      setText(this.#latest[column], newest === null ? '–' : newest.toFixed(2));
    }
  }

  #drawAxis(context, style, width, { low, high, y, scale }) {
    context.fillStyle = context.strokeStyle = style.getPropertyValue('--plot-line');
    context.font = `${11 * scale}px system-ui, sans-serif`;
    const step = niceStep((high - low) / 3);
    context.lineWidth = scale;
    for (let value = Math.ceil(low / step) * step; value < high; value += step) {
      context.globalAlpha = 0.35;
      context.fillRect(0, Math.round(y(value)), width, scale);
      context.globalAlpha = 1;
      if (y(value) > 12 * scale) context.fillText(String(Number(value.toPrecision(6))), 4 * scale, y(value) - 3 * scale);
    }
  }
}

function rangeOf(ring, first, end) {
  let [low, high] = [Infinity, -Infinity];
  for (let row = first; row < ring.count && ring.time(row) <= end; row += 1) {
    for (let column = 0; column < ring.width; column += 1) {
      low = Math.min(low, ring.value(row, column));
      high = Math.max(high, ring.value(row, column));
    }
  }
  if (low > high) return [-1, 1];
  const margin = Math.max((high - low) * 0.12, 0.05);
  return [low - margin, high + margin];
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
}
