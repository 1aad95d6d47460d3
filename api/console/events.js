// The events page: filters that live in the address, a list without end, and review by keyboard beside the evidence.

import { handled, judged } from "/console/acts.js";
import { ask, download } from "/console/api.js";
import { cameraName } from "/console/cameras.js";
import { h } from "/console/dom.js";
import { Detail } from "/console/event_detail.js";
import { COMMENTS, KINDS, badge, crop } from "/console/feed.js";
import { named, t } from "/console/i18n.js";
import { kindName, kinds, summary } from "/console/modules.js";
import { plate } from "/console/plate.js";
import { regionOptions } from "/console/region-options.js";
import { moment } from "/console/time.js";
import "/console/texts/events.js";

const PAGE = 50;
const SHOWN_MAX = 2000;
const SEVERITIES = ["info", "warning", "alarm"];
const VERDICTS = ["none", "confirmed", "false_alarm", "corrected", "not_person"];
const ACTS = ["open", "none", "acknowledged", "assigned", "escalated", "closed", "reopened"];
const FIRST = ["kind", "camera", "plate", "since", "until"];
const FURTHER = ["region", "person", "listed", "severity", "confidence", "feedback", "handling", "assignee"];

const choice = (value, options, any) => [
  h("option", { value: "" }, any),
  ...options.map(([one, words]) => h("option", { value: one, selected: one === value }, words)),
];
const labelled = (key, node) => h("label", {}, t(key), node);

class Filters {
  constructor(query, known, changed) {
    this.values = Object.fromEntries([...FIRST, ...FURTHER].map((name) => [name, query.get(name) ?? ""]));
    this.changed = changed;
    const { cameras, regions, people } = known;
    const input = (name, attributes) => h("input", { name, value: this.values[name], autocomplete: "off", ...attributes });
    const select = (name, options, any) => h("select", { name }, choice(this.values[name], options, any));
    const more = h(
      "details",
      { class: "more", open: FURTHER.some((name) => this.values[name]) },
      h("summary", {}, t("ev_more")),
      h(
        "div",
        { class: "bar-filters" },
        labelled("ev_region", h("select", { name: "region" }, regionOptions(regions, this.values.region, "ev_all_regions"))),
        labelled("ev_person", input("person", { list: "ev-people" })),
        labelled("ev_list", input("listed", { list: "ev-lists", class: "short" })),
        labelled("ev_severity", select("severity", SEVERITIES.map((one) => [one, named("severity", one)]), t("ev_any"))),
        labelled("ev_confidence", input("confidence", { type: "number", min: 0, max: 1, step: 0.05, class: "short" })),
        labelled("ev_feedback", select("feedback", VERDICTS.map((one) => [one, named("verdict", one)]), t("ev_any"))),
        labelled("ev_handling", select("handling", ACTS.map((one) => [one, named("act", one)]), t("ev_any"))),
        labelled("ev_assignee", input("assignee", { class: "short", maxlength: 100 })),
      ),
    );
    const every = [...new Set([...kinds(), ...KINDS])].filter((one) => !COMMENTS.has(one));
    this.node = h(
      "form",
      { class: "panel filters-panel no-print", role: "search", onsubmit: (event) => event.preventDefault(), onchange: () => this.#read() },
      h(
        "div",
        { class: "bar-filters" },
        labelled("filter_kind", select("kind", every.map((one) => [one, kindName(one)]), t("all_kinds"))),
        labelled("filter_camera", select("camera", cameras.map((one) => [one.id, one.name]), t("all_cameras"))),
        labelled("filter_plate", input("plate", { type: "search", maxlength: 12, spellcheck: "false" })),
        labelled("ev_since", input("since", { type: "datetime-local" })),
        labelled("ev_until", input("until", { type: "datetime-local" })),
        h("button", { type: "button", class: "quiet", onclick: () => this.#reset() }, t("ev_reset")),
      ),
      more,
      h("datalist", { id: "ev-people" }, people.map((one) => h("option", { value: one.id }, one.name))),
      h("datalist", { id: "ev-lists" }, ["allow", "deny", "guest"].map((one) => h("option", { value: one }, named("list", one)))),
    );
  }

  #read() {
    for (const node of this.node.elements) if (node.name) this.values[node.name] = node.value.trim();
    this.changed();
  }

  #reset() {
    for (const node of this.node.elements) if (node.name) node.value = "";
    this.#read();
  }

  /** As the API asks for it. */
  query() {
    const asked = new URLSearchParams();
    if (!COMMENTS.has(this.values.kind)) asked.set("comments", "false");
    for (const [name, value] of Object.entries(this.values)) {
      if (value) asked.set(name, name === "since" || name === "until" ? new Date(value).toISOString() : value);
    }
    return asked;
  }
}

class List {
  constructor(filters, chosen) {
    this.filters = filters;
    this.chosen = chosen;
    this.items = new Map();
    this.cursor = null;
    this.selected = "";
    this.asked = 0;
    this.list = h("ol", { class: "rows", "aria-label": t("ev_list_of") });
    this.words = h("p", { class: "muted list-words", role: "status" });
    this.fresh = h("button", { type: "button", class: "wide fresh-button", hidden: true, onclick: () => this.reload() }, t("ev_new"));
    this.end = h("div", { class: "list-end" });
    this.node = h("section", { class: "panel list-panel" }, this.fresh, this.list, this.words, this.end);
    this.sight = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.more(), {
      root: this.node,
      rootMargin: "600px",
    });
    this.sight.observe(this.end);
  }

