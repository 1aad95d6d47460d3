// Times as people read them, in the language that is chosen and the place where they sit.

import { current } from "/console/i18n.js";

const formats = new Map();

function format(options) {
  const key = `${current()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(current() === "ru" ? "ru-RU" : "en-GB", options));
  return formats.get(key);
}

export function moment(text) {
  const at = new Date(text);
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const today = at.toDateString() === new Date().toDateString();
  return {
    short: format(today ? clock : { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" }).format(at),
    day: format({ dateStyle: "medium" }).format(at),
    full: format({ dateStyle: "long", timeStyle: "medium" }).format(at),
  };
}

/** Seconds as 6 h 12 min, 3 min 20 s or 8 s. */
export function duration(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds) % 60];
  const [h, min, s] = current() === "ru" ? ["ч", "мин", "с"] : ["h", "min", "s"];
  if (hours) return `${hours} ${h} ${minutes} ${min}`;
  return minutes ? `${minutes} ${min} ${rest} ${s}` : `${rest} ${s}`;
}
