// The panel with the scene in three dimensions, live.

import { getMap, getPath } from '../api.js';
import { h, setText } from '../dom.js';
import { parsePly } from '../scene/ply.js';
import { poseOf } from '../scene/path.js';
import { pointLimit } from '../scene/renderer.js';
import { SceneView } from '../scene/scene-view.js';

// A map is fetched again at most so often, and more seldom where fetching takes long.
const shortestMillis = 2000;
const patience = 8;

/** The panel for the stream `name` with the messages of `feed` (a `ViewerFeed`). */
export function scenePanel(app, name, feed) {
  const facts = h('span', { class: 'soft number', id: 'scene-facts' });
  const view = new SceneView();
  const element = h(
    'section', { class: 'card panel', 'aria-labelledby': 'scene-title', id: 'scene' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'scene-title' }, 'Scene'), facts), view.element);
  const map = new MapLoader(name, (points) => {
    view.setPoints(points);
    showFacts();
  });
  const showFacts = () => {
    const { steps } = view.path;
    const keys = steps.filter((step) => step.isKey).length;
    const parts = [
      map.total ? `${map.total.toLocaleString()} points` : null, keys ? `${keys} key frames` : null,
      steps.length ? `${lengthOf(steps).toFixed(0)} ${view.lengthUnit} of path` : null,
    ];
    setText(facts, parts.filter(Boolean).join(' · '));
  };
  view.lengthUnit = 'm';
  const listening = new AbortController();
  const listen = (type, listener) =>
    feed.addEventListener(type, (event) => listener(event.detail), { signal: listening.signal });
  listen('trajectory_update', (message) => {
    const pose = poseOf(message);
    if (!pose) return;
    // The path first: in another unit it begins anew, and what was shown is not to be turned.
    view.path.add(pose);
    view.isUpright = pose.isMetric;
    view.lengthUnit = pose.isMetric ? 'm' : 'units';
    view.update();
  });
  listen('map', () => map.wanted());
  listen('world_objects', (message) => view.setObjects(message.objects ?? []));
  listen('restart', () => {
    view.path.clear();
    view.update();
  });
  const timer = setInterval(showFacts, 1000);
  catchUp(name, view);
  map.wanted();
  return {
    element, view,
    dispose: () => {
      listening.abort();
      clearInterval(timer);
      map.stop();
      view.dispose();
    },
  };
}

/** What happened before this page looked. */
async function catchUp(name, view) {
  try {
    const { steps, map } = await getPath(name);
    view.path.prepend(
      steps.map(([time, x, y, z, isKey]) => ({ time, position: [x, y, z], isKey: isKey === 1 })), map);
    view.update();
  } catch {
    // The way then begins now.
  }
}

function lengthOf(steps) {
  let length = 0;
  for (let at = 1; at < steps.length; at += 1) {
    const [from, to] = [steps[at - 1].position, steps[at].position];
    length += Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
  }
  return length;
}

/** Fetches the newest map, never two at once: what comes meanwhile is overtaken by the newest. */
class MapLoader {
  total = 0;

  #name;
  #show;
  #tag = null;
  #isWanted = false;
  #isLoading = false;
  #isStopped = false;
  #timer = 0;

  constructor(name, show) {
    this.#name = name;
    this.#show = show;
  }

  wanted() {
    this.#isWanted = true;
    this.#load();
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #load() {
    if (this.#isLoading || this.#isStopped || !this.#isWanted || document.hidden) return;
    this.#isLoading = true;
    this.#isWanted = false;
    const begun = performance.now();
    try {
      const map = await getMap(this.#name, this.#tag);
      if (map && !this.#isStopped) {
        this.#tag = map.tag;
        const points = parsePly(map.bytes, pointLimit);
        this.total = points.total;
        this.#show(points);
      }
    } catch {
      // The next one may be whole.
    }
    const wait = Math.max(shortestMillis, (performance.now() - begun) * patience);
    this.#timer = setTimeout(() => {
      this.#isLoading = false;
      this.#load();
    }, wait);
  }
}
