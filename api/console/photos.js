// The face of a person: photos taken in with their marks or refused in words, and what the person is known by.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { said } from "/console/status.js";
import { moment } from "/console/time.js";

const GOOD = 0.6;
const FAIR = 0.3;

function mark(key, value) {
  const level = value >= GOOD ? "good" : value >= FAIR ? "fair" : "poor";
  const meter = h("meter", { min: 0, max: 1, low: FAIR, high: GOOD, optimum: 1, value, "aria-label": t(key) });
  return h("span", { class: `mark ${level}` }, h("span", {}, t(key)), meter, h("b", {}, value.toFixed(2)));
}

export function photoPanel(person) {
  const path = `/api/v1/people/${person.id}/photos`;
  const input = h("input", { type: "file", accept: "image/jpeg,image/png", multiple: true, id: "person-photo", class: "unseen" });
  const told = h("ul", { class: "photo-told", "aria-live": "polite" });
  const samples = h("ul", { class: "samples" });

  async function list() {
    try {
      const { items } = await ask(path);
      samples.replaceChildren(...(items.length ? items.map(sample) : [h("li", { class: "muted" }, t("person_photo_none"))]));
    } catch (error) {
      samples.replaceChildren(h("li", { class: "fault" }, said(error)));
    }
  }

  function sample(one) {
    const drop = h("button", { type: "button", class: "link", "aria-label": t("person_photo_remove"), onclick: async () => {
      if (!window.confirm(t("person_photo_remove_sure"))) return;
      await ask(`${path}/${one.id}`, { method: "DELETE" }).catch((error) => told.append(h("li", { class: "fault" }, said(error))));
      list();
    } }, t("remove"));
    return h(
      "li",
      {},
      h("span", {}, t("person_sample"), " ", h("span", { class: "muted" }, moment(one.made_at).short)),
      one.negative ? h("span", { class: "chip warn" }, t("person_negative")) : mark("person_quality", one.quality),
      one.usable === false && h("span", { class: "chip bad" }, t("person_unusable")),
      drop,
    );
  }

  async function take(file) {
    const line = h("li", { class: "muted" }, `${file.name}: ${t("person_photo_busy")}`);
    const shown = URL.createObjectURL(file);
    const small = h("img", { src: shown, alt: "", class: "photo-small" });
    small.addEventListener("load", () => URL.revokeObjectURL(shown));
    told.prepend(line);
    try {
      const made = await ask(path, { method: "POST", file });
      line.className = "taken";
      line.replaceChildren(
        small,
        h(
          "div",
          {},
          h("p", {}, h("b", {}, file.name), " ", h("span", { class: "good" }, t("person_photo_taken"))),
          h("div", { class: "marks" }, mark("person_quality", made.quality), mark("person_size", made.size), mark("person_sharpness", made.sharpness), mark("person_pose", made.pose)),
          made.unlike_before && h("p", { class: "warn-text" }, t("person_unlike")),
          made.alike && h("p", { class: "warn-text" }, `${t("person_alike")} ${made.alike.name || made.alike.person} (${made.alike.similarity.toFixed(2)})`),
        ),
      );
      await list();
    } catch (error) {
      line.className = "refused";
      line.replaceChildren(small, h("div", {}, h("p", {}, h("b", {}, file.name)), h("p", { class: "fault" }, said(error))));
    }
  }

  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    for (const file of files) await take(file);
  });
  list();
  return h(
    "section",
    { class: "panel" },
    h("div", { class: "row-head" }, h("h3", {}, t("person_photos")), h("span", { class: "file-button" }, input, h("label", { class: "secondary small", for: "person-photo" }, t("person_photo_add")))),
    h("p", { class: "muted fine" }, t("person_photos_text")),
    told,
    samples,
  );
}
