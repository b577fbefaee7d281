// The recordings: all of them as a grid, and the latest few as a panel.

import { fileURL, getRecordings } from '../api.js';
import { h, icon, reconcile, setAttribute, setText } from '../dom.js';
import { count, formatBytes, formatDate, formatLength, parseTime } from '../format.js';
import { recordingLink } from '../router.js';

const pollMillis = 5000;
const latestCount = 3;

/** The view of all recordings. */
export function recordingsView(app) {
  const grid = h('ul', { class: 'recording-grid', id: 'recordings' });
  const summary = h('span', { class: 'soft number' });
  const empty = h(
    'div', { class: 'card empty', hidden: true }, h('strong', {}, 'No recordings yet'),
    h('p', { class: 'soft' }, 'The recorder keeps every live stream. Recordings appear here while they are written.'));
  const element = h('div', {}, h('div', { class: 'list-head' }, h('h1', {}, 'Recordings'), summary), grid, empty);
  const dispose = watchRecordings(app, (recordings) => {
    showCards(grid, recordings);
    setAttribute(empty, 'hidden', recordings.length > 0);
    const bytes = recordings.reduce((total, recording) => total + (recording.bytes ?? 0), 0);
    setText(summary, recordings.length ? `${count(recordings.length, 'recording')}, ${formatBytes(bytes)}` : '');
  });
  return { element, title: 'Recordings', dispose };
}

/** The panel with the latest recordings. */
export function latestRecordingsPanel(app) {
  const grid = h('ul', { class: 'recording-grid' });
  const element = h(
    'section', { 'aria-labelledby': 'latest-title', hidden: true },
    h(
      'div', { class: 'rail-head' }, h('h2', { id: 'latest-title' }, 'Latest recordings'),
      h('a', { href: '#/recordings' }, 'All')),
    grid);
  const dispose = watchRecordings(app, (recordings) => {
    showCards(grid, recordings.slice(0, latestCount));
    setAttribute(element, 'hidden', recordings.length === 0);
  });
  return { element, dispose };
}

/** Calls `show` with the recordings now and whenever they may have changed. Returns what stops it. */
function watchRecordings(app, show) {
  let askedAt = -Infinity;
  let isDisposed = false;
  const refresh = async () => {
    if (app.link.state !== 'online' || performance.now() - askedAt < pollMillis) return;
    askedAt = performance.now();
    try {
      const recordings = await getRecordings();
      if (!isDisposed) show(recordings);
    } catch {
      // The link to the server notices and says what is wrong; the next update asks again.
      askedAt = -Infinity;
    }
  };
  app.link.addEventListener('update', refresh);
  refresh();
  return () => {
    isDisposed = true;
    app.link.removeEventListener('update', refresh);
  };
}

function showCards(grid, recordings) {
  reconcile(grid, recordings, (recording) => recording.id, createCard, updateCard);
}

function createCard(recording) {
  const poster = h(
    'div', { class: 'poster' }, icon('film'),
    h('img', { alt: '', loading: 'lazy', hidden: true }), h('span', { class: 'length' }));
  const about = h(
    'div', { class: 'about' }, h('span', { class: 'title' }),
    h('span', { class: 'badge', data: { kind: 'live' }, hidden: true }, h('span', { class: 'dot pulse' }), 'Recording'),
    h('span', { class: 'detail' }));
  return h(
    'li', { data: { recording: recording.id } },
    h('a', { class: 'card recording-card', href: recordingLink(recording.id) }, poster, about));
}

function updateCard(item, recording) {
  const [poster, about] = item.firstElementChild.children;
  const [, image, length] = poster.children;
  const [title, badge, detail] = about.children;
  if (recording.poster) setAttribute(image, 'src', fileURL(recording.id, recording.poster));
  setAttribute(image, 'hidden', !recording.poster);
  setText(length, formatLength(recording.duration_s));
  setText(title, formatDate(parseTime(recording.start_time)));
  setAttribute(badge, 'hidden', !recording.active);
  setText(detail, `${recording.stream} · ${formatBytes(recording.bytes)}`);
}
