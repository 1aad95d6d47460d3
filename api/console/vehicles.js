// Plates on the lists of the site: found, added, changed, brought in and taken out as spreadsheets.

import "/console/texts/setup.js";
import "/console/texts/vehicles.js";
import { ask, picture } from "/console/api.js";
import { labelled } from "/console/camera-form.js";
import { DAYS, schedule } from "/console/controls.js";
import { byId, h, icon } from "/console/dom.js";
import { current, named, t } from "/console/i18n.js";
import { importFile } from "/console/importer.js";
import { plate } from "/console/plate.js";
import { said, status } from "/console/status.js";
import { moment } from "/console/time.js";
import { whenInput, whenValue } from "/console/when.js";

const PAGE = 100;
const TYPING_MS = 250;
const LISTS = ["allow", "deny", "guest"];
const TONES = { allow: "good", deny: "bad", guest: "accent" };
const SAMPLE = {
  en: "plate,list,valid_until,directions,schedule,owner,note\nA123BC77,allow,2030-12-31,\"entry,exit\",mon-fri 08:00-18:00,Northern Freight,\n",
  ru: "номер;список;действует до;направления;расписание;владелец;примечание\nА123ВС77;разрешён;31.12.2030;въезд,выезд;пн-пт 08:00-18:00;Северный груз;\n",
};

export async function open(node, { query, signal, go }) {
  const page = new VehiclePage({ query, signal, go });
  node.append(...page.nodes());
  await page.load();
}

class VehiclePage {
  constructor({ query, signal, go }) {
    Object.assign(this, { signal, go });
    this.turn = 0;
    this.after = null;
    this.total = h("small", { class: "muted" });
    const search = (key, value, more) => h("input", { type: "search", value, placeholder: t(key), "aria-label": t(key), ...more });
    this.plate = search("vehicles_search", query.get("plate") ?? "", { maxlength: 12, spellcheck: "false" });
    this.text = search("vehicles_text", query.get("text") ?? "", { maxlength: 200 });
    this.list = h("select", { "aria-label": t("vehicle_list") }, h("option", { value: "" }, t("vehicles_all")), LISTS.map((one) => h("option", { value: one, selected: one === query.get("list") }, named("list", one))));
    this.body = h("tbody");
    this.more = h("button", { type: "button", class: "wide", hidden: true, onclick: () => this.load(this.after) }, t("vehicles_more"));
    this.empty = h("div", { class: "empty", hidden: true }, h("p"));
    let wait = 0;
    for (const one of [this.plate, this.text]) {
      one.addEventListener("input", () => {
        clearTimeout(wait);
        wait = setTimeout(() => this.load(), TYPING_MS);
      });
    }
    this.list.addEventListener("change", () => this.load());
  }

