// A form made of what the server says of a function's settings. A setting that nobody touched stays inherited: `written()`
// holds only what stands here by its own right, and each row says where its value comes from.
//
//   const form = new SettingsForm({ module, written, inherited, regionName, zones, onChange });
//   panel.append(form.node);   await ask(path, { method: "PUT", body: { settings: form.written() } });
//
// `inherited`: setting → { value, source, region }. `zones()` gives the ids of the zones that are drawn beside the form.

import "/console/texts/setup.js";
import { h } from "/console/dom.js";
import { current, named, t } from "/console/i18n.js";
import * as controls from "/console/controls.js";

const DRAWN = new Set(["lines", "zones", "areas"]);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
let count = 0;

export class SettingsForm {
  constructor({ module, written, inherited, regionName = (id) => id, zones = () => [], onChange = () => {} }) {
    const known = new Set(module.fields.map((field) => field.name));
    this.module = module;
    this.inherited = inherited;
    this.own = Object.fromEntries(Object.entries(written).filter(([name]) => known.has(name)));
    this.regionName = regionName;
    this.zones = zones;
    this.changed = onChange;
    this.rows = new Map();
    const fields = module.fields.filter((field) => !DRAWN.has(field.kind));
    const fine = fields.filter((field) => field.fine);
    this.fold = fine.length > 0 && h("details", { class: "fine-settings" }, h("summary", {}, `${t("fields_fine")} (${fine.length})`), fine.map((field) => this.#row(field)));
    this.node = h("div", { class: "fields" }, fields.filter((field) => !field.fine).map((field) => this.#row(field)), this.fold);
    // What is being typed is not told yet, but there is something to save.
    this.node.addEventListener("input", () => this.changed());
  }

  /** What is written here by its own right. */
  written() {
    return this.own;
  }

  /** The value that holds. */
  value(name) {
    return name in this.own ? this.own[name] : this.inherited[name]?.value;
  }

  /** Sets a value from elsewhere (what is drawn); undefined = inherited again. */
  set(name, value) {
    if (value === undefined || same(value, this.inherited[name]?.value)) delete this.own[name];
    else this.own[name] = value;
    this.#source(name);
    this.changed();
  }

  /** Draws rows anew that depend on others, such as those that name zones. */
  refresh() {
    for (const { field } of this.rows.values()) {
      if (["lists", "records"].includes(field.kind) || field.name.endsWith("zones")) this.#fill(field);
    }
  }

  /** Faults of the server by row; returns those that belong to no row, in words. */
  faults(errors) {
    for (const row of this.rows.values()) {
      row.fault.hidden = true;
      row.node.classList.remove("faulty");
    }
    const rest = [];
    for (const { field, message } of errors) {
      const name = field.replace(/^settings\./, "").split(/[.[]/)[0];
      const row = this.rows.get(name);
      if (!row) {
        rest.push(`${field.replace(/^settings\./, "")}: ${message}`);
        continue;
      }
      row.fault.textContent = message;
      row.fault.hidden = false;
      row.node.classList.add("faulty");
      if (row.field.fine) this.fold.open = true;
    }
    return rest;
  }

  #row(field) {
    count += 1;
    const id = `field-${count}`;
    const box = h("div", { class: "control" });
    const origin = h("span", { class: "origin" });
    const back = h("button", { type: "button", class: "link", onclick: () => this.#reset(field) }, t("fields_inherit"));
    const about = field.about[current()];
    const hint = about && h("p", { class: "hint", id: `${id}-hint` }, about);
    const fault = h("p", { class: "fault", role: "alert", hidden: true });
    const node = h(
      "div",
      { class: `field field-${field.kind}`, "data-field": field.name },
      h(["words", "schedule", "table", "lists", "records", "named"].includes(field.kind) ? "span" : "label", { class: "name", id: `${id}-name`, for: id }, field.title[current()]),
      box,
      h("div", { class: "where" }, origin, back),
      hint,
      fault,
    );
    this.rows.set(field.name, { field, node, box, origin, back, fault, id });
    this.#fill(field);
    this.#source(field.name);
    return node;
  }

  #fill(field) {
    const { box, id } = this.rows.get(field.name);
    const make = controls[field.kind] ?? controls.other;
    const put = (value) => {
      const inherit = value === undefined || (value === null && (!field.nullable || this.inherited[field.name]?.value === null));
      if (inherit) delete this.own[field.name];
      else if (!(field.name in this.own) && same(value, this.inherited[field.name]?.value)) return;
      else this.own[field.name] = value;
      this.#source(field.name);
      this.changed();
    };
    box.replaceChildren(make({ field, id, value: this.value(field.name), own: field.name in this.own, put, zones: this.zones() }));
  }

  #reset(field) {
    delete this.own[field.name];
    this.#fill(field);
    this.#source(field.name);
    this.changed();
  }

  #source(name) {
    const row = this.rows.get(name);
    if (!row) return;
    const own = name in this.own;
    const from = this.inherited[name];
    row.node.classList.toggle("own", own);
    row.back.hidden = !own;
    row.origin.hidden = own;
    row.origin.textContent = from?.source === "region" ? `${t("source_region")} ${this.regionName(from.region)}` : named("source", from?.source ?? "default");
    row.origin.classList.toggle("from-region", from?.source === "region");
  }
}
