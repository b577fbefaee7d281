// A stream, live: picture, what is measured of it, and the rail beside it.

import { streamURL } from '../api.js';
import { h, icon, setAttribute, setText } from '../dom.js';
import { Feed } from '../feed.js';
import { formatSpan } from '../format.js';
import { LivePlayer } from '../live-player.js';
import { MSEPlayer } from '../mse-player.js';
import { ObjectsLayer } from '../objects-layer.js';
import { ViewerFeed } from '../viewer-feed.js';
import { Rate } from '../windows.js';
import { detectionPanel } from './detection.js';
import { LiveExtras } from './extras.js';
import { phoneLinkPanel } from './phone-link.js';
import { latestRecordingsPanel } from './recordings.js';
import { metricCards, overlay, spoken } from './stats.js';
import { conditionBadge, conditionOf, showCondition, streamsPanel } from './streams.js';

const refreshMillis = 500;
const stallMillis = 2500;
const hiddenMillis = 15_000;
// An age beyond this means that the publisher's clock is not the time of day.
const largestAgeMillis = 60_000;
const smallestAgeMillis = -250;

/** The view of the stream `name`. */
export function liveView(app, name) {
  const view = new LiveView(app, name);
  return { element: view.element, title: `${name}, live`, dispose: () => view.dispose() };
}

class LiveView {
  #app;
  #name;
  #feed;
  #player = null;
  #bandwidth = new Rate();
  #bytesSeen = 0;
  #pictureAt = -Infinity;
  #refusal = null;
  #failure = null;
  #cards = metricCards();
  #overlay = overlay();
  #viewer;
  #objects;
  #extras;
  #isDetecting = false;
  #isOffHere = false;
  #resultsAt = -Infinity;
  #panels;
  #timer;
  #hiding = 0;
  #listening = new AbortController();

  constructor(app, name) {
    this.#app = app;
    this.#name = name;
    this.#viewer = new ViewerFeed(name);
    this.#objects = new ObjectsLayer(this.#viewer);
    this.#extras = new LiveExtras(app, name, this.#viewer, this.#objects, () => this.#player?.skipped ?? 0);
    const detection = new EventTarget();
    detection.addEventListener('update', (event) => this.#followDetection(event.detail));
    this.#panels = [
      streamsPanel(app, name), detectionPanel(app, name, detection), phoneLinkPanel(app, name),
      latestRecordingsPanel(app),
    ];
    this.#build();
    this.#feed = new Feed(() => streamURL(name, this.#player.constructor.format));
    this.#listen();
    const wantsMSE = new URLSearchParams(location.search).get('player') === 'mse';
    this.#viewer.resume();
    this.#usePlayer(!wantsMSE && LivePlayer.isSupported ? LivePlayer : MSEPlayer);
    this.#timer = setInterval(() => this.#refresh(), refreshMillis);
    this.#refresh();
  }

