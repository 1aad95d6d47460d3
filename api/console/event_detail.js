// One event beside the list: photos with every read drawn on them, the way over the picture, and what people do about it.

import { Acts } from "/console/acts.js";
import { ask, picture } from "/console/api.js";
import { cameraName } from "/console/cameras.js";
import { h, icon, s } from "/console/dom.js";
import { facts } from "/console/event.js";
import { badge } from "/console/feed.js";
import { named, t } from "/console/i18n.js";
import { percent, summary } from "/console/modules.js";
import { plate } from "/console/plate.js";
import { moment } from "/console/time.js";
import "/console/texts/events.js";

const WIDTH = 1000;
const points = (corners, place) => corners.map((corner) => place(corner).join(",")).join(" ");

/** A picture with an SVG over it, both of the same shape. */
class Overlay {
  constructor() {
    this.image = h("img", { alt: "" });
    this.svg = s("svg", { class: "overlay", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.node = h("div", { class: "view" }, this.image, this.svg);
    this.height = 562.5;
    this.image.addEventListener("load", () => {
      this.height = (WIDTH * this.image.naturalHeight) / this.image.naturalWidth;
      this.node.style.setProperty("--ratio", String(this.image.naturalWidth / this.image.naturalHeight));
      this.redraw();
    });
  }

  /** Shows a picture (object URL) with what `draw(place)` gives on it. */
  show(url, draw) {
    this.draw = draw;
    if (url) this.image.src = url;
    this.image.hidden = !url;
    this.redraw();
  }

  redraw() {
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    this.svg.replaceChildren(...(this.draw?.((x, y) => [x * WIDTH, y * this.height]) ?? []).filter(Boolean));
  }
}

function rectangle(box, at, kind) {
  const [x1, y1] = at(box[0], box[1]);
  const [x2, y2] = at(box[2], box[3]);
  return s("rect", { class: kind, x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) });
}

export class Detail {
  constructor({ signal, changed, back }) {
    this.signal = signal;
    this.changed = changed;
    this.back = back;
    this.event = null;
    this.urls = [];
    this.node = h("section", { class: "panel detail-panel", "aria-live": "polite" }, h("p", { class: "muted" }, t("ev_choose")));
    signal.addEventListener("abort", () => this.#forget());
  }

  #forget() {
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
  }

  async #picture(path, mine) {
    try {
      const url = await picture(path, this.signal);
      if (mine !== this.turn || this.signal.aborted) {
        URL.revokeObjectURL(url);
        return "";
      }
      this.urls.push(url);
      return url;
    } catch {
      return "";
    }
  }

  show(event) {
    this.turn = Symbol("turn");
    this.#forget();
    this.event = event;
    this.acts = event && new Acts(event, { changed: (next) => this.#done(next), keys: true });
    if (!event) {
      this.node.replaceChildren(h("p", { class: "muted" }, t("ev_choose")));
      return;
    }
    const at = moment(event.opened_at);
    this.words = h("ol", { class: "words" });
    this.stage = h("div", { class: "evidence" });
    this.node.replaceChildren(
      h(
        "header",
        { class: "detail-head" },
        h("button", { type: "button", class: "round back", "aria-label": t("ev_back"), onclick: () => this.back() }, icon("close")),
        h("div", {}, h("h3", {}, badge(event, 18)), h("p", { class: "muted" }, `${cameraName(event.camera)} · ${at.full}`)),
        this.acts.state,
      ),
      h("p", { class: "lead" }, event.plate ? plate(event.plate) : null, (!event.plate && (event.text || summary(event))) || null),
      this.acts.buttons,
      this.acts.why,
      this.acts.said,
      h(
        "div",
        { class: "detail-body" },
        this.stage,
        h("div", { class: "facts" }, facts(event), h("h3", { class: "words-head", hidden: true }, t("ev_words")), this.words),
      ),
    );
    this.#evidence(event, this.turn);
    this.#history(event, this.turn);
  }

  async act(act, assignee = "") {
    await this.acts?.act(act, assignee);
  }

  async judge(verdict, reason = "") {
    await this.acts?.judge(verdict, reason);
  }

  askWhy() {
    this.acts?.askWhy();
  }

  #done(next) {
    this.changed(next);
    if (this.event?.id !== next.id) return;
    this.event = next;
    this.#say(next);
  }

  /** What was said just now is shown at once; the store may need a moment. */
  #say({ feedback, handling }) {
    const newest = [feedback && { ...feedback, kind: "feedback", what: feedback.verdict, note: feedback.reason }, handling && { ...handling, kind: "handling", what: handling.act }]
      .filter(Boolean)
      .sort((one, other) => (one.at < other.at ? 1 : -1))[0];
    if (newest) this.#word(newest);
  }

