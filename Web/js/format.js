// Numbers and times as people read them.

const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** Bytes in decimal units: 0 B, 12 kB, 3.4 MB. */
export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit]}`;
}

/** Seconds as 0:07, 12:34 or 1:02:03. */
export function formatLength(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Seconds as one or two words of time: 42 s, 12 min, 3 h 5 min, 2 d 4 h. */
export function formatSpan(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A point in time, with as much of the date as is needed: Today, 17:42; 21 Nov, 09:15; 3 Jan 2025, 10:00. */
export function formatDate(date) {
  if (!date) return '–';
  const now = new Date();
  const isToday = date.toDateString() === now.toDateString();
  const isThisYear = date.getFullYear() === now.getFullYear();
  const dayText = isToday ? 'Today' : (isThisYear ? day : dayAndYear).format(date);
  return `${dayText}, ${timeOnly.format(date)}`;
}

/** A time of the server's JSON (seconds since 1970, or ISO 8601) as a Date; null when there is none. */
export function parseTime(value) {
  if (value === null || value === undefined) return null;
  const date = new Date(typeof value === 'number' ? value * 1000 : value);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** "1 viewer", "3 viewers". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