  async reload() {
    this.asked += 1;
    this.items.clear();
    this.list.replaceChildren();
    this.fresh.hidden = true;
    this.cursor = "";
    this.busy = false;
    await this.more();
    if (!this.items.has(this.selected)) this.choose([...this.items.keys()][0] ?? "", { quietly: true });
  }

  async more() {
    if (this.busy || this.cursor === null) return;
    this.busy = true;
    const mine = this.asked;
    this.words.textContent = t("ev_loading");
    const query = this.filters.query();
    query.set("limit", PAGE);
    if (this.cursor) query.set("cursor", this.cursor);
    try {
      const found = await ask(`/api/v1/events?${query}`);
      if (mine !== this.asked) return;
      for (const event of found.items) this.#put(event);
      this.cursor = this.items.size < SHOWN_MAX ? found.next_cursor : null;
      this.words.textContent = this.items.size ? (this.cursor ? "" : t("ev_end")) : t("ev_none");
      this.words.className = "muted list-words";
    } catch (error) {
      if (mine !== this.asked || error.status === 401) return;
      this.words.textContent = error.message;
      this.words.className = "fault list-words";
      this.cursor = null;
    }
    this.busy = false;
    // The end may still be in sight: the observer speaks of changes only.
    this.sight.unobserve(this.end);
    this.sight.observe(this.end);
  }

  #put(event) {
    const node = row(event, () => this.choose(event.id));
    const known = this.items.get(event.id);
    if (known) known.node.replaceWith(node);
    else this.list.append(node);
    this.items.set(event.id, { event, node });
    if (event.id === this.selected) this.#mark(node);
  }

  #mark(node) {
    this.list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    node.firstElementChild.setAttribute("aria-current", "true");
  }

  choose(id, { quietly = false } = {}) {
    this.selected = id;
    const found = this.items.get(id);
    if (found) this.#mark(found.node);
    this.chosen(found?.event ?? null, { quietly });
  }

  /** The neighbour of the chosen one. */
  step(by) {
    const ids = [...this.items.keys()];
    const place = Math.min(ids.length - 1, Math.max(0, ids.indexOf(this.selected) + by));
    if (!ids.length) return;
    this.choose(ids[place]);
    this.items.get(ids[place]).node.scrollIntoView({ block: "nearest" });
    if (place > ids.length - 10) this.more();
  }

  /** A changed event takes the place of the one that is shown. */
  update(event) {
    if (this.items.has(event.id)) this.#put(event);
  }

  /** Something has just happened. */
  async hear(event) {
    const about = COMMENTS.has(event.kind) ? event.about : event.id;
    if (!this.items.has(about)) {
      if (!COMMENTS.has(event.kind)) this.fresh.hidden = false;
      return;
    }
    const known = this.items.get(about).event;
    if (about === event.id) {
      if (event.version > known.version) this.update({ ...event, feedback: known.feedback, handling: known.handling });
    } else if (event.kind === "handling") {
      const assignee = event.cause === "assigned" ? event.label : (known.handling?.assignee ?? "");
      this.update({ ...known, handling: { act: event.cause, assignee, note: event.text, user: event.author, at: event.opened_at } });
    } else {
      this.update({ ...known, feedback: { verdict: event.cause, plate: event.plate, person: event.person, reason: event.text, user: event.author, at: event.opened_at } });
    }
  }
}

