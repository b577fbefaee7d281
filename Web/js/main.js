// Puts the page together. A view fills the main area for one place; it is a function `(app, name)` that returns
// `{element, title, dispose}`, and is made of panels of the same shape. A new part of the page is a module in panels/
// and a line in `views`, or in the view it belongs to.

import { setAttribute } from './dom.js';
import { showConnection } from './panels/connection.js';
import { liveView } from './panels/live.js';
import { recordingView } from './panels/recording.js';
import { recordingsView } from './panels/recordings.js';
import { bindSignIn } from './panels/sign-in.js';
import { conditionOf } from './panels/streams.js';
import { placeOf } from './router.js';
import { ServerLink } from './server-link.js';
import { bindThemeToggle } from './theme.js';
import { adoptToken } from './token.js';

const defaultStream = 'drone';
const views = {
  live: (app, name) => liveView(app, name ?? preferredStream(app.link.streams)),
  recordings: (app, name) => (name ? recordingView(app, name) : recordingsView(app)),
};

const app = { link: new ServerLink() };
const main = document.getElementById('main');
let shown = null;

function show() {
  const place = placeOf(location.hash);
  shown?.dispose();
  shown = views[place.section](app, place.name);
  main.replaceChildren(shown.element);
  document.title = `${shown.title} – WorldSystem`;
  for (const tab of document.querySelectorAll('.tab')) {
    setAttribute(tab, 'aria-current', tab.dataset.section === place.section ? 'page' : null);
  }
}

/** The stream to show when none is named: the default one, unless only others are live. */
function preferredStream(streams) {
  const live = streams.filter((stream) => conditionOf(stream) === 'live').map((stream) => stream.name);
  return live.length === 0 || live.includes(defaultStream) ? defaultStream : live.toSorted()[0];
}

function follow() {
  if (adoptToken()) app.link.check();
  else if (shown) {
    show();
    scrollTo(0, 0);
  }
}

adoptToken();
bindThemeToggle(document.getElementById('theme-toggle'));
bindSignIn(app, document.getElementById('sign-in'));
showConnection(app, {
  mark: document.getElementById('link-state'),
  banner: document.getElementById('banner'),
  foot: document.getElementById('server-line'),
});
document.querySelector('.skip-link').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', follow);
addEventListener('online', () => app.link.check());
// The first view waits for the list of streams, so that it shows one that is live.
app.link.addEventListener('state', () => {
  if (!shown && app.link.state !== 'unauthorized') show();
});
app.link.check();
