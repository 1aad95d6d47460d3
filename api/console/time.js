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
    full: format({ dateStyle: "long", timeStyle: "medium" }).format(at),
  };
}
