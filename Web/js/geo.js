// Places on Earth as metres around a place nearby.

const radius = 6_378_137;
const flattening = 1 / 298.257223563;
const squaredEccentricity = flattening * (2 - flattening);
const radians = Math.PI / 180;

/** Metres east and north of `origin`, by the curvature of WGS 84 there; good within some ten kilometres. */
export function metresFrom(origin, { latitude, longitude }) {
  const sine = Math.sin(origin.latitude * radians);
  const root = Math.sqrt(1 - squaredEccentricity * sine * sine);
  const meridian = (radius * (1 - squaredEccentricity)) / (root * root * root);
  const turn = ((longitude - origin.longitude + 540) % 360) - 180;
  return [
    turn * radians * (radius / root) * Math.cos(origin.latitude * radians),
    (latitude - origin.latitude) * radians * meridian,
  ];
}

/** A place of a message: `{latitude, longitude, altitude, accuracy, heading}`; null when there is none. */
export function placeOf(source) {
  if (!source) return null;
  const { latitude, longitude, altitude = null, accuracy = null, heading = null } = source;
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return null;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return { latitude, longitude, altitude, accuracy: accuracy >= 0 ? accuracy : null, heading: heading >= 0 ? heading : null };
}

/** The longest of 1, 2, 5 times a power of ten metres that is not longer than `metres`. */
export function scaleBar(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  return [5, 2, 1].find((factor) => factor * power <= metres) * power;
}
