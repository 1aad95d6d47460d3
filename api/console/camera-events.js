// The newest events of one camera, beside its picture: whoever sets a rule up sees at once what comes of it.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { openEvent } from "/console/event.js";
import { COMMENTS, badge, crop, keepThumbnail } from "/console/feed.js";
import { t } from "/console/i18n.js";
import { summary } from "/console/modules.js";
import { plate } from "/console/plate.js";
import { moment } from "/console/time.js";

const SHOWN = 4;

function entry(event) {
  const vehicle = event.kind.startsWith("vehicle_");
  const what = event.plate ? plate(event.plate) : h("span", { class: "event-text" }, vehicle ? t("no_plate") : summary(event));
  const button = h("button", { type: "button", class: "event", onclick: () => openEvent(event) }, crop(event, vehicle), h("span", { class: "event-body" }, h("span", { class: "event-top" }, badge(event, 15), h("time", { datetime: event.opened_at }, moment(event.opened_at).short)), what));
  return h("li", { "data-id": event.id }, button);
}

/** A panel that follows the events of a camera until the signal; `page` hears them as they happen. */
export function cameraEvents({ camera, page, signal }) {
  const list = h("ol", { class: "camera-events", "aria-live": "polite" });
  const none = h("p", { class: "muted" }, t("camera_events_none"));
  const found = new Map();
  const draw = () => {
    const newest = [...found.values()].sort((one, other) => (one.opened_at < other.opened_at ? 1 : -1)).slice(0, SHOWN);
    found.clear();
    for (const event of newest) found.set(event.id, event);
    list.replaceChildren(...newest.map(entry));
    none.hidden = newest.length > 0;
  };
  const take = (event) => {
    if (event.camera !== camera || COMMENTS.has(event.kind) || (found.get(event.id)?.version ?? 0) >= event.version) return;
    keepThumbnail(event);
    found.set(event.id, event);
  };
  const asked = new URLSearchParams({ camera, comments: "false", limit: SHOWN });
  ask(`/api/v1/events?${asked}`, { signal }).then(({ items }) => {
    items.forEach(take);
    draw();
  }, () => {});
  page.addEventListener("zool-event", ({ detail }) => {
    take(detail);
    draw();
  }, { signal });
  return h("section", { class: "panel camera-events-panel" }, h("div", { class: "section-head" }, h("h3", {}, t("events")), h("a", { href: `#/events?camera=${encodeURIComponent(camera)}` }, t("camera_events_all"))), none, list);
}
