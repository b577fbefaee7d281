// The panel with what objects were identified as.

import { h, reconcile, setAttribute, setText } from '../dom.js';
import { hueOf } from '../objects-layer.js';

const objectsShown = 40;
const longestText = 600;

/** The panel with the messages of `feed` (a `ViewerFeed`); hidden until something was identified. */
export function identifiedPanel(feed) {
  const count = h('span', { class: 'soft number' });
  const list = h('ul', { class: 'identified', tabindex: 0, 'aria-labelledby': 'identified-title' });
  const element = h(
    'section', { class: 'card panel', 'aria-labelledby': 'identified-title', id: 'identified', hidden: true },
    h('div', { class: 'panel-head' }, h('h2', { id: 'identified-title' }, 'Identified'), count), list);
  // By identifier, the latest last.
  const found = new Map();
  const listening = new AbortController();
  feed.addEventListener('identification', (event) => {
    const { object_id: id, timestamp, results } = event.detail.identification ?? {};
    const findings = Object.entries(results ?? {}).filter(([, text]) => typeof text === 'string' && text);
    if (!Number.isFinite(id) || findings.length === 0) return;
    found.delete(id);
    found.set(id, { id, timestamp, findings });
    if (found.size > objectsShown) found.delete(found.keys().next().value);
    setAttribute(element, 'hidden', false);
    setText(count, `${found.size} ${found.size === 1 ? 'object' : 'objects'}`);
    reconcile(list, [...found.values()].reverse(), (item) => item.id, create, update);
  }, { signal: listening.signal });
  return { element, dispose: () => listening.abort() };
}

function create({ id }) {
  const mark = h('span', { class: 'identified-mark', 'aria-hidden': 'true' });
  mark.style.background = `hsl(${hueOf(id)} 90% 60%)`;
  return h(
    'li', {}, h('div', { class: 'identified-head' }, mark, h('strong', {}, `Object ${id}`), h('time', { class: 'soft' })),
    h('dl', { class: 'facts-list' }));
}

function update(element, { timestamp, findings }) {
  const time = element.querySelector('time');
  setText(time, Number.isFinite(timestamp) ? new Date(timestamp * 1000).toLocaleTimeString() : '');
  reconcile(
    element.querySelector('dl'), findings, ([name]) => name,
    ([name]) => h('div', {}, h('dt', {}, name.replaceAll('_', ' ')), h('dd')),
    (row, [, text]) => show(row.lastElementChild, text.slice(0, longestText)));
}

// An address is a link; anything else is text.
function show(place, text) {
  if (place.textContent === text) return;
  const isAddress = /^https?:\/\/\S+$/.test(text);
  place.replaceChildren(isAddress ? h('a', { href: text, target: '_blank', rel: 'noopener noreferrer' }, text) : text);
}
