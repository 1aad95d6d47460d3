// A camera: its picture with lines, zones and areas, and every function with a switch and a form.

import "/console/texts/setup.js";
import { ask, picture } from "/console/api.js";
import { cameraEvents } from "/console/camera-events.js";
import { cameraForm } from "/console/camera-form.js";
import { cameraMasks } from "/console/camera-masks.js";
import { copySettings } from "/console/copy.js";
import { h } from "/console/dom.js";
import { SettingsForm } from "/console/fields.js";
import { current, named, t } from "/console/i18n.js";
import { KINDS, ShapeEditor } from "/console/shapes.js";
import { said, status } from "/console/status.js";
import { templateCards } from "/console/templates.js";

const PICTURE_MS = 2000;
const STATE_MS = 4000;
const drawn = (module) => KINDS.filter((kind) => module.fields.some((field) => field.kind === kind));

export async function open(node, { query, signal, go }) {
  const id = query.get("id") ?? "";
  const path = `/api/v1/cameras/${encodeURIComponent(id)}`;
  const [camera, functions, modules, regions] = await Promise.all([
    ask(path, { signal }),
    ask(`${path}/functions`, { signal }),
    ask("/api/v1/functions", { signal }),
    ask("/api/v1/regions", { signal }),
  ]);
  const page = new CameraPage({ path, camera, functions, modules: modules.items, regions: regions.items, go, signal });
  page.events = cameraEvents({ camera: id, page: node, signal });
  node.append(...page.nodes());
  page.begin(query.get("function"));
}

class CameraPage {
  constructor(given) {
    Object.assign(this, given);
    this.inherited = this.functions.inherited;
    this.entries = new Map(this.functions.items.map((one) => [one.name, one]));
    this.cards = new Map();
    this.open = null;
    this.renewed = [];
    this.editor = new ShapeEditor({ onChange: (kind) => this.#drew(kind), onSelect: () => this.#tools() });
    this.tools = h("div", { class: "tools" });
    this.badge = h("span", { class: "chip" });
    this.cause = h("p", { class: "muted fine" });
  }

  nodes() {
    const copy = h("button", { type: "button", class: "secondary small", onclick: () => copySettings(this.camera, [...this.entries.keys()]) }, t("copy_open"));
    const list = h("section", { class: "function-list", "aria-labelledby": "functions-title" }, h("h3", { id: "functions-title" }, t("functions")));
    list.append(...this.#ordered().map((module) => this.#card(module)));
    this.start = h("section", { class: "panel", hidden: this.entries.size > 0 });
    this.start.append(
      h("h3", {}, t("template_title")),
      templateCards((name) => this.#template(name)),
    );
    return [
      h("div", { class: "page-head" }, h("h2", {}, h("a", { href: "#/cameras", class: "crumb" }, t("cameras")), this.camera.name), this.badge, h("a", { class: "link", href: `#/missed?camera=${encodeURIComponent(this.camera.id)}` }, t("missed_open")), copy),
      h(
        "div",
        { class: "camera-page" },
        h("div", { class: "stage" }, this.editor.node, this.tools, this.cause, this.events),
        h("div", { class: "side" }, this.start, list),
      ),
      cameraMasks({ camera: this.camera, path: this.path, renewed: (listener) => this.renewed.push(listener) }),
      cameraForm({ camera: this.camera, path: this.path, regions: this.regions, go: this.go }),
    ];
  }

  begin(wanted) {
    this.#state(this.camera.state);
    const first = this.#ordered().find((module) => this.entries.get(module.name)?.enabled);
    const name = this.cards.has(wanted) ? wanted : first?.name;
    if (name) this.#expand(name);
    else this.#tools();
    this.#pictures();
    this.#watch();
  }

  /** Those that are switched on, then those that were set up, then the rest. */
  #ordered() {
    const rank = (module) => (this.entries.get(module.name)?.enabled ? 0 : this.entries.has(module.name) ? 1 : 2);
    return [...this.modules].sort((a, b) => rank(a) - rank(b));
  }

  #card(module) {
    const entry = this.entries.get(module.name);
    const on = h("input", { type: "checkbox", class: "switch", checked: Boolean(entry?.enabled), "aria-label": module.title[current()], role: "switch" });
    const count = h("span", { class: "muted fine count" });
    const body = h("div", { class: "function-body", id: `function-${module.name}`, hidden: true });
    const title = h(
      "button",
      { type: "button", class: "function-title", "aria-expanded": "false", "aria-controls": body.id, onclick: () => this.#toggle(module.name) },
      h("b", {}, module.title[current()]),
      h("span", { class: "muted" }, module.about[current()]),
    );
    const node = h("article", { class: "function", "data-function": module.name }, h("div", { class: "function-head" }, on, title, count), body);
    const card = { module, node, on, title, count, body, form: null, dirty: false, words: status() };
    on.addEventListener("change", () => this.#switch(card));
    this.cards.set(module.name, card);
    this.#count(card);
    return node;
  }

  #count(card) {
    const values = this.entries.get(card.module.name)?.effective ?? {};
    const parts = drawn(card.module).map((kind) => [kind, (card.form ? card.form.value(kind) : values[kind]?.value)?.length ?? 0]);
    card.count.textContent = parts.filter(([, number]) => number).map(([kind, number]) => `${t(`count_${kind}`)}: ${number}`).join(" · ");
    card.node.classList.toggle("on", card.on.checked);
    card.node.classList.toggle("dirty", card.dirty);
  }

  #toggle(name) {
    if (this.open === name) this.#collapse();
    else this.#expand(name);
  }

  #collapse() {
    const card = this.cards.get(this.open);
    this.open = null;
    card.body.hidden = true;
    card.title.setAttribute("aria-expanded", "false");
    card.node.classList.remove("open");
    this.editor.show({});
    this.#tools();
  }

  #expand(name) {
    if (this.open) this.#collapse();
    const card = this.cards.get(name);
    this.open = name;
    if (!card.form) this.#fill(card);
    card.body.hidden = false;
    card.title.setAttribute("aria-expanded", "true");
    card.node.classList.add("open");
    this.editor.show(Object.fromEntries(drawn(card.module).map((kind) => [kind, card.form.value(kind)])));
    this.#tools();
  }

