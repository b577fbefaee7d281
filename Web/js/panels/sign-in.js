// Asks for the access token when the server wants one.

import { h, setText } from '../dom.js';
import { setToken, token } from '../token.js';

/** Opens `dialog` whenever the server refuses the token at hand. */
export function bindSignIn(app, dialog) {
  const input = h('input', {
    type: 'password', name: 'token', autocomplete: 'current-password', required: true, spellcheck: 'false',
    'aria-describedby': 'sign-in-error',
  });
  const problem = h('p', { class: 'field-error', id: 'sign-in-error', role: 'alert' });
  const form = h(
    'form', { method: 'dialog' },
    h('h2', { id: 'sign-in-title' }, 'This server needs a token'),
    h('p', { class: 'soft' }, 'It printed the view token when it started.'),
    h('label', { class: 'field' }, 'Token', input), problem,
    h('button', { class: 'button primary', type: 'submit' }, 'Watch'));
  dialog.append(form);
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setToken(input.value.trim());
    input.select();
    app.link.check();
  });
  app.link.addEventListener('refused', () => {
    setText(problem, token() ? `Not with this token: ${app.link.refusal}.` : '');
    if (!dialog.open) dialog.showModal();
  });
  app.link.addEventListener('state', () => {
    if (app.link.state === 'online') dialog.close();
  });
}
