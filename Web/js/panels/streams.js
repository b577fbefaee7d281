// The list of streams, live and not.

import { command, h, reconcile, setAttribute, setText } from '../dom.js';
import { count } from '../format.js';
import { liveLink } from '../router.js';

/** How a stream stands: `live`, `waiting` (known, held for its publisher) or `offline`. */
export function conditionOf(stream) {
  if (!stream) return 'offline';
  if (stream.live && stream.publisher_connected) return 'live';
  return stream.live || stream.publisher_connected ? 'waiting' : 'offline';
}

const conditionText = { live: 'Live', waiting: 'Waiting', offline: 'Offline' };

/** Makes a badge show a condition. */
export function showCondition(badge, condition) {
  setAttribute(badge, 'data-kind', condition);
  const dot = badge.firstElementChild;
  dot.className = condition === 'live' ? 'dot pulse' : 'dot';
  setText(badge.lastElementChild, conditionText[condition]);
}

/** A badge for `showCondition`. */
export function conditionBadge() {
  return h('span', { class: 'badge' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span'));
}

/** The panel: every stream, `current` marked. */
export function streamsPanel(app, current) {
  const list = h('ul', { class: 'stream-list', id: 'streams' });
  const empty = h(
    'div', { class: 'card empty', hidden: true },
    h('strong', {}, 'No stream yet'),
    h('p', { class: 'soft' }, 'Connect a phone, or fly a simulated drone from a shell:'),
    command(`worldsystem simulate --flight --to ${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`));
  const element = h(
    'section', { 'aria-labelledby': 'streams-title' },
    h('div', { class: 'rail-head' }, h('h2', { id: 'streams-title' }, 'Streams')), list, empty);

  const update = () => {
    const streams = app.link.streams.toSorted(byLivenessThenName);
    setAttribute(empty, 'hidden', streams.length > 0);
    setAttribute(list, 'hidden', streams.length === 0);
    reconcile(list, streams, (stream) => stream.name, createRow, (row, stream) => updateRow(row, stream, current));
  };
  app.link.addEventListener('update', update);
  update();
  return { element, dispose: () => app.link.removeEventListener('update', update) };
}

function byLivenessThenName(left, right) {
  const rank = (stream) => ['live', 'waiting', 'offline'].indexOf(conditionOf(stream));
  return rank(left) - rank(right) || left.name.localeCompare(right.name);
}

function createRow(stream) {
  const link = h(
    'a', { class: 'card stream-row', href: liveLink(stream.name) },
    h('span', { class: 'name' }, stream.name), conditionBadge(), h('span', { class: 'detail' }));
  return h('li', { data: { stream: stream.name } }, link);
}

function updateRow(row, stream, current) {
  const link = row.firstElementChild;
  const [, badge, detail] = link.children;
  setAttribute(link, 'aria-current', stream.name === current ? 'true' : null);
  const condition = conditionOf(stream);
  showCondition(badge, condition);
  const facts = [
    stream.width ? `${stream.width} × ${stream.height}` : null,
    condition === 'live' && stream.bitrate_mbps ? `${stream.bitrate_mbps.toFixed(1)} Mb/s` : null,
    count(stream.consumers ?? 0, 'viewer'),
  ];
  setText(detail, facts.filter(Boolean).join(' · '));
}
