// How many points are drawn while a view moves, so that graphics of any speed keep up with the screen.

const fewest = 10_000;
// A frame at 60 a second has 16.7 ms; some of them are the page's.
const longestMillis = 14;
const wantedMillis = 10;
// So many frames in a row have to be slow, or quick, before that counts.
const slowFrames = 2;
const quickFrames = 20;

/** Learns from how long the graphics take. */
export class PointBudget {
  #slow = 0;
  #quick = 0;

  /** @param limit points that are drawn at most; to begin with, so many */
  constructor(limit) {
    this.limit = limit;
    this.count = limit;
  }

  /** The graphics took `millis` for a frame with `drawn` points. */
  took(millis, drawn) {
    this.#slow = millis > longestMillis ? this.#slow + 1 : 0;
    this.#quick = millis < wantedMillis && drawn >= this.count ? this.#quick + 1 : 0;
    if (this.#slow >= slowFrames) {
      this.#slow = 0;
      const share = Math.max(0.25, wantedMillis / millis);
      this.count = Math.max(fewest, Math.min(this.count, Math.floor(share * drawn)));
    } else if (this.#quick >= quickFrames) {
      this.#quick = 0;
      this.count = Math.min(this.limit, Math.ceil(1.2 * this.count));
    }
  }
}

/**
 * An order of `count` things, any first part of which is spread evenly over all: multiples of a share of the golden
 * ratio that has no divisor in common with their number.
 *
 * @returns which comes at a place
 */
export function spreadOrder(count) {
  const divisor = (a, b) => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.round(count * 0.618034));
  while (count > 1 && divisor(step, count) !== 1) step += 1;
  return (place) => (place * step) % Math.max(1, count);
}
