// What the system did not see: a picture of now is kept, boxes are drawn on it, each becomes an event that models learn from.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { add, named, t } from "/console/i18n.js";
import { ShapeEditor } from "/console/shapes.js";
import { said, status } from "/console/status.js";

add({
  en: {
    missed_title: "What was not seen",
    missed_help: "Draw a box around each thing that the system should have seen. The picture and the boxes go into the data set that models learn from.",
    missed_still: "New picture",
    missed_box: "Add a box",
    missed_send: "Send",
    missed_sent: "Marked. They are among the events, and in the next data set.",
    missed_none: "Nothing is marked yet.",
    missed_note: "Note",
    missed_label: "What it is",
    missed_remove: "Remove the box",
  },
  ru: {
    missed_title: "Что не замечено",
    missed_help: "Обведите рамкой всё, что система должна была заметить. Кадр и рамки попадут в набор данных, на котором учатся модели.",
    missed_still: "Новый кадр",
    missed_box: "Добавить рамку",
    missed_send: "Отправить",
    missed_sent: "Отмечено. Отметки есть среди событий и войдут в следующий набор данных.",
    missed_none: "Пока ничего не отмечено.",
    missed_note: "Примечание",
    missed_label: "Что это",
    missed_remove: "Убрать рамку",
  },
});

const LABELS = ["person", "car", "truck", "bus", "motorcycle", "bicycle", "forklift", "helmet", "vest"];

export async function open(node, { query, signal }) {
  const id = query.get("camera") ?? "";
  const path = `/api/v1/cameras/${encodeURIComponent(id)}`;
  const camera = await ask(path, { signal });
  new MissedPage(node, { path, camera, signal }).begin();
}

class MissedPage {
  constructor(node, given) {
    Object.assign(this, given);
    this.still = null;
    this.label = "person";
    this.editor = new ShapeEditor({ onChange: () => this.#list(), onSelect: () => this.#list() });
    this.words = status();
    this.marks = h("ul", { class: "marks" });
    this.note = h("input", { maxlength: 500 });
    this.send = h("button", { type: "button", class: "primary", disabled: true, onclick: () => this.#send() }, t("missed_send"));
    this.box = h("button", { type: "button", class: "secondary", disabled: true, onclick: () => this.#add() }, t("missed_box"));
    const again = h("button", { type: "button", class: "secondary small", onclick: () => this.begin() }, t("missed_still"));
    node.append(
      h("div", { class: "page-head" }, h("h2", {}, h("a", { href: `#/camera?id=${encodeURIComponent(this.camera.id)}`, class: "crumb" }, this.camera.name), t("missed_title")), again),
      h(
        "div",
        { class: "camera-page" },
        h("div", { class: "stage" }, this.editor.node, h("div", { class: "tools" }, this.box)),
        h("section", { class: "panel side missed-form" }, h("p", { class: "muted" }, t("missed_help")), this.marks, h("label", { class: "stacked" }, h("span", {}, t("missed_note")), this.note), h("div", { class: "form-foot" }, this.words.node, this.send)),
      ),
    );
  }

  async begin() {
    try {
      const still = await ask(`${this.path}/stills`, { method: "POST", signal: this.signal });
      const bytes = Uint8Array.from(atob(still.jpeg), (one) => one.charCodeAt(0));
      if (this.url) URL.revokeObjectURL(this.url);
      this.url = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
      this.editor.background(this.url);
      this.editor.show({ areas: [] });
      this.still = still.id;
      this.box.disabled = false;
      this.words.clear();
      this.#list();
    } catch (error) {
      if (!this.signal.aborted) this.words.bad(said(error));
    }
  }

  #add() {
    this.editor.add("areas");
    this.editor.rename(this.label);
    this.#list();
  }

  #list() {
    const marks = this.editor.shapes.areas;
    this.send.disabled = !this.still || !marks.length;
    this.marks.replaceChildren(...(marks.length ? marks.map((mark, number) => this.#row(mark, number)) : [h("li", { class: "muted" }, t("missed_none"))]));
  }

  #row(mark, number) {
    const choose = (event) => {
      this.label = event.target.value;
      this.editor.select("areas", number);
      this.editor.rename(this.label);
    };
    return h(
      "li",
      {},
      h("select", { "aria-label": `${t("missed_label")} ${number + 1}`, onchange: choose }, LABELS.map((one) => h("option", { value: one, selected: one === mark.id }, named("label", one)))),
      h("button", { type: "button", class: "secondary small", "aria-label": `${t("missed_remove")} ${number + 1}`, onclick: () => { this.editor.select("areas", number); this.editor.remove(); } }, "×"),
    );
  }

  async #send() {
    this.send.disabled = true;
    const objects = this.editor.shapes.areas.map(({ id, box }) => ({ label: id, box }));
    try {
      await ask(`${this.path}/missed`, { method: "POST", body: { still: this.still, objects, note: this.note.value }, signal: this.signal });
      await this.begin();
      this.note.value = "";
      this.words.good(t("missed_sent"));
    } catch (error) {
      if (this.signal.aborted) return;
      this.words.bad(said(error));
      this.send.disabled = false;
    }
  }
}