  #fill(card) {
    const { module } = card;
    const regionName = (id) => this.regions.find((one) => one.id === id)?.name ?? id;
    card.form = new SettingsForm({
      module,
      written: structuredClone(this.entries.get(module.name)?.written ?? {}),
      inherited: this.inherited[module.name],
      regionName,
      zones: () => (card.form?.value("zones") ?? this.entries.get(module.name)?.effective.zones?.value ?? []).map((zone) => zone.id),
      onChange: () => this.#dirty(card, true),
    });
    card.save = h("button", { type: "submit", class: "primary small", disabled: true }, t("save"));
    card.drop = h("button", { type: "button", class: "secondary small", disabled: true, onclick: () => this.#discard(card) }, t("discard"));
    card.forget = h("button", { type: "button", class: "danger small", hidden: !this.entries.has(module.name), onclick: () => this.#forget(card) }, t("function_forget"));
    const form = h("form", { novalidate: true }, card.form.node, card.words.node, h("div", { class: "form-foot" }, card.forget, card.drop, card.save));
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      this.#save(card);
    });
    card.body.replaceChildren(form);
    card.form.refresh();
  }

  #dirty(card, dirty) {
    card.dirty = dirty;
    if (card.save) card.save.disabled = card.drop.disabled = !dirty;
    this.#count(card);
  }

