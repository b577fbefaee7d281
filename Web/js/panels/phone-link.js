// The panel that makes a phone the camera: an address, and the same as a code to scan.

import { getPhoneLink } from '../api.js';
import { command, h, setAttribute, setText } from '../dom.js';

/** The panel for phones that are to send to the stream `name`. */
export function phoneLinkPanel(app, name) {
  const code = h('img', { class: 'phone-code', alt: 'QR code of the phone page', hidden: true });
  const advice = h('p', { class: 'soft' });
  const address = h('div');
  const details = h(
    'details', { class: 'card phone-link', id: 'phone-link' },
    h('summary', {}, 'Use a phone as camera'), h('div', { class: 'phone-link-body' }, code, advice, address));
  const element = h('section', { 'aria-label': 'Phone as camera' }, details);
  const show = async () => {
    if (!details.open) return;
    try {
      const link = await getPhoneLink(name);
      code.src = `data:image/svg+xml,${encodeURIComponent(link.qr_svg)}`;
      setAttribute(code, 'hidden', link.is_local);
      setText(advice, adviceOn(link));
      address.replaceChildren(command(link.url));
    } catch (error) {
      setText(advice, `The server gives no address: ${error.message}`);
    }
  };
  details.addEventListener('toggle', show);
  return { element, dispose: () => {} };
}

function adviceOn(link) {
  if (link.is_local) return 'Only this machine reaches the server. Start it with --host 0.0.0.0 --tls self-signed for phones.';
  if (!link.gives_camera) return 'Browsers give the camera only to https. Start the server with --tls self-signed.';
  if (link.asks_token) return 'Scan it with the phone, and add a publish token: yours lets you watch only.';
  return 'Scan it with the phone. The browser warns of the certificate once.';
}