  nodes() {
    const button = (key, work, kind = "secondary") => h("button", { type: "button", class: `${kind} small`, onclick: work }, t(key));
    const bring = () => importFile({ title: t("vehicles_import_title"), text: t("vehicles_import_text"), path: "/api/v1/vehicles/import", sample: SAMPLE[current()], done: () => this.load() });
    const head = ["vehicle_plate", "vehicle_list", "vehicle_owner", "vehicle_until", "vehicle_hours", "vehicle_ways", "vehicle_note"];
    this.table = h("div", { class: "panel table-box" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head.map((key) => h("th", {}, t(key))))), this.body), this.more);
    return [
      h("div", { class: "page-head" }, h("h2", {}, t("vehicles_title"), " ", this.total), button("vehicles_export", () => this.#export()), button("vehicles_import", bring), button("vehicles_add", () => edit({ list: "allow", schedule: [], directions: ["entry", "exit"] }, () => this.load()), "primary")),
      h("div", { class: "bar-filters" }, this.plate, this.list, this.text),
      this.table,
      this.empty,
    ];
  }

  async load(after = null) {
    this.turn += 1;
    const { turn } = this;
    const asked = Object.entries({ plate: this.plate.value, list: this.list.value, text: this.text.value, after, limit: PAGE }).filter(([, value]) => value);
    const found = await ask(`/api/v1/vehicles?${new URLSearchParams(asked)}`, { signal: this.signal });
    if (turn !== this.turn) return;
    const rows = found.items.map((entry) => this.#row(entry));
    if (after) this.body.append(...rows);
    else this.body.replaceChildren(...rows);
    this.total.textContent = found.total || "";
    this.after = found.next_after;
    this.more.hidden = !found.next_after;
    const none = this.body.children.length === 0;
    this.table.hidden = none;
    this.empty.hidden = !none;
    this.empty.firstChild.textContent = t(asked.length > 1 ? "vehicles_nothing" : "vehicles_none");
  }

  #row(entry) {
    const now = Date.now();
    const late = entry.valid_until && new Date(entry.valid_until) <= now;
    const early = entry.valid_from && new Date(entry.valid_from) > now;
    const open = h("button", { type: "button", class: "plate-button", "aria-label": `${t("edit")}: ${entry.plate}`, onclick: () => edit(entry, () => this.load()) }, plate(entry.plate));
    return h(
      "tr",
      {},
      h("td", {}, open),
      h("td", {}, h("span", { class: `chip ${TONES[entry.list]}` }, named("list", entry.list))),
      h("td", { class: "wrap" }, entry.owner),
      h("td", { title: entry.valid_until && moment(entry.valid_until).full }, entry.valid_until ? moment(entry.valid_until).day : h("span", { class: "muted" }, t("vehicle_always")), " ", (late || early) && h("span", { class: "chip warn" }, t(late ? "vehicle_expired" : "vehicle_not_yet"))),
      h("td", {}, entry.schedule.map(hours).join(", ") || h("span", { class: "muted" }, t("vehicle_always"))),
      h("td", {}, entry.directions.map((way) => t(`way_${way}`)).join(", ")),
      h("td", { class: "wrap muted" }, entry.note),
    );
  }

  async #export() {
    const asked = this.list.value ? `?list=${this.list.value}` : "";
    const url = await picture(`/api/v1/vehicles/export.csv${asked}`);
    h("a", { href: url, download: "vehicles.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }
}

/** Hours of the week in short: a run of days is said by its ends. */
function hours(one) {
  const places = one.days.map((day) => DAYS.indexOf(day)).sort((a, b) => a - b);
  const run = places.length > 2 && places.at(-1) - places[0] === places.length - 1;
  const days = run ? [places[0], places.at(-1)] : places;
  return `${days.map((place) => t(`day_${DAYS[place]}`)).join(run ? "–" : " ")} ${one.since}–${one.until}`;
}

function edit(entry, done) {
  const dialog = byId("camera-dialog");
  const words = status();
  const known = Boolean(entry.etag);
  const input = (name, more) => h("input", { name, value: entry[name] ?? "", maxlength: 500, ...more });
  const number = input("plate", { required: true, maxlength: 24, spellcheck: "false", autocapitalize: "characters" });
  const list = h("select", { name: "list" }, LISTS.map((one) => h("option", { value: one, selected: one === entry.list }, named("list", one))));
  const [since, until] = [whenInput("valid_from", entry.valid_from), whenInput("valid_until", entry.valid_until)];
  const ways = ["entry", "exit"].map((way) => h("label", { class: "check" }, h("input", { type: "checkbox", value: way, checked: entry.directions.includes(way) }), t(`way_${way}`)));
  let week = entry.schedule;
  const [owner, note] = [input("owner"), input("note")];
  const hoursBox = schedule({ id: "vehicle-hours", value: week, put: (value) => (week = value) });
  const remove = known && h("button", { type: "button", class: "danger small" }, t("vehicle_remove"));
  const form = h(
    "form",
    { class: "sheet-form" },
    h("div", { class: "grid-form" },
      labelled("vehicle_plate", number),
      labelled("vehicle_list", list),
      labelled("vehicle_since", since, "vehicle_when_hint"),
      labelled("vehicle_until", until, "vehicle_when_hint"),
      labelled("vehicle_owner", owner),
      labelled("vehicle_note", note)),
    h("fieldset", {}, h("legend", {}, t("vehicle_ways")), h("div", { class: "check-row" }, ways)),
    h("fieldset", {}, h("legend", { id: "vehicle-hours-name" }, t("vehicle_hours")), hoursBox, h("small", { class: "muted" }, t("vehicle_hours_hint"))),
    h("footer", { class: "form-foot" }, remove, words.node, h("button", { type: "button", class: "secondary", onclick: () => dialog.close() }, t("cancel")), h("button", { type: "submit", class: "primary" }, t("save"))),
  );
  const guarded = async (work) => {
    try {
      await work();
      dialog.close();
      done();
    } catch (error) {
      if (error.status === 412) entry.etag = (await ask(`/api/v1/vehicles/${entry.id}`)).etag;
      words.bad(said(error));
    }
  };
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    const directions = ways.map((one) => one.querySelector("input")).filter((one) => one.checked).map((one) => one.value);
    const body = { plate: number.value.trim(), list: list.value, valid_from: whenValue(since, entry.valid_from), valid_until: whenValue(until, entry.valid_until), schedule: week, directions, owner: owner.value.trim(), note: note.value.trim() };
    guarded(() => (known ? ask(`/api/v1/vehicles/${entry.id}`, { method: "PUT", body, match: entry.etag }) : ask("/api/v1/vehicles", { method: "POST", body })));
  });
  if (remove) {
    remove.addEventListener("click", () => {
      if (window.confirm(t("vehicle_remove_sure"))) guarded(() => ask(`/api/v1/vehicles/${entry.id}`, { method: "DELETE", match: entry.etag }));
    });
  }
  dialog.onclose = null;
  dialog.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: "camera-dialog-title" }, known ? entry.plate : t("vehicles_new")), h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    form,
  );
  dialog.showModal();
}