  #discard(card) {
    this.#dirty(card, false);
    card.words.clear();
    this.#fill(card);
    if (this.open === card.module.name) this.#expand(card.module.name);
  }

  #drew(kind) {
    const card = this.cards.get(this.open);
    if (!card) return;
    card.form.set(kind, structuredClone(this.editor.shapes[kind]));
    if (kind === "zones") card.form.refresh();
    this.#tools();
  }

  async #put(card, enabled) {
    const { module } = card;
    const settings = card.form ? card.form.written() : (this.entries.get(module.name)?.written ?? {});
    const body = { enabled, settings };
    const match = this.entries.get(module.name)?.etag;
    try {
      const found = await ask(`${this.path}/functions/${module.name}`, { method: "PUT", body, match });
      this.entries.set(module.name, found);
      if (card.forget) card.forget.hidden = false;
      this.start.hidden = true;
      card.form?.faults([]);
      this.#dirty(card, false);
      card.words.good(t("saved"));
      return true;
    } catch (error) {
      if (this.open !== module.name) this.#expand(module.name);
      if (error.status === 412 || error.status === 428) await this.#reread(card);
      const rest = card.form.faults(error.problem?.errors ?? []);
      card.words.bad(rest.length ? rest.join(" · ") : said(error));
      return false;
    }
  }

  /** Somebody else was faster: the newest version is what the next save goes over. */
  async #reread(card) {
    const { items } = await ask(`${this.path}/functions`);
    const found = items.find((one) => one.name === card.module.name);
    if (found) this.entries.set(found.name, found);
    else this.entries.delete(card.module.name);
  }

  async #save(card) {
    const enabled = card.on.checked || !this.entries.has(card.module.name);
    if (await this.#put(card, enabled)) card.on.checked = enabled;
    this.#count(card);
  }

  async #switch(card) {
    const wanted = card.on.checked;
    card.on.disabled = true;
    if (!(await this.#put(card, wanted))) card.on.checked = !wanted;
    card.on.disabled = false;
    this.#count(card);
    if (wanted && card.on.checked && this.open !== card.module.name) this.#expand(card.module.name);
  }

  async #forget(card) {
    if (!window.confirm(t("function_forget_sure"))) return;
    const { name } = card.module;
    try {
      await ask(`${this.path}/functions/${name}`, { method: "DELETE", match: this.entries.get(name).etag });
      this.entries.delete(name);
      card.on.checked = false;
      this.#discard(card);
      card.forget.hidden = true;
    } catch (error) {
      card.words.bad(said(error));
    }
  }

  async #template(name) {
    try {
      await ask(`${this.path}/template`, { method: "POST", body: { template: name } });
      window.dispatchEvent(new HashChangeEvent("hashchange"));
    } catch (error) {
      this.start.append(h("p", { class: "fault", role: "alert" }, said(error)));
    }
  }

  #tools() {
    const card = this.cards.get(this.open);
    const kinds = card ? drawn(card.module) : [];
    const { editor } = this;
    const chosen = editor.shape;
    const tool = (key, work, more) => h("button", { type: "button", class: "secondary small", onclick: work, ...more }, t(key));
    if (editor.drawing) {
      editor.say(t("shapes_drawing"));
      this.tools.replaceChildren(tool("shapes_done", () => editor.finish(), { class: "primary small" }), tool("cancel", () => editor.cancel()));
      return;
    }
    const none = kinds.length > 0 && kinds.every((kind) => !editor.shapes[kind].length);
    editor.say(!card ? t("shapes_choose") : none ? t(kinds.includes("lines") ? "shapes_none_lines" : "shapes_none_zones") : "");
    const name = chosen && h("input", { class: "shape-name", value: chosen.id, "aria-label": t("shapes_name"), maxlength: 64, pattern: "[a-z0-9][a-z0-9_\\-]*", title: t("shapes_name_hint") });
    name?.addEventListener("change", () => {
      if (name.reportValidity() && name.value) editor.rename(name.value);
    });
    this.tools.replaceChildren(
      ...kinds.map((kind) => tool(`shapes_add_${kind}`, () => editor.add(kind))),
      ...(chosen
        ? [
            h("span", { class: "tools-end" }, name,
              editor.selected[0] === "lines" && tool("shapes_reverse", () => editor.reverse()),
              editor.spare && tool("shapes_remove_point", () => editor.removePoint()),
              tool("remove", () => editor.remove(), { class: "danger small" })),
          ]
        : []),
    );
  }

  #state(state) {
    const phase = this.camera.enabled ? state.phase : "disabled";
    this.badge.textContent = named("phase", phase);
    this.badge.className = `chip ${{ live: "good", degraded: "warn", lost: "bad", connecting: "warn", maintenance: "warn" }[phase] ?? ""}`;
    this.cause.textContent = phase === "live" ? [state.width && `${state.width}×${state.height}`, state.codec.toUpperCase(), `${state.fps.toFixed(0)} ${t("fps")}`].filter(Boolean).join(" · ") : state.detail;
  }

  async #watch() {
    while (!this.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, STATE_MS));
      if (this.signal.aborted || document.hidden) continue;
      try {
        const found = await ask(this.path, { signal: this.signal });
        this.camera.enabled = found.enabled;
        this.#state(found.state);
      } catch (error) {
        if (error.status === 404) return;
      }
    }
  }

  async #pictures() {
    let shown = null;
    this.signal.addEventListener("abort", () => shown && URL.revokeObjectURL(shown));
    while (!this.signal.aborted) {
      try {
        if (!document.hidden) {
          const next = await picture(`${this.path}/snapshot.jpg`, this.signal);
          this.editor.background(next);
          for (const listener of this.renewed) listener(next);
          await this.editor.image.decode().catch(() => {});
          if (shown) URL.revokeObjectURL(shown);
          shown = next;
        }
      } catch {
        // Without a picture lines can be drawn all the same; the cause stands below it.
      }
      await new Promise((resolve) => setTimeout(resolve, PICTURE_MS));
    }
  }
}
