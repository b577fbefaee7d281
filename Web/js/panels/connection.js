// How the server is doing: the mark in the top bar, the banner when it is lost, the line at the foot.

import { localNow } from '../clock.js';
import { h, setAttribute, setText } from '../dom.js';
import { formatSpan } from '../format.js';
import { setToken, token } from '../token.js';

const stateText = { connecting: 'Connecting', online: 'Connected', lost: 'Server lost', unauthorized: 'Sign in' };

/** Keeps mark, banner and foot of the page up to date. */
export function showConnection(app, { mark, banner, foot }) {
  const { link } = app;
  const text = h('span');
  const retry = h('button', { class: 'text-button', type: 'button', on: { click: () => link.check() } }, 'Try now');
  banner.append(text, retry);

  const tick = () => {
    if (link.state !== 'lost') return;
    const seconds = Math.max(0, Math.ceil((link.retryAt - localNow()) / 1000));
    const what = link.refusal === null ? 'The server does not answer.' : `The server refuses: ${link.refusal}.`;
    setText(text, `${what} ${seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…'}`);
  };
  link.addEventListener('state', () => {
    mark.dataset.state = link.state;
    setText(mark.lastElementChild, stateText[link.state]);
    setAttribute(banner, 'hidden', link.state !== 'lost');
    tick();
  });
  link.addEventListener('retry', tick);
  link.addEventListener('update', () => showServer(foot, link.server));
  setInterval(tick, 500);
}

function showServer(foot, server) {
  const signOut = () => {
    setToken(null);
    location.reload();
  };
  foot.replaceChildren(
    h('span', { class: 'host' }, server.hostname ?? location.hostname),
    h('span', { id: 'version' }, `WorldSystem ${server.version}`),
    h('span', { class: 'number' }, `up ${formatSpan(server.uptime_s)}`),
    ...(server.rtsp_port ? [h('span', { class: 'number' }, `RTSP port ${server.rtsp_port}`)] : []),
    ...(token() ? [h('button', { class: 'text-button', type: 'button', on: { click: signOut } }, 'Sign out')] : []));
}
