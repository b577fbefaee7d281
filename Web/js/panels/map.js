// The panel with the map; it comes with the first fix.

import { placeOf } from '../geo.js';
import { h, setAttribute } from '../dom.js';
import { MapView } from '../map-view.js';

/** The panel with the messages of `feed` (a `ViewerFeed`). */
export function mapPanel(feed) {
  const view = new MapView();
  const element = h(
    'section', { class: 'card panel', 'aria-labelledby': 'map-title', id: 'map', hidden: true },
    h('div', { class: 'panel-head' }, h('h2', { id: 'map-title' }, 'Map')), view.element);
  const listening = new AbortController();
  const listen = (type, find) => feed.addEventListener(type, (event) => {
    const place = find(event.detail);
    if (!place) return;
    setAttribute(element, 'hidden', false);
    view.add(place);
  }, { signal: listening.signal });
  listen('imu_data', (message) => placeOf(message.imu_data?.gps));
  listen('phone_message', (message) => placeOf(message.message?.gps));
  listen('phone', (message) => (message.event === 'connected' ? placeOf(message.gps) : null));
  feed.addEventListener('world_objects', (event) => view.setObjects(event.detail.objects ?? []), { signal: listening.signal });
  return {
    element, view,
    dispose: () => {
      listening.abort();
      view.dispose();
    },
  };
}
