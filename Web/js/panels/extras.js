// The panels below a live picture. They come after the first picture, so that nothing holds that up.

import { h } from '../dom.js';
import { RecentCount } from '../alerts.js';
import { loadModules } from '../modules.js';
import { alertsPanel } from './alerts.js';

// Without a picture they come all the same.
const patienceMillis = 2500;
const alertMillis = 1000;

/** Panels of the stream `name` with the messages of `feed`; `element` is to be put below the picture. */
export class LiveExtras {
  element = h('div', { class: 'panels', id: 'panels' });
  /** Where alerts show. */
  alerts = alertsPanel();
  /** Where the control pad shows. */
  controlPlace = h('div', { hidden: true });

  #app;
  #name;
  #feed;
  #objects;
  #panels = [];
  #control = null;
  #isStarted = false;
  #timer;
  #patience;
  #listening = new AbortController();
  #slam = { state: null, heardAt: 0, wasTracking: false };
  #hadStream = false;
  #detection = null;
  #skipped = new RecentCount();
  #skippedOf;

  /** @param skippedOf gives how many pictures were dropped so far */
  constructor(app, name, feed, objects, skippedOf) {
    this.#app = app;
    this.#name = name;
    this.#feed = feed;
    this.#objects = objects;
    this.#skippedOf = skippedOf;
    this.#patience = setTimeout(() => this.start(), patienceMillis);
    this.#timer = setInterval(() => this.#checkAlerts(), alertMillis);
    const options = { signal: this.#listening.signal };
    feed.addEventListener('trajectory_update', (event) => this.#hearSLAM(event.detail.state ?? 'tracking'), options);
    feed.addEventListener('slam_state', (event) => this.#hearSLAM(event.detail.state ?? 'lost'), options);
    feed.addEventListener('restart', () => {
      this.#slam.wasTracking = false;
    }, options);
  }

  get isSteering() {
    return this.#control?.isActive() ?? false;
  }

  /** What the server says of detection. */
  set detection(report) {
    this.#detection = report;
  }

  /** Loads the panels; once. */
  async start() {
    if (this.#isStarted || this.#listening.signal.aborted) return;
    this.#isStarted = true;
    clearTimeout(this.#patience);
    const modules = await loadModules(
      () => Promise.all([
        import('./scene.js'), import('./map.js'), import('./motion.js'), import('./tracking.js'),
        import('./identified.js'),
      ]),
      this.#listening.signal);
    if (!modules) return;
    const [{ scenePanel }, { mapPanel }, { motionPanel }, { trackingPanel }, { identifiedPanel }] = modules;
    const { element } = this;
    const [feed, name] = [this.#feed, this.#name];
    this.#panels = [
      scenePanel(this.#app, name, feed), trackingPanel(this.#app, name, feed, this.#objects), mapPanel(feed),
      motionPanel(feed), identifiedPanel(feed),
    ];
    element.append(...this.#panels.map((panel) => panel.element));
  }

  /** Shows the control pad, or puts it away. Returns whether it shows. */
  async toggleControl() {
    if (this.#control) {
      this.#control.dispose();
      this.#control = null;
      this.controlPlace.replaceChildren();
      this.controlPlace.hidden = true;
      return false;
    }
    const module = await loadModules(() => import('./control.js'), this.#listening.signal);
    if (this.#control || !module) return true;
    this.#control = module.controlPanel(this.#app, this.#feed);
    this.controlPlace.replaceChildren(this.#control.element);
    this.controlPlace.hidden = false;
    return true;
  }

  dispose() {
    clearTimeout(this.#patience);
    clearInterval(this.#timer);
    this.#listening.abort();
    this.#control?.dispose();
    for (const panel of this.#panels) panel.dispose();
  }

  #hearSLAM(state) {
    this.#slam.state = state;
    this.#slam.heardAt = performance.now();
    if (state === 'tracking' || state === 'relocalised') this.#slam.wasTracking = true;
  }

  #checkAlerts() {
    const { link } = this.#app;
    const stream = link.streams.find((each) => each.name === this.#name);
    this.#hadStream ||= stream?.publisher_connected ?? false;
    const now = performance.now();
    this.alerts.update({
      now, online: link.state === 'online', stream, hadStream: this.#hadStream, slam: this.#slam,
      storage: link.server?.storage, skipped: this.#skipped.add(this.#skippedOf(), now), detection: this.#detection,
      name: this.#name,
    });
  }
}
