// One event in full: the photo, and the evidence behind it.

import { ask, picture } from "/console/api.js";
import { cameraName } from "/console/cameras.js";
import { byId, h, icon } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { badge, thumbnail } from "/console/feed.js";
import { amount, causeName, percent, summary } from "/console/modules.js";
import { plate } from "/console/plate.js";
import { who } from "/console/signin.js";
import { moment } from "/console/time.js";

function row(key, ...value) {
  const shown = value.flat().filter((part) => part !== null && part !== "" && part !== false && part !== undefined);
  return shown.length ? [h("dt", {}, t(key)), h("dd", {}, shown)] : [];
}

function models(event) {
  return event.models.map((model) =>
    h(
      "span",
      { class: "model" },
      h("b", {}, model.name),
      model.version && ` v${model.version}`,
      model.sha256 && h("code", { title: model.sha256 }, model.sha256.slice(0, 10)),
      model.starter && h("span", { class: "starter", title: t("starter_text") }, t("starter")),
    ),
  );
}

/** What is known of an event, and the evidence behind it. */
export function facts(event) {
  const vehicle = event.kind.startsWith("vehicle_");
  const measured = event.kind === "camera_quality"; // its label, value and items are figures: the summary says them
  return [
    h(
      "dl",
      {},
      row("details_time", moment(event.opened_at).full),
      event.closed_at && !vehicle && row("details_span", moment(event.closed_at).full),
      row("details_camera", cameraName(event.camera)),
      row("details_rule", event.rule),
      event.label && !measured && row("details_label", `${named("label", event.label)}, ${percent(event.confidence)}`),
      event.plate && row("details_plate", `${percent(event.plate_confidence)} · ${t("details_reads")}: ${event.plate_reads}`),
      row("details_person", event.person, event.person && ` ${percent(event.person_confidence)}`),
      row("listed", event.listed && named("list", event.listed)),
      row("details_region", event.plate_region.toUpperCase()),
      row("missing", event.missing.map((item) => named("item", item)).join(", ")),
      !measured && row("details_items", Object.entries(event.items).map(([item, worn]) => `${named("item", item)} ${percent(worn)}`).join(", ")),
      event.value !== null && !measured && row("details_value", amount(event)),
      row("details_cause", causeName(event.cause), event.kind.startsWith("camera_") && event.text && ` (${event.text})`),
    ),
    h("h3", {}, t("evidence")),
    h(
      "dl",
      { class: "fine" },
      row("details_models", models(event)),
      event.settings_revision > 0 && row("details_settings", String(event.settings_revision)),
      event.frame_seq > 0 && row("details_frame", `${event.epoch} / ${event.frame_seq}`),
      row("details_track", event.track),
      row("details_id", h("code", {}, event.id), ` ${t("details_version")} ${event.version}, ${t(event.final ? "details_final" : "details_open")}`),
    ),
  ];
}

/** What people do about an event; what they said before stands with the event itself. */
async function judge(event, node) {
  if (who?.role === "viewer") return;
  const { Acts } = await import("/console/acts.js");
  const said = await ask(`/api/v1/events/${encodeURIComponent(event.id)}`).catch(() => event);
  const acts = new Acts(said);
  node.replaceChildren(acts.buttons, acts.state, acts.why, acts.said);
}

/** Opens an event over whatever is shown: its photos, its evidence, and what people do about it. */
export function openEvent(event) {
  const dialog = byId("event-dialog");
  const vehicle = event.kind.startsWith("vehicle_");
  const image = h("img", { alt: t("photo_alt"), src: thumbnail(event) });
  const acts = h("div", { class: "event-acts" });
  const views = event.photos.map((photo, number) =>
    h("button", { type: "button", class: "tab", "aria-label": `${t("photo_alt")} ${number + 1}`, onclick: () => show(photo) }, String(number + 1)),
  );
  let shown;
  async function show(photo) {
    try {
      const url = await picture(photo.url);
      if (shown) URL.revokeObjectURL(shown);
      shown = url;
      image.src = url;
    } catch {
      // the small picture stays
    }
  }
  dialog.replaceChildren(
    h(
      "header",
      { class: "dialog-head" },
      h(
        "h2",
        { id: "event-dialog-title" },
        badge(event, 20),
      ),
      h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close")),
    ),
    h(
      "div",
      { class: "event-sheet" },
      acts,
      event.photos.length > 0 && h("figure", { class: "photo" }, image, views.length > 1 && h("figcaption", {}, views)),
      h(
        "div",
        { class: "facts" },
        event.plate ? h("div", { class: "big-plate" }, plate(event.plate)) : vehicle && h("p", { class: "muted" }, t("no_plate")),
        (event.text || !vehicle) && h("p", {}, event.text || summary(event)),
        facts(event),
      ),
    ),
  );
  dialog.onclose = () => shown && URL.revokeObjectURL(shown);
  dialog.showModal();
  if (event.photos.length) show(event.photos[0]);
  judge(event, acts);
}
