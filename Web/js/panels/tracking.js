// The panel with how well the camera knows where it is, and how the stream is.

import { h, setAttribute, setText } from '../dom.js';
import { Rate } from '../windows.js';

const quietMillis = 2500;
const stateText = {
  initialising: 'Making a map', tracking: 'Tracking', lost: 'Lost', relocalised: 'Found again', silent: 'No word',
};
const scaleText = {
  unknown: 'Unknown: lengths are in a unit of the map', uncertain: 'Uncertain: an estimate that may be wrong',
  trustworthy: 'Trustworthy: metres, z up',
};

/** The panel for the stream `name` with the messages of `feed` (a `ViewerFeed`). */
export function trackingPanel(app, name, feed, objects) {
  const fields = {};
  const field = (key, label) => {
    fields[key] = h('dd', { data: { tracking: key } }, '–');
    return h('div', {}, h('dt', {}, label), fields[key]);
  };
  const element = h(
    'section', { class: 'card panel', 'aria-labelledby': 'tracking-title', id: 'tracking' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'tracking-title' }, 'State')),
    h(
      'dl', { class: 'facts-list' }, field('state', 'SLAM'), field('scale', 'Scale'), field('map', 'Map'),
      field('rate', 'Poses'), field('position', 'Position'), field('overlay', 'Overlay'), field('stream', 'Stream'),
      field('readers', 'Readers'), field('clock', 'Clock')));
  const rate = new Rate();
  let newest = null;
  let heardAt = -Infinity;
  const listening = new AbortController();
  const hear = (event) => {
    newest = event.detail;
    heardAt = performance.now();
    if (event.type === 'trajectory_update') rate.add(1, heardAt);
  };
  for (const type of ['trajectory_update', 'slam_state']) feed.addEventListener(type, hear, { signal: listening.signal });
  const update = () => {
    const now = performance.now();
    const isQuiet = now - heardAt > quietMillis;
    const state = newest === null ? null : isQuiet ? 'silent' : newest.state ?? (newest.pose ? 'tracking' : 'lost');
    setText(fields.state, stateText[state] ?? 'Not running');
    setAttribute(fields.state, 'data-state', state);
    setText(fields.scale, newest ? scaleText[newest.scale] ?? '–' : '–');
    setText(fields.map, newest?.map === undefined ? '–' : `Number ${newest.map}`);
    const perSecond = isQuiet ? null : rate.perSecond(now);
    setText(fields.rate, perSecond === null ? '–' : `${perSecond.toFixed(0)} a second`);
    const place = newest?.pose ? newest.pose.slice(0, 3).map((row) => row[3].toFixed(2)).join(', ') : null;
    setText(fields.position, place ?? '–');
    const kinds = { exact: 'In step', between: 'In step, between results', late: 'Behind the picture' };
    setText(fields.overlay, kinds[objects.kind] ?? '–');
    showStream(fields, app, name);
  };
  const timer = setInterval(update, 500);
  update();
  return {
    element,
    dispose: () => {
      clearInterval(timer);
      listening.abort();
    },
  };
}

function showStream(fields, app, name) {
  const stream = app.link.streams.find((each) => each.name === name);
  const facts = stream ? [
    stream.publisher_connected ? 'Published' : stream.live ? 'Held for its publisher' : 'Nobody publishes',
    stream.fps ? `${stream.fps.toFixed(0)} fps in` : null,
    stream.frame_age_ms ? `sent ${stream.frame_age_ms.p50.toFixed(0)} ms after capture, 1 % later than ${stream.frame_age_ms.p99.toFixed(0)}` : null,
    stream.node ? `from ${stream.node}` : null,
  ] : [];
  setText(fields.stream, facts.filter(Boolean).join(' · ') || '–');
  const readers = Object.entries(stream?.readers ?? {}).map(([kind, count]) => `${count} ${kind}`);
  setText(fields.readers, readers.join(' · ') || '–');
  const clock = app.link.server?.clock;
  const offset = Number.isFinite(stream?.clock_offset_ms) ? `publisher ${stream.clock_offset_ms.toFixed(0)} ms off` : null;
  const network = clock ? (clock.synchronised ? `network time ± ${clock.dispersion_ms.toFixed(0)} ms` : 'no network time') : null;
  setText(fields.clock, [network, offset].filter(Boolean).join(' · ') || '–');
}
