// What if: a copy of a function's settings is changed, run over what the camera saw, and compared with what was said.

import "/console/texts/work.js";
import { ask, picture } from "/console/api.js";
import { h } from "/console/dom.js";
import { openEvent } from "/console/event.js";
import { badge } from "/console/feed.js";
import { SettingsForm } from "/console/fields.js";
import { current, t } from "/console/i18n.js";
import { summary } from "/console/modules.js";
import { plate } from "/console/plate.js";
import { KINDS, ShapeEditor } from "/console/shapes.js";
import { said, status } from "/console/status.js";
import { moment } from "/console/time.js";

const HOURS = [1, 2, 4, 8, 12, 24];
const SHOWN_MAX = 400;

export async function open(node, { query, signal, go }) {
  const [cameras, modules, regions] = await Promise.all([
    ask("/api/v1/cameras", { signal }),
    ask("/api/v1/functions", { signal }),
    ask("/api/v1/regions", { signal }),
  ]);
  const camera = cameras.items.find((one) => one.id === query.get("camera")) ?? cameras.items[0];
  const functions = camera ? await ask(`/api/v1/cameras/${camera.id}/functions`, { signal }) : { items: [], inherited: {} };
  if (signal.aborted) return;
  const entry = functions.items.find((one) => one.name === query.get("function")) ?? functions.items[0];
  const module = modules.items.find((one) => one.name === entry?.name);
  const asked = { camera: camera?.id ?? "", function: entry?.name ?? "", hours: query.get("hours") || "2", until: query.get("until") ?? "" };
  const change = (more) => go("whatif", { ...asked, ...more });
  const pick = (key, options, name) =>
    h("label", {}, t(key), h("select", { name, onchange: (event) => change({ [name]: event.target.value, ...(name === "camera" ? { function: "" } : {}) }) }, options));
  const title = (name) => modules.items.find((one) => one.name === name)?.title[current()] ?? name;
  node.append(
    h("div", { class: "page-head" }, h("h2", {}, t("menu_whatif"))),
    h("p", { class: "muted" }, t("wi_text")),
    h(
      "div",
      { class: "bar-filters" },
      pick("wi_camera", cameras.items.map((one) => h("option", { value: one.id, selected: one.id === asked.camera }, one.name)), "camera"),
      pick("wi_function", functions.items.map((one) => h("option", { value: one.name, selected: one.name === asked.function }, title(one.name))), "function"),
      pick("wi_hours", HOURS.map((one) => h("option", { value: one, selected: String(one) === asked.hours }, `${one} ${t("wi_hour")}`)), "hours"),
      h("label", {}, `${t("wi_until")} (${t("wi_now")})`, h("input", { type: "datetime-local", value: asked.until, onchange: (event) => change({ until: event.target.value }) })),
    ),
  );
  if (!module) {
    node.append(h("p", { class: "panel muted" }, t("wi_none")));
    return;
  }
  const trial = new Trial({ asked, camera, entry, module, regions: regions.items, inherited: functions.inherited[module.name], signal });
  node.append(trial.node, trial.result);
  trial.background();
}

