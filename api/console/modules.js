// The functions that are installed: the names of their kinds of events, and how an event of any kind is summed up.

import { ask } from "/console/api.js";
import { current, named, t } from "/console/i18n.js";
import { duration } from "/console/time.js";
import "/console/texts/causes.js";

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

/** Why, in the reader's language; a cause that has no words of ours (a reason that somebody wrote) as it stands. */
export function causeName(cause) {
  return named("cause", cause);
}

export function percent(ratio) {
  return `${Math.round(ratio * 100)} %`;
}

const SHARES = new Set(["plates_unreadable", "alarms_false", "confidence_low"]);

/** What got worse at a camera, with what is usual there. */
function quality(event) {
  const told = (number = 0) => (SHARES.has(event.label) ? percent(number) : String(Math.round(number)));
  const { value, usual, of } = event.items;
  const words = t(`quality_${event.label}`).replace("{value}", told(value)).replace("{usual}", told(usual)).replace("{of}", String(Math.round(of ?? 0)));
  return [words, event.cause && causeName(event.cause)].filter(Boolean).join(" · ");
}

/** What an event says in words: of a camera itself by its cause, else its text. */
function words(event) {
  if (event.kind.startsWith("camera_") && event.cause) return causeName(event.cause);
  return event.text || event.cause.replaceAll("_", " ");
}

/** What happened, in a few words: who, which equipment is missing, how long or how many. */
export function summary(event) {
  if (event.kind === "camera_quality") return quality(event);
  const parts = [words(event)];
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
