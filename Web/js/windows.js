// Measures over the last moments. Times are milliseconds of `performance.now()`.

const windowMillis = 2000;
const maxSamples = 512;

class SlidingWindow {
  samples = [];

  add(value, now) {
    this.samples.push({ value, now });
    if (this.samples.length > maxSamples) this.samples.shift();
  }

  clear() {
    this.samples = [];
  }

  recent(now) {
    while (this.samples.length > 0 && now - this.samples[0].now > windowMillis) this.samples.shift();
    return this.samples;
  }
}

/** A sum per second. */
export class Rate extends SlidingWindow {
  /** The rate over the window; null before there are two samples. */
  perSecond(now) {
    const recent = this.recent(now);
    if (recent.length < 2) return null;
    // The first sample opens the span, so what it counted lies before it.
    const span = recent.at(-1).now - recent[0].now;
    const sum = recent.slice(1).reduce((total, sample) => total + sample.value, 0);
    return span > 0 ? (sum * 1000) / span : null;
  }
}

/** A median. */
export class Median extends SlidingWindow {
  /** The median over the window; null when it is empty. */
  value(now) {
    const values = this.recent(now).map((sample) => sample.value).toSorted((left, right) => left - right);
    return values.length > 0 ? values[values.length >> 1] : null;
  }
}
