// One recording: playback, still frames, download.

import { fileURL, getMetadata, getRecordings } from '../api.js';
import { h, icon, setAttribute } from '../dom.js';
import { formatBytes, formatDate, formatLength, parseTime } from '../format.js';
import { ReplayPanels } from './replay.js';

/** The view of the recording `id`. */
export function recordingView(app, id) {
  const body = h('div', { class: 'recording' }, backLink());
  let isDisposed = false;
  let stopReplay = () => {};
  const load = async () => {
    if (app.link.state !== 'online') return;
    app.link.removeEventListener('update', load);
    try {
      const recording = (await getRecordings()).find((candidate) => candidate.id === id);
      if (isDisposed) return;
      if (recording) {
        const [elements, replay] = contents(recording);
        body.append(...elements);
        stopReplay = () => replay.dispose();
      } else body.append(h('p', { class: 'notice' }, 'There is no such recording.'));
    } catch {
      // The link to the server notices; the next update asks again.
      if (!isDisposed) app.link.addEventListener('update', load);
    }
  };
  app.link.addEventListener('update', load);
  load();
  const dispose = () => {
    isDisposed = true;
    app.link.removeEventListener('update', load);
    stopReplay();
    const video = body.querySelector('video');
    video?.pause();
    video?.removeAttribute('src');
    video?.load();
  };
  return { element: body, title: `Recording ${id}`, dispose };
}

function contents(recording) {
  const playback = new Playback(recording);
  const started = parseTime(recording.start_time);
  const head = h(
    'div', { class: 'recording-head' }, h('h1', {}, formatDate(started)),
    recording.active
      ? h('span', { class: 'badge', data: { kind: 'live' } }, h('span', { class: 'dot pulse' }), 'Recording') : null,
    h('div', { class: 'actions' }, ...playback.downloads()));
  const facts = h(
    'dl', { class: 'facts' }, fact('Stream', recording.stream), fact('Length', formatLength(recording.duration_s)),
    fact('Size', formatBytes(recording.bytes)), fact('Frames', String(recording.total_frames ?? '–')),
    fact('Session', recording.id));
  const strip = h('div', { class: 'filmstrip', role: 'group', 'aria-label': 'Still frames', hidden: true });
  showFrames(strip, recording, started, playback);
  const replay = new ReplayPanels(recording, playback);
  const stage = h('div', { class: 'replay-stage' }, playback.video, replay.overlay);
  return [[head, stage, replay.note, replay.element, strip, facts, playback.segments].filter(Boolean), replay];
}

/** The files of a recording, one after the other in one <video>. */
class Playback {
  segments = null;

  #recording;
  #current = 0;
  #rows = [];

  constructor(recording) {
    this.#recording = recording;
    this.video = h('video', {
      class: 'playback', id: 'playback', controls: true, playsinline: true, preload: 'metadata',
      'aria-label': 'Playback', poster: recording.poster ? fileURL(recording.id, recording.poster) : null,
    });
    this.video.addEventListener('ended', () => {
      if (this.#current + 1 < recording.files.length) this.#play(this.#current + 1, 0);
    });
    if (recording.files.length > 1) this.#listSegments();
    if (recording.files.length > 0) this.#load(0);
  }

  downloads() {
    const { id, files } = this.#recording;
    if (files.length !== 1) return [];
    const [file] = files;
    return [downloadLink('button primary', id, file, 'Download', icon('download'))];
  }

  /** Seconds from the start of the recording to the picture that shows. */
  get seconds() {
    const before = this.#recording.files.slice(0, this.#current).reduce((sum, file) => sum + (file.duration_s ?? 0), 0);
    return before + this.video.currentTime;
  }

  /** Plays from `seconds` after the start of the recording. */
  seek(seconds) {
    let start = 0;
    for (const [index, file] of this.#recording.files.entries()) {
      const isLast = index === this.#recording.files.length - 1;
      if (isLast || seconds < start + file.duration_s) {
        this.#play(index, Math.max(0, seconds - start));
        return;
      }
      start += file.duration_s;
    }
  }

  #listSegments() {
    const { id, files } = this.#recording;
    this.#rows = files.map((file, index) => h(
      'li', { class: 'card segment' },
      h(
        'button', { class: 'choose', type: 'button', on: { click: () => this.#play(index, 0) } }, icon('play'),
        file.name),
      h('span', { class: 'soft number' }, `${formatLength(file.duration_s)} · ${formatBytes(file.bytes)}`),
      downloadLink('icon-button', id, file, null, icon('download'))));
    this.segments = h('ul', { class: 'segments', 'aria-label': 'Files' }, ...this.#rows);
  }

  #load(index) {
    this.#current = index;
    this.video.src = fileURL(this.#recording.id, this.#recording.files[index].name);
    this.#rows.forEach((row, place) => setAttribute(row, 'aria-current', place === index ? 'true' : null));
  }

  #play(index, seconds) {
    if (index !== this.#current) this.#load(index);
    this.video.currentTime = seconds;
    this.video.play().catch(() => {});
  }
}

async function showFrames(strip, recording, started, playback) {
  let metadata;
  try {
    metadata = await getMetadata(recording.id);
  } catch {
    // A recording without readable metadata still plays.
    return;
  }
  const frames = metadata.frames ?? [];
  for (const frame of frames) {
    const at = parseTime(frame.timestamp);
    const seconds = at && started ? Math.max(0, (at - started) / 1000) : null;
    const label = seconds === null ? `${frame.frame_number}` : formatLength(seconds);
    strip.append(h(
      'button', {
        class: 'film-frame', type: 'button', 'aria-label': `Play from ${label}`,
        on: { click: () => seconds !== null && playback.seek(seconds) },
      },
      h('img', { src: fileURL(recording.id, frame.path), alt: '', loading: 'lazy' }), h('span', {}, label)));
  }
  setAttribute(strip, 'hidden', frames.length === 0);
}

function downloadLink(className, id, file, text, image) {
  return h(
    'a', {
      class: className, href: fileURL(id, file.name), download: `${id}_${file.name}`,
      'aria-label': `Download ${file.name}`,
    },
    image, text);
}

function fact(label, value) {
  return h('div', {}, h('dt', {}, label), h('dd', {}, value));
}

function backLink() {
  const link = h('a', { class: 'back-link', href: '#/recordings' }, icon('back'), 'Recordings');
  return h('p', {}, link);
}
