// What was found out in a recording, in step with its video: objects over it and in the world, the path, the sensors, the map.

import { readResults } from '../api.js';
import { h, setAttribute, setText } from '../dom.js';
import { loadModules } from '../modules.js';
import { drawObjects } from '../objects-layer.js';
import { Replay } from '../replay.js';
import { rowsOfQuaternion } from '../scene/matrices.js';

const panelMillis = 40;

/** Shows over and below the video of `playback` what was found out; `overlay`, `note` and `element` are to be placed. */
export class ReplayPanels {
  overlay = h('canvas', { class: 'objects', 'aria-hidden': 'true' });
  note = h('p', { class: 'soft', role: 'status', id: 'replay-note' });
  element = h('div', { class: 'replay-panels', id: 'replay' });

  #playback;
  #replay = new Replay();
  #stopping = new AbortController();
  #scene = null;
  #plots = null;
  #map = null;
  #shownPath = 0;
  #shownSamples = 0;
  #shownFixes = 0;
  #shownPlaces = null;
  #panelsAt = -Infinity;
  #callback = 0;
  #pictureSeconds = null;

  constructor(recording, playback) {
    this.#playback = playback;
    const { video } = playback;
    for (const type of ['seeked', 'timeupdate', 'loadeddata']) {
      video.addEventListener(type, () => this.#show(this.#seconds), { signal: this.#stopping.signal });
    }
    // With each picture that shows, at the time that it has in the file: what plays is up to a picture further.
    if (video.requestVideoFrameCallback) {
      const shown = (_, { mediaTime }) => {
        this.#pictureSeconds = playback.seconds - video.currentTime + mediaTime;
        this.#show(this.#pictureSeconds);
        this.#callback = video.requestVideoFrameCallback(shown);
      };
      this.#callback = video.requestVideoFrameCallback(shown);
    }
    this.#load(recording);
  }

  /** When the picture that shows was taken, from the start of the recording. */
  get #seconds() {
    return this.#pictureSeconds ?? this.#playback.seconds;
  }

  dispose() {
    this.#stopping.abort();
    this.#playback.video.cancelVideoFrameCallback?.(this.#callback);
    this.#scene?.dispose();
    this.#map?.dispose();
  }

  async #load(recording) {
    const replay = this.#replay;
    try {
      const take = (line) => replay.take(line);
      if (!(await readResults(recording.id, take, this.#stopping.signal))) {
        setText(this.note, 'Nothing but video was recorded.');
        return;
      }
    } catch (error) {
      if (error.name === 'AbortError') return;
      setText(this.note, 'What was found out could not be read.');
      if (replay.lines === 0) return;
    }
    await this.#makePanels();
    const parts = [
      replay.results.newest ? 'objects' : null, replay.places.some(({ objects }) => objects.length > 0) ? 'objects in the world' : null,
      replay.poses.length ? `${replay.poses.length} poses` : null,
      replay.samples.length ? 'motion sensors' : null, replay.fixes.length ? 'positions' : null,
    ].filter(Boolean);
    setText(this.note, parts.length ? `In step with the video: ${parts.join(', ')}${replay.isCut ? ', the first hours only' : ''}.` : '');
    setAttribute(this.note, 'hidden', parts.length === 0);
    this.#show(this.#seconds);
  }

  async #makePanels() {
    const { poses, places, samples, fixes } = this.#replay;
    const modules = await loadModules(
      () => Promise.all([
        poses.length + places.length > 0 ? import('../scene/scene-view.js') : null,
        fixes.length > 0 ? import('../map-view.js') : null,
        samples.length > 0 ? import('./motion.js') : null,
      ]),
      this.#stopping.signal);
    if (!modules) return;
    const [scene, map, motion] = modules;
    const card = (title, content) =>
      h('section', { class: 'card panel', 'aria-label': title }, h('div', { class: 'panel-head' }, h('h2', {}, title)), content);
    if (scene) {
      this.#scene = new scene.SceneView();
      this.#scene.follow(false);
      this.element.append(card('Path', this.#scene.element));
    }
    if (map) {
      this.#map = new map.MapView();
      this.element.append(card('Map', this.#map.element));
    }
    if (motion) {
      this.#plots = motion.motionPlots();
      this.element.append(card('Motion sensors', this.#plots.element));
    }
  }

  #show(seconds) {
    this.element.dataset.seconds = seconds.toFixed(3);
    this.#showObjects(seconds);
    const now = performance.now();
    if (now - this.#panelsAt < panelMillis && !this.#playback.video.paused) return;
    this.#panelsAt = now;
    this.#showPath(seconds);
    this.#showSamples(seconds);
    this.#showMap(seconds);
    this.#showPlaces(seconds);
  }

  #showObjects(seconds) {
    const { videoWidth, videoHeight } = this.#playback.video;
    if (!videoWidth) return;
    const found = this.#replay.results.at(seconds * 1000);
    drawObjects(this.overlay, this.overlay.getContext('2d'), found?.objects ?? [], [videoWidth, videoHeight]);
  }

  #showPath(seconds) {
    if (!this.#scene) return;
    const { poses } = this.#replay;
    const end = Replay.indexAfter(poses, seconds);
    const { path } = this.#scene;
    if (end < this.#shownPath) {
      path.clear();
      this.#shownPath = 0;
    }
    for (const { time, position, orientation, map, metric } of poses.slice(this.#shownPath, end)) {
      path.add({ time, position, rows: rowsOfQuaternion(orientation), map, isMetric: metric });
    }
    if (end > 0) this.#scene.isUpright = poses[end - 1].metric;
    this.#shownPath = end;
    this.element.dataset.poses = String(end);
    this.#scene.update();
  }

  // Each list has all objects of its time.
  #showPlaces(seconds) {
    const found = Replay.at(this.#replay.places, seconds);
    if (found === this.#shownPlaces) return;
    this.#shownPlaces = found;
    const objects = found?.objects ?? [];
    this.element.dataset.places = String(objects.length);
    this.#scene?.setObjects(objects);
    this.#map?.setObjects(objects);
  }

  #showSamples(seconds) {
    if (!this.#plots) return;
    const { samples } = this.#replay;
    const end = Replay.indexAfter(samples, seconds);
    // A jump begins anew, with what the plots show.
    const isJump = end < this.#shownSamples || end - this.#shownSamples > 200;
    const from = isJump ? Replay.indexAfter(samples, seconds - 16) : this.#shownSamples;
    for (const { time, acceleration, rotation } of samples.slice(from, end)) this.#plots.add(time, acceleration, rotation);
    this.#shownSamples = end;
    this.#plots.draw(seconds);
  }

  #showMap(seconds) {
    if (!this.#map) return;
    const { fixes } = this.#replay;
    const end = Replay.indexAfter(fixes, seconds);
    if (end < this.#shownFixes) this.#map.setTrack([]);
    const from = end < this.#shownFixes ? 0 : this.#shownFixes;
    for (const fix of fixes.slice(from, end)) this.#map.add({ accuracy: null, heading: null, altitude: null, ...fix });
    this.#shownFixes = end;
  }
}
