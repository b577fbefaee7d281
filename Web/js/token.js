// The access token: taken from `#token=…` or `?token=…` once, kept for the tab, never left in the address bar.

const storageKey = 'worldsystem-token';
let current = null;

/** The token, or null. */
export function token() {
  return current;
}

/** Keeps a token for this tab; null forgets it. */
export function setToken(value) {
  current = value || null;
  try {
    if (current) sessionStorage.setItem(storageKey, current);
    else sessionStorage.removeItem(storageKey);
  } catch {
    // Storage is off: the token lives as long as the page.
  }
}

/** Takes a token out of the address, if there is one, and remembers the tab's. Returns whether the address had one. */
export function adoptToken() {
  try {
    current ??= sessionStorage.getItem(storageKey);
  } catch {
    // Storage is off: there is nothing to remember.
  }
  const address = new URL(location.href);
  const inFragment = /^#token=(.+)$/.exec(address.hash);
  const given = inFragment ? decodeURIComponent(inFragment[1]) : address.searchParams.get('token');
  if (!given) return false;
  setToken(given);
  if (inFragment) address.hash = '';
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
  return true;
}

/** `path` with the token in its query, for what cannot send a header: media elements, downloads, WebSockets. */
export function withToken(path) {
  if (!current) return path;
  return `${path}${path.includes('?') ? '&' : '?'}token=${encodeURIComponent(current)}`;
}