function row(event, choose) {
  const vehicle = event.kind.startsWith("vehicle_");
  const at = moment(event.opened_at);
  return h(
    "li",
    { "data-id": event.id, class: event.handling?.act === "closed" ? "done" : null },
    h(
      "button",
      { type: "button", class: "row", onclick: choose },
      crop(event, vehicle),
      h(
        "span",
        { class: "row-body" },
        h("span", { class: "row-top" }, badge(event, 14), h("time", { datetime: event.opened_at, title: at.full }, at.short)),
        h("span", { class: "row-mid" }, vehicle ? (event.plate ? plate(event.plate) : h("span", { class: "muted" }, t("no_plate"))) : h("span", { class: "row-text" }, summary(event))),
        h("span", { class: "row-end" }, h("span", { class: "row-camera" }, cameraName(event.camera)), judged(event), handled(event)),
      ),
    ),
  );
}

function exports(filters, words, signal) {
  const save = async (format) => {
    words.className = "muted";
    words.textContent = t("ev_exporting");
    try {
      await download(`/api/v1/events/export?${filters.query()}&format=${format}`, `events.${format}`, signal);
      words.textContent = "";
    } catch (error) {
      words.className = "fault";
      words.textContent = error.message;
    }
  };
  const button = (format, text) => h("button", { type: "button", class: "secondary small", "data-export": format, onclick: () => save(format) }, text);
  return h("div", { class: "exports", role: "group", "aria-label": t("ev_export") }, button("csv", "CSV"), button("xlsx", "XLSX"), button("zip", t("ev_export_zip")));
}

async function learned() {
  const quiet = (path, otherwise) => ask(path).catch((error) => (error.status === 401 ? Promise.reject(error) : otherwise));
  const [cameras, regions, people] = await Promise.all([
    ask("/api/v1/cameras"),
    quiet("/api/v1/regions", { items: [] }),
    quiet("/api/v1/people?limit=200", { items: [] }),
  ]);
  return { cameras: cameras.items, regions: regions.items, people: people.items };
}

const KEYS = [
  ["j k", "ev_key_move"],
  ["a", "ev_key_ack"],
  ["f", "ev_key_false"],
  ["c", "ev_key_confirm"],
  ["x", "ev_key_close"],
];

export async function open(node, { query, signal, go }) {
  const known = await learned();
  if (signal.aborted) return;
  const words = h("span", { role: "status", class: "muted" });
  const filters = new Filters(query, known, () => {
    go("events", filters.values, { replace: true });
    list.reload();
  });
  const detail = new Detail({
    signal,
    changed: (event) => list.update(event),
    back: () => node.classList.remove("showing"),
  });
  const list = new List(filters, (event, { quietly }) => {
    detail.show(event);
    if (event && !quietly) node.classList.add("showing");
  });
  node.classList.remove("showing");
  node.append(
    h(
      "div",
      { class: "page-head no-print" },
      h("h2", {}, t("events")),
      words,
      h("span", { class: "keys", "aria-label": t("ev_keys") }, KEYS.map(([keys, key]) => h("span", {}, keys.split(" ").map((one) => h("kbd", {}, one)), ` ${t(key)}`))),
      exports(filters, words, signal),
    ),
    filters.node,
    h("div", { class: "review" }, list.node, detail.node),
  );
  let later;
  filters.node.elements.plate.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => filters.node.dispatchEvent(new Event("change")), 300);
  });
  const keys = { j: () => list.step(1), k: () => list.step(-1), a: () => detail.act("acknowledged"), f: () => detail.askWhy(), c: () => detail.judge("confirmed"), x: () => detail.act("closed") };
  document.addEventListener(
    "keydown",
    (press) => {
      if (press.ctrlKey || press.metaKey || press.altKey || press.target.closest("input, select, textarea, dialog")) return;
      const work = keys[press.key.toLowerCase()];
      if (!work) return;
      press.preventDefault();
      work();
    },
    { signal },
  );
  node.addEventListener("zool-event", ({ detail: event }) => list.hear(event), { signal });
  signal.addEventListener("abort", () => list.sight.disconnect());
  await list.reload();
}
