// The event feed: what the store keeps, with what happens now on top. One entry per event, its newest version wins.

import { ask } from "/console/api.js";
import { byId, h, icon } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { fold, plate } from "/console/plate.js";
import { cameraName } from "/console/cameras.js";
import { kindName, kinds, percent, summary } from "/console/modules.js";
import { openEvent } from "/console/event.js";
import { moment } from "/console/time.js";

const PAGE = 40;
const SHOWN_MAX = 300;
export const KINDS = ["camera_lost", "camera_restored", "camera_blind", "camera_degraded", "camera_quality", "system_stopped", "system_resumed", "system_gap", "parking_session", "parking_full", "antipassback", "missed_object", "feedback", "handling"];
export const COMMENTS = new Set(["feedback", "handling"]);
const FRESH_MS = 4000;

const events = new Map();
const thumbnails = new Map();
let cursor = null;
let asked = 0;

export function wanted() {
  return {
    plate: byId("filter-plate").value.trim(),
    camera: byId("filter-camera").value,
    kind: byId("filter-kind").value,
  };
}

function fits(event) {
  const filter = wanted();
  if (COMMENTS.has(event.kind) && filter.kind !== event.kind) return false;
  if (filter.camera && event.camera !== filter.camera) return false;
  if (filter.kind && event.kind !== filter.kind) return false;
  return !filter.plate || fold(event.plate).includes(fold(filter.plate));
}

/** The small picture that came with an event: it is on screen before the store has the photo. */
export function keepThumbnail(event) {
  for (const photo of event.photos) {
    if (photo.thumbnail) thumbnails.set(event.id, `data:image/jpeg;base64,${photo.thumbnail}`);
  }
}

/** Takes in an event, from the stream or from the store; an older version than is shown changes nothing. */
export function take(event, { fresh = false } = {}) {
  keepThumbnail(event);
  const known = events.get(event.id);
  if (known && known.event.version > event.version) return;
  if (known && known.event.version === event.version && !fresh) return;
  if (!fits(event)) return;
  const node = entry(event, fresh && !known);
  if (known) known.node.replaceWith(node);
  else place(node, event);
  events.set(event.id, { event, node });
  if (fresh) trim();
  byId("no-events").hidden = events.size > 0;
}

function place(node, event) {
  node.dataset.at = event.opened_at;
  for (const other of byId("feed").children) {
    if (other.dataset.at < event.opened_at) {
      other.before(node);
      return;
    }
  }
  byId("feed").append(node);
}

function trim() {
  const feed = byId("feed");
  while (feed.children.length > SHOWN_MAX) {
    const last = feed.lastElementChild;
    events.delete(last.dataset.id);
    thumbnails.delete(last.dataset.id);
    last.remove();
  }
}

function entry(event, fresh) {
  const vehicle = event.kind.startsWith("vehicle_");
  const at = moment(event.opened_at);
  const button = h(
    "button",
    { type: "button", class: "event", onclick: () => openEvent(event) },
    crop(event, vehicle),
    h(
      "span",
      { class: "event-body" },
      h(
        "span",
        { class: "event-top" },
        badge(event, 15),
        h("time", { datetime: event.opened_at, title: at.full }, at.short),
      ),
      vehicle
        ? event.plate
          ? plate(event.plate)
          : h("span", { class: "muted" }, t("no_plate"))
        : h("span", { class: "event-text" }, summary(event)),
      h(
        "span",
        { class: "event-end" },
        h("span", {}, cameraName(event.camera)),
        event.label && h("span", {}, named("label", event.label)),
        event.plate && event.listed && h("span", { class: event.severity }, named("list", event.listed)),
        event.plate && h("span", { title: t("details_confidence") }, percent(event.plate_confidence)),
      ),
    ),
  );
  const node = h("li", { class: fresh ? "fresh" : "", "data-id": event.id, "data-at": event.opened_at }, button);
  if (fresh) setTimeout(() => node.classList.remove("fresh"), FRESH_MS);
  return node;
}

/** The kind of an event with its sign: its way, or how much it matters. */
export function badge(event, size) {
  const way = event.severity === "alarm" ? "alarm" : event.direction || (event.severity === "info" && event.function ? "info" : "camera");
  const sign = event.direction || (event.function ? "mark" : "off");
  return h("span", { class: `way way-${way}` }, icon(sign, size), kindName(event.kind));
}

export function crop(event, vehicle) {
  const sign = vehicle ? "vehicle" : event.label === "person" ? "person" : "camera";
  const box = h("span", { class: "crop" }, icon(sign, 26));
  const small = thumbnails.get(event.id);
  if (small) box.replaceChildren(h("img", { src: small, alt: "" }));
  else if (event.photos.length) lazy.observe(Object.assign(box, { photo: event.photos[0].url }));
  return box;
}

// Photos of earlier events are fetched when they come into view.
const lazy = new IntersectionObserver(async (seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    lazy.unobserve(target);
    const { picture } = await import("/console/api.js");
    try {
      const url = await picture(target.photo);
      const image = h("img", { src: url, alt: "" });
      image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
      target.replaceChildren(image);
    } catch {
      // the placeholder stays
    }
  }
});

/** The small picture of an event, or undefined. */
export function thumbnail(event) {
  return thumbnails.get(event.id);
}

/** Reads the first page anew, for the filters that are set. */
export async function reload({ keep = false } = {}) {
  const mine = ++asked;
  if (!keep) {
    events.clear();
    byId("feed").replaceChildren();
  }
  await page("", mine, keep);
}

async function page(after, mine, keep) {
  const query = new URLSearchParams({ limit: PAGE });
  for (const [name, value] of Object.entries(wanted())) if (value) query.set(name, value);
  if (!COMMENTS.has(wanted().kind)) query.set("comments", "false");
  if (after) query.set("cursor", after);
  const away = byId("store-away");
  try {
    const found = await ask(`/api/v1/events?${query}`);
    if (mine !== asked) return;
    for (const event of found.items) take(event);
    if (!keep) cursor = found.next_cursor;
    away.hidden = true;
  } catch (error) {
    if (mine !== asked || error.status === 401) return;
    away.textContent = error.status === 422 ? error.message : t("store_away");
    away.hidden = false;
  }
  byId("older").hidden = !cursor;
  byId("no-events").hidden = events.size > 0;
}

export function redraw() {
  for (const [id, { event, node }] of events) {
    const fresh = entry(event, false);
    node.replaceWith(fresh);
    events.set(id, { event, node: fresh });
  }
  choices();
}

/** Fills the filter lists; what is chosen stays chosen. */
export function choices(cameras = []) {
  const kind = byId("filter-kind");
  const chosen = kind.value;
  kind.replaceChildren(
    h("option", { value: "" }, t("all_kinds")),
    ...[...kinds(), ...KINDS].map((one) => h("option", { value: one, selected: one === chosen }, kindName(one))),
  );
  const camera = byId("filter-camera");
  if (!cameras.length && camera.options.length) camera.options[0].textContent = t("all_cameras");
  else {
    const picked = camera.value;
    camera.replaceChildren(
      h("option", { value: "" }, t("all_cameras")),
      ...cameras.map((one) => h("option", { value: one.id, selected: one.id === picked }, one.name)),
    );
  }
}

export function start() {
  choices();
  let later;
  byId("filter-plate").addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(reload, 250);
  });
  byId("filters").addEventListener("submit", (submit) => submit.preventDefault());
  byId("filter-camera").addEventListener("change", () => reload());
  byId("filter-kind").addEventListener("change", () => reload());
  byId("older").addEventListener("click", () => page(cursor, asked, false));
}
