// Alerts above the picture.

import { alertsOf } from '../alerts.js';
import { h, icon, reconcile, setAttribute, setText } from '../dom.js';

const shownAtMost = 4;

/**
 * The list of alerts; `update` takes the facts of `alertsOf`. Alerts are announced once, can be put away, and come back
 * only after what they are about was over.
 */
export function alertsPanel() {
  const list = h('ul', { class: 'alerts', id: 'alerts', role: 'log', 'aria-live': 'polite', 'aria-label': 'Alerts' });
  const dismissed = new Set();
  let shown = [];
  const show = () => {
    const visible = shown.filter((alert) => !dismissed.has(alert.key)).slice(0, shownAtMost);
    reconcile(list, visible, (alert) => alert.key, create, (row, alert) => {
      setAttribute(row, 'data-level', alert.level);
      setText(row.children[1], alert.text);
    });
  };
  const create = (alert) => {
    const close = h(
      'button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', on: { click: () => {
        dismissed.add(alert.key);
        show();
      } } }, icon('close'));
    return h('li', { class: 'alert' }, icon('alert'), h('span'), close);
  };
  const update = (facts) => {
    shown = alertsOf(facts);
    for (const key of dismissed) {
      if (!shown.some((alert) => alert.key === key)) dismissed.delete(key);
    }
    show();
  };
  return { element: list, update };
}
