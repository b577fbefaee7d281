// How the server is doing: the mark in the top bar, the banner when it is lost, the line at the foot.

import { localNow } from '../clock.js';
import { h, setAttribute, setText } from '../dom.js';
import { formatSpan } from '../format.js';
import { setToken, token } from '../token.js';

const stateText = { connecting: 'Connecting', online: 'Connected', lost: 'Server lost', unauthorized: 'Sign in' };

/** Keeps mark, banner and foot of the page up to date. */
export function showConnection(app, { mark, banner, foot }) {
  const { link } = app;
  // The countdown is not announced: it would be, every second.
  const [text, countdown] = [h('span'), h('span', { 'aria-hidden': 'true' })];
  const showServer = serverLine(foot);
  const retry = h('button', { class: 'text-button', type: 'button', on: { click: () => link.check() } }, 'Try now');
  banner.append(text, countdown, retry);

  const tick = () => {
    if (link.state !== 'lost') return;
    const seconds = Math.max(0, Math.ceil((link.retryAt - localNow()) / 1000));
    const what = link.refusal === null ? 'The server does not answer.' : `The server refuses: ${link.refusal}.`;
    setText(text, what);
    setText(countdown, seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…');
  };
  link.addEventListener('state', () => {
    mark.dataset.state = link.state;
    document.body.dataset.link = link.state;
    setText(mark.lastElementChild, stateText[link.state]);
    setAttribute(banner, 'hidden', link.state !== 'lost');
    tick();
  });
  link.addEventListener('retry', tick);
  link.addEventListener('update', () => {
    setAttribute(foot, 'hidden', false);
    showServer(link.server);
  });
  setInterval(tick, 500);
}

/** The line at the foot of the page; returns what brings it up to date. */
function serverLine(foot) {
  const signOut = () => {
    setToken(null);
    location.reload();
  };
  const host = h('span', { class: 'host' });
  const version = h('span', { id: 'version' });
  const uptime = h('span', { class: 'number' });
  const rtsp = h('span', { class: 'number' });
  const leave = h('button', { class: 'text-button', type: 'button', on: { click: signOut } }, 'Sign out');
  foot.append(host, version, uptime, rtsp, leave);
  return (server) => {
    setText(host, server.hostname ?? location.hostname);
    setText(version, `WorldSystem ${server.version}`);
    setText(uptime, `up ${formatSpan(server.uptime_s)}`);
    setText(rtsp, server.rtsp_port ? `RTSP port ${server.rtsp_port}` : '');
    setAttribute(leave, 'hidden', token() === null);
  };
}
