// Plates that nobody could read: one big crop after the other, typed and saved by the keyboard alone.

import "/console/texts/work.js";
import { ask, picture } from "/console/api.js";
import { cameraName } from "/console/cameras.js";
import { h } from "/console/dom.js";
import { badge } from "/console/feed.js";
import { percent } from "/console/modules.js";
import { t } from "/console/i18n.js";
import { plate } from "/console/plate.js";
import { said, status } from "/console/status.js";
import { moment } from "/console/time.js";

const PAGE = 50;
const DONE_MAX = 8;

export async function open(node, { signal }) {
  const page = new Review(node, signal);
  await page.begin();
}

class Review {
  constructor(node, signal) {
    this.signal = signal;
    this.waiting = [];
    this.seen = new Set();
    this.cursor = "";
    this.left = h("span", { class: "chip accent" });
    this.image = h("img", { alt: t("photo_alt"), hidden: true });
    this.strip = h("div", { class: "strip" });
    this.facts = h("p", { class: "muted" });
    this.read = h("p", {});
    this.input = h("input", { id: "review-plate", class: "plate-input", maxlength: 12, autocomplete: "off", spellcheck: "false", autocapitalize: "characters" });
    this.form = h(
      "form",
      { class: "review-form", autocomplete: "off" },
      h("label", { for: "review-plate" }, t("rev_plate")),
      this.input,
      h("button", { type: "submit", class: "primary" }, t("rev_save"), h("kbd", {}, "Enter")),
      h("button", { type: "button", class: "secondary", onclick: () => this.#save("") }, t("rev_none_there")),
      h("button", { type: "button", class: "quiet", onclick: () => this.#next() }, t("rev_skip"), " ", h("kbd", {}, "Esc")),
    );
    this.words = status();
    this.done = h("ol", { class: "words" });
    this.work = h("div", { class: "review-plates" }, h("section", { class: "panel crop-panel" }, this.image, this.strip), h("section", { class: "panel" }, this.facts, this.read, this.form, this.words.node, this.done));
    this.empty = h("p", { class: "panel muted", hidden: true }, t("rev_done"));
    node.append(h("div", { class: "page-head" }, h("h2", {}, t("menu_review")), this.left), h("p", { class: "muted" }, t("rev_text")), this.work, this.empty);
    this.form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      if (this.input.value.trim()) this.#save(this.input.value.trim());
    });
    this.input.addEventListener("keydown", (press) => press.key === "Escape" && this.#next());
    signal.addEventListener("abort", () => this.#forget());
  }

  async begin() {
    await this.#more();
    await this.#show();
  }

  #forget() {
    for (const url of this.urls ?? []) URL.revokeObjectURL(url);
    this.urls = [];
  }

  async #more() {
    if (this.cursor === null) return;
    const query = new URLSearchParams({ limit: PAGE });
    if (this.cursor) query.set("cursor", this.cursor);
    const found = await ask(`/api/v1/review/plates?${query}`, { signal: this.signal });
    this.cursor = found.next_cursor;
    this.waiting.push(...found.items.filter((one) => !this.seen.has(one.id)));
  }

  get current() {
    return this.waiting[0];
  }

  async #show() {
    this.#forget();
    const event = this.current;
    this.work.hidden = !event;
    this.empty.hidden = Boolean(event);
    this.left.textContent = `${this.waiting.length}${this.cursor ? "+" : ""} ${t("rev_left")}`;
    this.left.hidden = !event;
    if (!event) return;
    this.facts.replaceChildren(badge(event, 15), ` ${cameraName(event.camera)} · ${moment(event.opened_at).full}`);
    this.read.replaceChildren(`${t("rev_read")}: `, event.plate ? plate(event.plate) : h("span", { class: "muted" }, t("rev_nothing")), event.plate ? ` ${percent(event.plate_confidence)}` : "");
    this.input.value = event.plate;
    this.input.focus();
    this.input.select();
    this.image.hidden = true;
    let shots = event.photos.map((photo) => ({ url: photo.url }));
    try {
      const trace = await ask(`/api/v1/events/${encodeURIComponent(event.id)}/trace`, { signal: this.signal });
      if (trace.shots.length) shots = trace.shots;
    } catch {
      // the event's own photos stand
    }
    if (event !== this.current) return;
    const buttons = shots.map((shot, number) => h("button", { type: "button", class: "strip-one", onclick: () => this.#picture(shot, buttons[number]) }, String(number + 1)));
    this.strip.replaceChildren(...(buttons.length > 1 ? buttons : []));
    if (shots.length) await this.#picture(shots[0], buttons[0]);
  }

  async #picture(shot, button) {
    for (const other of this.strip.children) other.setAttribute("aria-pressed", String(other === button));
    const event = this.current;
    try {
      const url = await picture(shot.url, this.signal);
      if (event !== this.current) {
        URL.revokeObjectURL(url);
        return;
      }
      this.urls.push(url);
      this.image.src = url;
      this.image.hidden = false;
    } catch {
      // the form works without it
    }
  }

  async #save(text) {
    const event = this.current;
    if (!event) return;
    try {
      await ask(`/api/v1/review/plates/${encodeURIComponent(event.id)}`, { method: "POST", body: { plate: text } });
      this.words.clear();
      this.done.prepend(h("li", {}, `${t("rev_saved")} `, text ? h("b", {}, text) : t("rev_none_there"), h("span", { class: "muted" }, ` ${moment(event.opened_at).short}`)));
      while (this.done.children.length > DONE_MAX) this.done.lastElementChild.remove();
      await this.#next();
    } catch (error) {
      this.words.bad(said(error));
    }
  }

  async #next() {
    const event = this.waiting.shift();
    if (event) this.seen.add(event.id);
    if (this.waiting.length < 5) await this.#more().catch((error) => this.words.bad(said(error)));
    await this.#show();
  }
}