class Trial {
  constructor(given) {
    Object.assign(this, given);
    this.kinds = KINDS.filter((kind) => this.module.fields.some((field) => field.kind === kind));
    this.editor = new ShapeEditor({ onChange: (kind) => this.#drew(kind), onSelect: () => this.#tools() });
    this.tools = h("div", { class: "tools whatif-tools" });
    this.words = status();
    this.result = h("section", { class: "panel", hidden: true });
    this.run = h("button", { type: "submit", class: "primary" }, t("wi_run"));
    this.save = h("button", { type: "button", class: "secondary", disabled: true, onclick: () => this.#save() }, t("wi_save"));
    this.fields = h("div", {});
    const form = h("form", { class: "panel", novalidate: true }, this.fields, this.words.node, h("div", { class: "form-foot" }, h("button", { type: "button", class: "quiet", onclick: () => this.#fill() }, t("wi_reset")), this.save, this.run));
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      this.#run();
    });
    this.node = h("div", { class: "whatif" }, this.kinds.length > 0 && h("div", { class: "panel" }, this.editor.node, this.tools), form);
    this.#fill();
  }

  #fill() {
    this.form = new SettingsForm({
      module: this.module,
      written: structuredClone(this.entry.written),
      inherited: this.inherited,
      regionName: (id) => this.regions.find((one) => one.id === id)?.name ?? id,
      zones: () => (this.form?.value("zones") ?? []).map((zone) => zone.id),
      onChange: () => (this.save.disabled = false),
    });
    this.fields.replaceChildren(this.form.node);
    this.form.refresh();
    this.save.disabled = true;
    this.editor.show(Object.fromEntries(this.kinds.map((kind) => [kind, this.form.value(kind)])));
    this.#tools();
  }

  #drew(kind) {
    this.form.set(kind, structuredClone(this.editor.shapes[kind]));
    if (kind === "zones") this.form.refresh();
    this.#tools();
  }

  #tools() {
    const { editor } = this;
    const tool = (key, work, kind = "secondary small") => h("button", { type: "button", class: kind, onclick: work }, t(key));
    if (editor.drawing) {
      this.tools.replaceChildren(tool("shapes_done", () => editor.finish(), "primary small"), tool("cancel", () => editor.cancel()));
      return;
    }
    this.tools.replaceChildren(
      ...this.kinds.map((kind) => tool(`shapes_add_${kind}`, () => editor.add(kind))),
      ...(editor.shape ? [editor.selected[0] === "lines" ? tool("shapes_reverse", () => editor.reverse()) : "", tool("remove", () => editor.remove(), "danger small")] : []),
    );
  }

  async background() {
    if (!this.kinds.length) return;
    try {
      const url = await picture(`/api/v1/cameras/${this.camera.id}/snapshot.jpg`, this.signal);
      this.signal.addEventListener("abort", () => URL.revokeObjectURL(url));
      this.editor.background(url);
    } catch {
      // lines can be drawn without it
    }
  }

  async #run() {
    const until = this.asked.until ? new Date(this.asked.until) : new Date();
    const since = new Date(until - Number(this.asked.hours) * 3600e3);
    this.run.disabled = true;
    this.words.busy(t("wi_running"));
    try {
      const body = { since: since.toISOString(), until: until.toISOString(), settings: this.form.written() };
      const found = await ask(`/api/v1/cameras/${this.camera.id}/functions/${this.module.name}/replay`, { method: "POST", body, signal: this.signal });
      this.form.faults([]);
      this.words.clear();
      this.#show(found);
    } catch (error) {
      const rest = this.form.faults(error.problem?.errors ?? []);
      this.words.bad(rest.length ? rest.join(" · ") : said(error));
    }
    this.run.disabled = false;
  }

  #show(found) {
    const [gone, fresh] = [new Set(found.gone), new Set(found.new)];
    const rows = [
      ...found.was.map((event) => ({ event, mark: gone.has(event.id) ? "gone" : "same" })),
      ...found.would.filter((event) => fresh.has(event.id)).map((event) => ({ event, mark: "new" })),
    ].sort((one, other) => (one.event.opened_at < other.event.opened_at ? 1 : -1));
    const differ = rows.filter((one) => one.mark !== "same");
    const list = h("ol", { class: "diff" });
    const draw = (shown) => list.replaceChildren(...shown.slice(0, SHOWN_MAX).map(({ event, mark }) => this.#row(event, mark)));
    const tabs = [["wi_diff", differ], ["wi_all", rows]].map(([key, shown]) => {
      const button = h("button", { type: "button", onclick: () => turn(button, shown) }, `${t(key)} (${shown.length})`);
      return [button, shown];
    });
    const turn = (chosen, shown) => {
      for (const [button] of tabs) button.setAttribute("aria-pressed", String(button === chosen));
      draw(shown);
    };
    const figure = (key, value, tone = "") => h("div", { class: tone }, h("dt", {}, t(key)), h("dd", {}, String(value)));
    this.result.replaceChildren(
      h("dl", { class: "figures figures-small" }, figure("wi_was", found.was.length), figure("wi_would", found.would.length), figure("wi_same", found.same.length), figure("wi_gone", found.gone.length, found.gone.length ? "bad" : ""), figure("wi_new", found.new.length, found.new.length ? "good" : ""), figure("wi_looks", found.looks)),
      rows.length ? h("div", { class: "segmented", role: "group" }, tabs.map(([button]) => button)) : "",
      h("p", { class: "muted", hidden: differ.length > 0 }, t(rows.length ? "wi_equal" : "wi_empty")),
      list,
    );
    turn(...(differ.length ? tabs[0] : tabs[1]));
    this.result.hidden = false;
    this.result.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #row(event, mark) {
    const at = moment(event.opened_at);
    return h(
      "li",
      { class: `diff-${mark}` },
      h("span", { class: "diff-mark" }, { same: "=", gone: "−", new: "+" }[mark], h("span", { class: "unseen" }, t(`wi_mark_${mark}`))),
      h("time", { datetime: event.opened_at, title: at.full }, at.short),
      badge(event, 14),
      h("span", { class: "diff-text" }, event.plate ? plate(event.plate) : summary(event)),
      event.photos.length && mark !== "new" ? h("button", { type: "button", class: "quiet", onclick: () => openEvent(event, "") }, t("sys_show")) : "",
    );
  }

  async #save() {
    try {
      const body = { enabled: this.entry.enabled, settings: this.form.written() };
      this.entry = await ask(`/api/v1/cameras/${this.camera.id}/functions/${this.module.name}`, { method: "PUT", body, match: this.entry.etag });
      this.save.disabled = true;
      this.form.faults([]);
      this.words.good(t("wi_saved"));
    } catch (error) {
      const rest = this.form.faults(error.problem?.errors ?? []);
      this.words.bad(rest.length ? rest.join(" · ") : said(error));
    }
  }
}