  dispose() {
    clearInterval(this.#timer);
    clearTimeout(this.#hiding);
    this.#listening.abort();
    this.#feed.stop();
    this.#objects.dispose();
    this.#extras.dispose();
    this.#viewer.stop();
    this.#player?.dispose();
    this.#cards.dispose();
    for (const panel of this.#panels) panel.dispose();
  }

  #build() {
    this.badge = conditionBadge();
    this.since = h('span', { class: 'since' });
    this.message = h(
      'div', { class: 'stage-message', role: 'status', id: 'stage-message' }, h('strong'), h('span'));
    const overlayButton = stageButton('info', 'Measurements (I)', () => this.#toggleOverlay());
    setAttribute(overlayButton, 'aria-pressed', 'true');
    this.overlayButton = overlayButton;
    this.objectsButton = stageButton('objects', 'Objects (O)', () => this.#toggleObjects());
    setAttribute(this.objectsButton, 'aria-pressed', 'true');
    setAttribute(this.objectsButton, 'hidden', true);
    this.steerButton = stageButton('steer', 'Steer (C)', () => this.#toggleControl());
    setAttribute(this.steerButton, 'aria-pressed', 'false');
    this.stage = h(
      'div', { class: 'stage', id: 'stage', data: { state: 'connecting' } },
      this.#objects.element, this.message,
      h('div', { class: 'stage-bar' }, this.#overlay.element, h(
        'div', { class: 'stage-buttons' }, this.steerButton, this.objectsButton, overlayButton,
        stageButton('fullscreen', 'Full screen (F)', () => this.#toggleFullscreen()))));
    const heading = h('div', { class: 'live-head' }, h('h1', {}, this.#name), this.badge, this.since);
    this.element = h(
      'div', { class: 'live' },
      h(
        'div', { class: 'live-main' }, heading, this.#extras.alerts.element, this.stage, this.#extras.controlPlace,
        this.#cards.element, this.#extras.element),
      h(
        'aside', { class: 'rail', 'aria-label': 'Streams and recordings' },
        this.#panels.map((panel) => panel.element)));
  }

  #listen() {
    const options = { signal: this.#listening.signal };
    const feed = this.#feed;
    this.#objects.addEventListener('results', () => this.#sawResults(), options);
    const { link } = this.#app;
    feed.addEventListener('open', () => {
      this.#refusal = null;
      this.#player.restart();
    });
    feed.addEventListener('message', (event) => this.#player.accept(event.detail));
    feed.addEventListener('close', (event) => {
      if (event.detail.isRefused) this.#refusal = event.detail.reason || 'The server refused this viewer.';
      // A browser does not say why a connection failed: the server's answers tell whether it is lost or wants a token.
      if (link.state === 'online') link.check();
      else feed.holdOff();
      this.#refresh();
    });
    link.addEventListener('state', () => {
      if (link.state !== 'online') {
        feed.holdOff();
        this.#viewer.holdOff();
      } else if (!document.hidden) {
        if (this.#wantsFeed) feed.resume();
        this.#viewer.resume();
      }
      this.#refresh();
    }, options);
    link.addEventListener('update', () => this.#refresh(), options);
    document.addEventListener('visibilitychange', () => this.#sleepWhileHidden(), options);
    document.addEventListener('keydown', (event) => this.#press(event), options);
  }

  #usePlayer(Player) {
    this.#player?.dispose();
    this.#player?.element.remove();
    if (!Player.isSupported) {
      this.#player = null;
      this.#failure = 'This browser has neither WebCodecs nor Media Source.';
      return;
    }
    const player = new Player(this.#app.link.clock);
    this.#player = player;
    this.stage.prepend(player.element);
    // Who steers needs pictures at once, with or without what was found in them.
    player.holdMillis = (now, millis) => (this.#extras.isSteering ? 0 : this.#objects.holdMillis(now, millis));
    player.addEventListener('arrival', (event) => this.#objects.expect(event.detail));
    player.addEventListener('picture', (event) => this.#sawPicture(event.detail ?? null));
    player.addEventListener('gap', () => this.#feed.send('request_key_frame'));
    player.addEventListener('resync', () => this.#feed.connect());
    player.addEventListener('failed', (event) => this.#fallBack(event.detail));
    this.#feed.connect();
  }

  #fallBack(error) {
    if (this.#player instanceof LivePlayer && MSEPlayer.isSupported) {
      this.#usePlayer(MSEPlayer);
      return;
    }
    this.#failure = `This browser cannot decode the stream: ${error.message}`;
    this.#feed.stop();
    this.#refresh();
  }

  #sawPicture(millis) {
    if (millis !== null) this.#objects.show(millis);
    if (this.#pictureAt < 0) this.#extras.start();
    const wasStill = performance.now() - this.#pictureAt > stallMillis;
    this.#pictureAt = performance.now();
    if (wasStill) this.#refresh();
  }

  #refresh() {
    const stream = this.#app.link.streams.find((candidate) => candidate.name === this.#name);
    const now = this.#snapshot(stream);
    this.#overlay.update(now);
    this.#cards.update(now);
    showCondition(this.badge, conditionOf(stream));
    setAttribute(this.badge, 'hidden', this.#app.link.state !== 'online');
    const since = stream?.since && conditionOf(stream) === 'live' && this.#app.link.state === 'online'
      ? `for ${formatSpan(this.#app.link.clock.now() / 1000 - stream.since)}` : '';
    setText(this.since, since);
    if (this.#player) setAttribute(this.#player.element, 'aria-label', spoken(now));
    const [state, title, detail] = this.#standing(stream);
    this.stage.dataset.state = state;
    setText(this.message.firstElementChild, title);
    setText(this.message.lastElementChild, detail);
  }

  #snapshot(stream) {
    this.#player?.setUpstreamAge?.(stream?.frame_age_ms?.p50 ?? null);
    const time = performance.now();
    this.#bandwidth.add(this.#feed.bytes - this.#bytesSeen, time);
    this.#bytesSeen = this.#feed.bytes;
    const bytesPerSecond = this.#bandwidth.perSecond(time);
    const stats = this.#player?.stats() ?? {
      decoder: 'none', codec: null, width: 0, height: 0, framesPerSecond: null, ageMillis: null, isEstimate: false,
    };
    const isPlausible = stats.ageMillis >= smallestAgeMillis && stats.ageMillis < largestAgeMillis;
    return {
      ...stats,
      ageMillis: stats.ageMillis !== null && isPlausible && this.#app.link.clock.isKnown ? stats.ageMillis : null,
      skipped: this.#player?.skipped ?? 0,
      megabitsPerSecond: bytesPerSecond === null ? null : (bytesPerSecond * 8) / 1e6,
      consumers: stream?.consumers ?? null,
      keyFrameInterval: stream?.key_frame_interval_s ?? null,
    };
  }

  /** `[state, title, detail]` of the stage. */
  #standing(stream) {
    const { link } = this.#app;
    if (this.#failure) return ['failed', 'No picture', this.#failure];
    if (link.state === 'lost') return ['lost', 'Server lost', 'The picture comes back by itself once it answers.'];
    if (this.#refusal) return ['lost', 'Not allowed', this.#refusal];
    if (performance.now() - this.#pictureAt < stallMillis) return ['playing', '', ''];
    if (link.state !== 'online') return ['connecting', 'Connecting', ''];
    const isPublished = stream?.publisher_connected ?? false;
    if (!isPublished && this.#pictureAt > 0) {
      return ['waiting', 'The publisher is gone', 'The picture goes on as soon as it is back.'];
    }
    if (!isPublished) return ['waiting', 'Waiting for a publisher', `Nobody sends to “${this.#name}” yet.`];
    if (this.#pictureAt > 0) return ['waiting', 'No new pictures', 'The publisher is connected but sends nothing.'];
    return ['connecting', 'Waiting for the first picture', ''];
  }

  #sleepWhileHidden() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#feed.stop();
        this.#viewer.stop();
      }, hiddenMillis);
      return;
    }
    this.#viewer.resume();
    if (this.#wantsFeed) this.#feed.resume();
    this.#showObjects();
  }

  /** Results are asked for while somebody looks for objects in this stream. */
  #followDetection(report) {
    // Where this server looks for nothing, others may: results that come say so.
    const isElsewhere = report.stream !== this.#name && performance.now() - this.#resultsAt < stallMillis;
    this.#isDetecting = isElsewhere || (report.stream === this.#name && report.state !== 'off');
    this.#isOffHere = report.stream === this.#name && report.state === 'off';
    this.#extras.detection = report;
    this.#showObjects();
  }

  #sawResults() {
    this.#resultsAt = performance.now();
    if (this.#isDetecting || this.#isOffHere) return;
    this.#isDetecting = true;
    this.#showObjects();
  }

  #showObjects() {
    const isWanted = this.objectsButton.getAttribute('aria-pressed') === 'true';
    setAttribute(this.objectsButton, 'hidden', !this.#isDetecting);
    this.#objects.isOn = this.#isDetecting && isWanted && !document.hidden;
  }

  #toggleObjects() {
    const isWanted = this.objectsButton.getAttribute('aria-pressed') !== 'true';
    setAttribute(this.objectsButton, 'aria-pressed', String(isWanted));
    this.#showObjects();
  }

  get #wantsFeed() {
    return this.#player !== null && this.#failure === null;
  }

  #press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, select, dialog')) return;
    if (event.key === 'f') this.#toggleFullscreen();
    if (event.key === 'i') this.#toggleOverlay();
    if (event.key === 'c') this.#toggleControl();
    if (event.key === 'o' && this.#isDetecting) this.#toggleObjects();
  }

  async #toggleControl() {
    setAttribute(this.steerButton, 'aria-pressed', String(await this.#extras.toggleControl()));
  }

  #toggleOverlay() {
    const { element } = this.#overlay;
    element.hidden = !element.hidden;
    setAttribute(this.overlayButton, 'aria-pressed', String(!element.hidden));
  }

  async #toggleFullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else if (this.stage.requestFullscreen) await this.stage.requestFullscreen();
      else this.#player?.element.webkitEnterFullscreen?.();
    } catch {
      // The browser does not allow it here; nothing is lost.
    }
  }
}

function stageButton(iconName, label, onClick) {
  return h(
    'button', { class: 'icon-button', type: 'button', 'aria-label': label, title: label, on: { click: onClick } },
    icon(iconName));
}
