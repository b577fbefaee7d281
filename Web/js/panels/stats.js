// What is measured of the live picture: the line over the picture, and the cards below it.

import { h, setText } from '../dom.js';
import { count } from '../format.js';
import { History } from '../history.js';

const none = '–';

/** The line over the picture. `update` takes a snapshot as `liveView` makes it. */
export function overlay() {
  const values = {};
  const item = (key, label, className) => {
    values[key] = h('dd', { data: { stat: key } }, none);
    return h('div', { class: className }, h('dt', {}, label), values[key]);
  };
  const element = h(
    'dl', { class: 'hud', id: 'overlay', 'aria-label': 'Measurements' },
    item('age', 'Age'), item('resolution', 'Picture'), item('fps', 'Rate'), item('bandwidth', 'Bandwidth', 'wide'),
    item('consumers', 'Viewers', 'wide'), item('codec', 'Codec', 'wide'), item('decoder', 'Decoder', 'wide'));
  const update = (now) => {
    setText(values.age, ageText(now));
    setText(values.resolution, now.width ? `${now.width} × ${now.height}` : none);
    setText(values.fps, now.framesPerSecond === null ? none : `${now.framesPerSecond.toFixed(0)} fps`);
    setText(values.bandwidth, now.megabitsPerSecond === null ? none : `${now.megabitsPerSecond.toFixed(1)} Mb/s`);
    setText(values.consumers, now.consumers === null ? none : String(now.consumers));
    setText(values.codec, now.codec ?? none);
    setText(values.decoder, now.decoder);
  };
  return { element, update };
}

/** The cards below the picture. */
export function metricCards() {
  const age = card('Frame age', 'age', new History());
  const bandwidth = card('Bandwidth', 'bandwidth', new History());
  const rate = card('Frame rate', 'fps');
  const viewers = card('Viewers', 'consumers');
  const cards = [age, bandwidth, rate, viewers];
  const element = h('dl', { class: 'metrics', id: 'metrics' }, ...cards.map((each) => each.element));
  const update = (now) => {
    age.show(now.ageMillis === null ? none : String(Math.max(0, Math.round(now.ageMillis))), 'ms');
    age.explain(now.isEstimate ? 'Median, estimated' : 'Median, to screen');
    age.history.add(now.ageMillis);
    bandwidth.show(now.megabitsPerSecond === null ? none : now.megabitsPerSecond.toFixed(1), 'Mb/s');
    bandwidth.explain(now.keyFrameInterval ? `Key frame every ${now.keyFrameInterval.toFixed(1)} s` : '');
    bandwidth.history.add(now.megabitsPerSecond);
    rate.show(now.framesPerSecond === null ? none : now.framesPerSecond.toFixed(0), 'fps');
    rate.explain([now.width ? `${now.width} × ${now.height}` : null, now.skipped ? `${now.skipped} skipped` : null]
      .filter(Boolean).join(' · '));
    viewers.show(now.consumers === null ? none : String(now.consumers), '');
    viewers.explain([now.codec, now.decoder].filter(Boolean).join(' · '));
  };
  const dispose = () => cards.forEach((each) => each.history?.dispose());
  return { element, update, dispose };
}

/** A sentence for those who do not see the picture. */
export function spoken(now) {
  if (!now.width) return 'Live video';
  const viewers = now.consumers === null ? '' : `, ${count(now.consumers, 'viewer')}`;
  return `Live video, ${now.width} by ${now.height}${viewers}`;
}

function ageText(now) {
  if (now.ageMillis === null) return none;
  return `${now.isEstimate ? '≈ ' : ''}${Math.max(0, Math.round(now.ageMillis))} ms`;
}

function card(label, key, history) {
  const value = h('span', { data: { metric: key } }, none);
  const unit = h('span', { class: 'unit' });
  const detail = h('div', { class: 'detail' });
  return {
    element: h('div', { class: 'card metric' }, h('dt', {}, label), h('dd', {}, value, unit), detail, history?.element),
    history,
    show: (text, unitText) => {
      setText(value, text);
      setText(unit, text === none ? '' : unitText);
    },
    explain: (text) => setText(detail, text),
  };
}