  #word(word) {
    const what = named(word.kind === "feedback" ? "verdict" : "act", word.what);
    const more = [word.what === "assigned" && word.assignee, word.plate, word.kind === "feedback" && word.note ? named("reason", word.note) : word.note].filter(Boolean).join(" · ");
    this.words.append(h("li", {}, h("b", {}, what), more && ` ${more}`, h("span", { class: "muted" }, ` ${word.user}, ${moment(word.at).short}`)));
    this.node.querySelector(".words-head").hidden = false;
  }

  async #history(event, mine) {
    try {
      const { items } = await ask(`/api/v1/events/${encodeURIComponent(event.id)}/words`, { signal: this.signal });
      if (mine === this.turn) for (const word of items) this.#word(word);
    } catch {
      // the event stands without it
    }
  }

  async #evidence(event, mine) {
    let trace = { path: [], shots: [], reads: [] };
    try {
      trace = await ask(`/api/v1/events/${encodeURIComponent(event.id)}/trace`, { signal: this.signal });
    } catch (error) {
      if (error.status === 401) return;
    }
    if (mine !== this.turn) return;
    const photos = this.#photos(event, trace, mine);
    const way = trace.path.length ? this.#way(event, trace, mine) : null;
    const tabs = [photos, way].filter(Boolean);
    if (!tabs.length) return;
    const turn = (chosen) => {
      for (const tab of tabs) {
        tab.node.hidden = tab !== chosen;
        tab.button.setAttribute("aria-pressed", String(tab === chosen));
      }
      chosen.begin();
    };
    for (const tab of tabs) tab.button = h("button", { type: "button", onclick: () => turn(tab) }, t(tab.key));
    this.stage.replaceChildren(tabs.length > 1 ? h("div", { class: "segmented", role: "group" }, tabs.map((tab) => tab.button)) : "", ...tabs.map((tab) => tab.node));
    turn(tabs[0]);
  }

  #photos(event, trace, mine) {
    const own = event.photos.map((photo) => ({ id: photo.shot_id, url: photo.url, at: photo.captured_at, crop: null, box: null, quad: photo.quad }));
    const shots = trace.shots.length ? trace.shots : own;
    if (!shots.length) return null;
    const overlay = new Overlay();
    const reads = (shot) => trace.reads.filter((read) => read.shot === shot.id);
    const show = async (shot, button) => {
      for (const other of strip.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
      button?.setAttribute("aria-pressed", "true");
      const url = await this.#picture(shot.url, mine);
      if (mine !== this.turn) return;
      overlay.show(url, (at) => {
        if (!shot.crop) return [];
        const [x1, y1, x2, y2] = shot.crop;
        const place = ([x, y]) => at((x - x1) / (x2 - x1), (y - y1) / (y2 - y1));
        return reads(shot).filter((read) => read.quad.length).flatMap((read) => {
          const [left, top] = place(read.quad[0]);
          return [
            s("polygon", { class: "quad", points: points(read.quad, place) }),
            read.text && s("text", { class: "quad-text", x: left, y: Math.max(34, top - 14) }, `${read.text} ${percent(read.confidence)}`),
          ];
        });
      });
    };
    const strip = h("div", { class: "strip" });
    const buttons = shots.map((shot) => {
      const [read] = reads(shot);
      const button = h(
        "button",
        { type: "button", class: "strip-one", "aria-pressed": "false", "aria-label": `${moment(shot.at).full} ${read?.text ?? ""}`, onclick: () => show(shot, button) },
        h("time", {}, moment(shot.at).full.slice(-8)),
        h("span", { class: read?.text ? "read-text" : "muted" }, read?.text || "–"),
        read ? h("span", { class: "muted" }, percent(read.confidence)) : null,
      );
      return button;
    });
    strip.append(...buttons);
    const best = Math.max(0, shots.findIndex((shot) => shot.id === event.photos[0]?.shot_id));
    return {
      key: "ev_photo",
      node: h("div", {}, overlay.node, strip, trace.reads.length ? null : h("p", { class: "muted fine" }, t("ev_no_reads"))),
      begin: () => overlay.image.src || show(shots[best], buttons[best]),
    };
  }

  #way(event, trace, mine) {
    const overlay = new Overlay();
    const { path } = trace;
    const near = path.findIndex((step) => step.at >= event.opened_at);
    let place = near < 0 ? path.length - 1 : near;
    const foot = (box, at) => at((box[0] + box[2]) / 2, box[3]);
    let rules = { lines: [], zones: [] };
    const draw = (at) => [
      ...rules.zones.map((zone) => s("polygon", { class: "rule-zone", points: points(zone.points, ([x, y]) => at(x, y)) })),
      ...rules.lines.map((line) => s("line", { class: "rule-line", x1: at(...line.a)[0], y1: at(...line.a)[1], x2: at(...line.b)[0], y2: at(...line.b)[1] })),
      s("polyline", { class: "way-halo", points: path.map((step) => foot(step.box, at).join(",")).join(" ") }),
      s("polyline", { class: "way-path", points: path.map((step) => foot(step.box, at).join(",")).join(" ") }),
      s("circle", { class: "way-start", cx: foot(path[0].box, at)[0], cy: foot(path[0].box, at)[1], r: 9 }),
      s("circle", { class: "way-end", cx: foot(path.at(-1).box, at)[0], cy: foot(path.at(-1).box, at)[1], r: 9 }),
      rectangle(path[place].box, at, "way-box"),
    ];
    const when = h("output", { class: "muted" });
    const slider = h("input", { type: "range", min: 0, max: path.length - 1, value: place, "aria-label": t("ev_moment") });
    const move = () => {
      place = Number(slider.value);
      when.textContent = moment(path[place].at).full.slice(-8);
      overlay.redraw();
    };
    slider.addEventListener("input", move);
    let begun = false;
    return {
      key: "ev_way",
      node: h("div", {}, overlay.node, h("div", { class: "slider" }, slider, when), h("p", { class: "muted fine" }, t("ev_way_now"))),
      begin: async () => {
        if (begun) return;
        begun = true;
        overlay.show("", draw);
        move();
        const settings = await ask(`/api/v1/cameras/${event.camera}/functions/${event.function}`).catch(() => null);
        rules = { lines: settings?.settings.lines ?? [], zones: settings?.settings.zones ?? [] };
        overlay.show(await this.#picture(`/api/v1/cameras/${event.camera}/snapshot.jpg`, mine), draw);
      },
    };
  }
}
