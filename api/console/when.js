// Times in forms: an RFC 3339 text of the server as the value of a `datetime-local` input, and back, by the clock of whoever sits here.

import { h } from "/console/dom.js";

const two = (number) => String(number).padStart(2, "0");

export function local(text) {
  if (!text) return "";
  const at = new Date(text);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function whenInput(name, text, more) {
  return h("input", { type: "datetime-local", name, value: local(text), ...more });
}

/** What stands in the input as RFC 3339; null = nothing. What nobody changed is given back as it was, seconds and all. */
export function whenValue(input, before) {
  if (!input.value) return null;
  return input.value === local(before) ? before : new Date(input.value).toISOString();
}
