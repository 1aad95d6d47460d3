// The functions that are installed: the names of their kinds of events, and how an event of any kind is summed up.

import { ask } from "/console/api.js";
import { current, named, t } from "/console/i18n.js";
import { duration } from "/console/time.js";

const titles = new Map();
const SECONDS = new Set(["intrusion", "loitering", "presence", "parking_session", "ppe_violation", "ppe_visit", "object_detected"]);

/** Learns the kinds of every installed function; without an answer kinds are shown by their plain names. */
export async function learn() {
  try {
    for (const module of (await ask("/api/v1/functions")).items) {
      for (const kind of module.kinds) titles.set(kind.name, kind.title);
    }
  } catch (error) {
    if (error.status === 401) throw error;
  }
}

export function kinds() {
  return [...titles.keys()];
}

export function kindName(kind) {
  return titles.get(kind)?.[current()] ?? named("kind", kind);
}

/** What happened, in a few words: who, which equipment is missing, how long or how many. */
export function summary(event) {
  const parts = [event.text || event.cause.replaceAll("_", " ")];
  if (event.person) parts.push(event.person);
  if (event.listed) parts.push(`${t("listed")}: ${named("list", event.listed)}`);
  if (event.missing.length) parts.push(`${t("missing")}: ${event.missing.map((item) => named("item", item)).join(", ")}`);
  if (event.value !== null && event.value !== undefined) parts.push(amount(event));
  return parts.filter(Boolean).join(" · ");
}

export function amount(event) {
  return SECONDS.has(event.kind) ? duration(event.value) : String(Math.round(event.value * 100) / 100);
}

/** Whether a camera that stands so gives pictures. */
export function seen(phase) {
  return phase === "live" || phase === "degraded" || phase === "maintenance";
}
