// Places of the page, in the fragment: `#/`, `#/live/NAME`, `#/recordings`, `#/recordings/ID`.

/** The place that a fragment means: `{section, name}`; `name` is null for a section as a whole. */
export function placeOf(fragment) {
  const [section, name] = fragment.replace(/^#\/?/, '').split('/');
  const known = section === 'recordings' ? 'recordings' : 'live';
  try {
    return { section: known, name: name ? decodeURIComponent(name) : null };
  } catch {
    return { section: known, name: null };
  }
}

/** The fragment of a live stream. */
export const liveLink = (name) => `#/live/${encodeURIComponent(name)}`;

/** The fragment of a recording. */
export const recordingLink = (id) => `#/recordings/${encodeURIComponent(id)}`;
