// Parts of the page that come after the first picture, also when the server was away as they were wanted.

import { Backoff } from './backoff.js';

/**
 * What `load` imports, or null when `signal` ended it. To every browser a module that cannot be fetched is a TypeError;
 * it is asked for again.
 */
export async function loadModules(load, signal, backoff = new Backoff({ longest: 5000 })) {
  while (!signal.aborted) {
    try {
      const loaded = await load();
      return signal.aborted ? null : loaded;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, backoff.next());
    });
  }
  return null;
}
