// The panel with what the motion sensors say.

import { h, setAttribute, setText } from '../dom.js';
import { Plot } from '../plot.js';
import { Ring } from '../ring.js';

const axes = ['x', 'y', 'z'];
const shownSeconds = 15;
// 60 a second for longer than is shown.
const capacity = 1200;
const frameMillis = 33;

/** Two plots; `add` takes a sample, `draw` shows what was before a time in seconds. */
export function motionPlots() {
  const [accelerometer, gyroscope] = [new Ring(capacity, 3), new Ring(capacity, 3)];
  const plots = [
    new Plot('Accelerometer', 'm/s²', axes, shownSeconds), new Plot('Gyroscope', 'rad/s', axes, shownSeconds),
  ];
  return {
    element: h('div', { class: 'plots' }, plots.map((plot) => plot.element)),
    add: (time, acceleration, rotation) => {
      // A clock that was set back begins anew.
      if (accelerometer.count > 0 && time < accelerometer.time(accelerometer.count - 1)) {
        accelerometer.clear();
        gyroscope.clear();
      }
      accelerometer.add(time, acceleration);
      gyroscope.add(time, rotation);
    },
    draw: (end) => {
      plots[0].draw(accelerometer, end);
      plots[1].draw(gyroscope, end);
    },
    newest: () => (accelerometer.count > 0 ? accelerometer.time(accelerometer.count - 1) : null),
    rate: () => accelerometer.rate(2),
  };
}

const vector = (value) => (axes.every((axis) => Number.isFinite(value?.[axis])) ? axes.map((axis) => value[axis]) : null);

/** The panel with the messages of `feed` (a `ViewerFeed`); it comes with the first sample. */
export function motionPanel(feed) {
  const rate = h('span', { class: 'soft number', id: 'imu-rate' });
  const plots = motionPlots();
  const element = h(
    'section', { class: 'card panel', 'aria-labelledby': 'motion-title', id: 'motion', hidden: true },
    h('div', { class: 'panel-head' }, h('h2', { id: 'motion-title' }, 'Motion sensors'), rate), plots.element);
  let drawing = 0;
  let drawnAt = -Infinity;
  const draw = () => {
    drawing = 0;
    if (performance.now() - drawnAt < frameMillis) return schedule();
    drawnAt = performance.now();
    plots.draw(plots.newest());
    const hertz = plots.rate();
    setText(rate, hertz === null ? '' : `${hertz.toFixed(0)} samples/s shown`);
  };
  const schedule = () => {
    drawing ||= requestAnimationFrame(draw);
  };
  const listening = new AbortController();
  feed.addEventListener('imu_data', (event) => {
    const sample = event.detail.imu_data;
    const [acceleration, rotation] = [vector(sample?.accelerometer), vector(sample?.gyroscope)];
    if (!acceleration || !rotation || !Number.isFinite(sample.timestamp)) return;
    plots.add(sample.timestamp / 1e9, acceleration, rotation);
    setAttribute(element, 'hidden', false);
    schedule();
  }, { signal: listening.signal });
  return {
    element,
    dispose: () => {
      listening.abort();
      cancelAnimationFrame(drawing);
    },
  };
}
