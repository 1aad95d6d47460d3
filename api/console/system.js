// The system: parts, cameras with their cause, queues and who reads them, dead letters, storage.

import "/console/texts/work.js";
import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { said, status } from "/console/status.js";
import { table } from "/console/tables.js";
import { moment } from "/console/time.js";

const RENEW_MS = 5000;
const LETTERS = 30;
const TONES = { ok: "good", behind: "warn", silent: "bad", stopped: "bad", live: "good", lost: "bad", connecting: "warn" };
const RESUMABLE = new Set(["store", "recognise"]);

const chip = (state, words) => h("span", { class: `chip ${TONES[state] ?? ""}` }, words);
const when = (text) => (text ? moment(text).short : "–");

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let place = 0;
  let value = bytes;
  for (; value >= 1024 && place < units.length - 1; place += 1) value /= 1024;
  return `${value < 10 && place ? value.toFixed(1) : Math.round(value)} ${units[place]}`;
}

function meter(share) {
  const percent = Math.min(100, Math.round(share * 100));
  return h("span", { class: "meter-cell" }, h("meter", { min: 0, max: 100, low: 70, high: 90, optimum: 10, value: percent, "aria-label": t("sys_full") }), `${percent} %`);
}

function stages(reader) {
  if (["store", "photos", "looks", "reads"].includes(reader)) return "store";
  return reader.startsWith("recognise") ? "recognise" : "";
}

export async function open(node, { signal }) {
  const page = new System(signal);
  node.append(...page.nodes);
  await Promise.all([page.renew(), page.letters.read()]);
  const turn = setInterval(() => document.hidden || page.renew().catch(() => {}), RENEW_MS);
  signal.addEventListener("abort", () => clearInterval(turn));
}

class System {
  constructor(signal) {
    this.signal = signal;
    this.letters = new Letters(signal);
    this.words = status();
    this.parts = h("ul", { class: "parts" });
    this.boxes = Object.fromEntries(["cameras", "queues", "readers", "tables"].map((name) => [name, h("div", {})]));
    this.disks = h("ul", { class: "disks" });
    this.version = h("span", { class: "muted" });
    const panel = (key, ...inside) => h("section", { class: "panel" }, h("h3", {}, t(key)), inside);
    this.nodes = [
      h("div", { class: "page-head" }, h("h2", {}, t("menu_system")), this.version),
      this.words.node,
      panel("sys_parts", this.parts),
      h("div", { class: "halves" }, panel("sys_cameras", this.boxes.cameras), panel("sys_storage", this.disks, this.boxes.tables)),
      panel("sys_queues", this.boxes.queues, this.boxes.readers),
      this.letters.node,
    ];
  }

  async renew() {
    const [found, cameras] = await Promise.all([
      ask("/api/v1/system", { signal: this.signal }),
      ask("/api/v1/cameras", { signal: this.signal }).catch(() => ({ items: [] })),
    ]);
    this.version.textContent = `zool ${found.version}`;
    this.parts.replaceChildren(
      ...Object.entries(found.components).map(([name, part]) =>
        h("li", { class: part.ok ? "" : "bad" }, h("b", {}, named("health", name)), chip(part.ok ? "ok" : "lost", t(part.ok ? "sys_fine" : "sys_away")), part.detail && h("span", { class: "muted" }, part.detail)),
      ),
    );
    this.#cameras(cameras.items);
    this.#queues(found.queues);
    this.disks.replaceChildren(...found.disks.map((disk) => h("li", {}, h("b", {}, `${t("sys_disk")} ${disk.name}`), `${size(disk.free_bytes)} ${t("sys_free")} ${size(disk.total_bytes)}`, meter(1 - disk.free_bytes / Math.max(1, disk.total_bytes)))));
    const rows = found.tables.map((one) => [one.table, one.rows.toLocaleString(), size(one.bytes), when(one.first_at), when(one.last_at)]);
    this.#put("tables", table(t("sys_storage"), ["sys_table", "sys_rows", "sys_size", "sys_oldest", "sys_newest"].map(t), rows));
  }

  /** Drawn anew only when something changed: who reads a table keeps their place. */
  #put(name, node) {
    const box = this.boxes[name];
    if (box.firstElementChild?.textContent !== node.textContent) box.replaceChildren(node);
  }

  #cameras(items) {
    const rank = { lost: 0, degraded: 1, connecting: 2, maintenance: 3, unknown: 4, live: 5 };
    const phase = (one) => (one.enabled ? one.state.phase : "disabled");
    const rows = [...items]
      .sort((one, other) => (rank[phase(one)] ?? 6) - (rank[phase(other)] ?? 6))
      .map((one) => {
        const cause = phase(one) === "live" ? [!one.state.inference_ok && t("no_inference"), one.state.crops_detail && `${t("sys_crops")}: ${one.state.crops_detail}`].filter(Boolean).join(" · ") : one.state.detail;
        return [h("a", { href: `#/camera?id=${one.id}` }, one.name), chip(phase(one), named("phase", phase(one))), cause ? h("span", { class: "wrap" }, cause) : "", one.state.fps ? `${one.state.fps.toFixed(0)} ${t("fps")}` : "", when(one.state.since)];
      });
    this.#put("cameras", table(t("sys_cameras"), [t("details_camera"), t("sys_state"), t("sys_camera_cause"), "", t("sys_since")], rows));
  }

  #queues(queues) {
    const days = (s) => (s >= 86400 ? `${Math.round(s / 86400)} ${t("sys_days")}` : `${Math.round(s / 60)} ${t("sys_minutes")}`);
    const rows = queues.map((one) => [h("span", {}, h("b", {}, one.name), ` ${one.what}`), one.messages.toLocaleString(), size(one.bytes), one.bytes_max ? meter(one.bytes / one.bytes_max) : "–", days(one.age_s_max), when(one.last_at)]);
    this.#put("queues", table(t("sys_queues"), ["sys_queue", "sys_messages", "sys_size", "sys_full", "sys_kept", "sys_last"].map(t), rows));
    const readers = queues.flatMap((queue) =>
      queue.readers.map((one) => {
        const stage = stages(one.name);
        const go = one.state === "stopped" && RESUMABLE.has(stage) ? h("button", { type: "button", class: "secondary small", onclick: () => this.#resume(stage) }, t("sys_resume")) : "";
        return [one.name, queue.name, one.waiting.toLocaleString(), one.in_hand.toLocaleString(), when(one.active_at), h("span", { class: "meter-cell" }, chip(one.state, one.words), go)];
      }),
    );
    this.#put("readers", readers.length ? table(t("sys_reader"), ["sys_reader", "sys_queue", "sys_waiting", "sys_in_hand", "sys_last", "sys_state"].map(t), readers) : h("span", {}));
  }

  async #resume(stage) {
    try {
      await ask(`/api/v1/dead/resume/${stage}`, { method: "POST", body: {} });
      this.words.good(`${t("sys_resumed")}: ${stage}`);
    } catch (error) {
      this.words.bad(said(error));
    }
  }
}

class Letters {
  constructor(signal) {
    this.signal = signal;
    this.items = [];
    this.next = null;
    this.words = status();
    this.box = h("div", {});
    this.total = h("span", { class: "chip" });
    this.stage = h("input", { class: "short", placeholder: t("sys_all_stages"), "aria-label": t("sys_stage"), pattern: "[a-z0-9_\\-]*", onchange: () => this.read() });
    this.reason = h("input", { placeholder: t("sys_reason"), "aria-label": t("sys_reason"), maxlength: 200, onchange: () => this.read() });
    this.all = h(
      "span",
      { class: "end" },
      h("button", { type: "button", class: "secondary small", "data-all": "replay", onclick: () => this.#every("replay") }, t("sys_replay_all")),
      h("button", { type: "button", class: "danger small", "data-all": "drop", onclick: () => window.confirm(t("sys_drop_all_sure")) && this.#every("drop") }, t("sys_drop_all")),
    );
    this.further = h("button", { type: "button", class: "wide", hidden: true, onclick: () => this.#more() }, t("sys_more"));
    this.node = h("section", { class: "panel" }, h("h3", {}, t("sys_dead"), " ", this.total), h("div", { class: "bar-filters" }, this.stage, this.reason, this.all), this.words.node, this.box, this.further);
  }

  #wanted() {
    return Object.fromEntries([["stage", this.stage.value.trim()], ["reason", this.reason.value.trim()]].filter(([, value]) => value));
  }

  async read() {
    this.items = [];
    this.next = 0;
    await this.#more();
  }

  async #more() {
    try {
      const query = new URLSearchParams({ ...this.#wanted(), after: this.next ?? 0, limit: LETTERS });
      const found = await ask(`/api/v1/dead?${query}`, { signal: this.signal });
      this.items.push(...found.items);
      this.next = found.next_after;
      this.total.textContent = String(found.total);
      this.total.className = `chip ${found.total ? "warn" : "good"}`;
    } catch (error) {
      this.words.bad(said(error));
    }
    this.#draw();
  }

  #draw() {
    this.further.hidden = this.next === null;
    this.all.hidden = !this.items.length;
    const rows = this.items.map((letter) => {
      const act = (key, work, kind) => h("button", { type: "button", class: `${kind} small`, "data-act": key, onclick: work }, t(key));
      const acts = h("span", { class: "acts" }, act("sys_show", () => this.#show(letter), "secondary"), letter.replayable ? act("sys_replay", () => this.#one(letter, "replay"), "secondary") : "", act("sys_drop", () => window.confirm(t("sys_drop_sure")) && this.#one(letter, "drop"), "danger"));
      return [letter.stage, h("span", { class: "wrap" }, letter.reason), letter.subject, when(letter.died_at), size(letter.size_bytes), acts];
    });
    this.box.replaceChildren(rows.length ? table(t("sys_dead"), [t("sys_stage"), t("sys_reason"), t("sys_subject"), t("sys_died"), t("sys_size"), ""], rows) : h("p", { class: "muted" }, t("sys_no_dead")));
  }

  async #show(letter) {
    try {
      const found = await ask(`/api/v1/dead/${letter.seq}`, { signal: this.signal });
      const dialog = h("dialog", { class: "letter", "aria-label": letter.reason }, h("header", { class: "dialog-head" }, h("h2", {}, letter.reason), h("button", { type: "button", class: "secondary small", onclick: () => dialog.close() }, t("close"))), h("pre", { tabindex: "0" }, JSON.stringify(found, null, 2)));
      dialog.addEventListener("close", () => dialog.remove());
      this.node.append(dialog);
      dialog.showModal();
    } catch (error) {
      this.words.bad(said(error));
    }
  }

  async #one(letter, act) {
    try {
      await ask(`/api/v1/dead/${letter.seq}${act === "replay" ? "/replay" : ""}`, { method: act === "replay" ? "POST" : "DELETE", ...(act === "replay" ? { body: {} } : {}) });
      this.words.good(`${t("sys_done")} 1`);
      await this.read();
    } catch (error) {
      this.words.bad(said(error));
    }
  }

  /** All that the filters let through, call after call until nothing is left. */
  async #every(act) {
    const sums = { done: 0, refused: 0 };
    let place = {};
    try {
      do {
        const told = await ask(`/api/v1/dead/${act}`, { method: "POST", body: { ...this.#wanted(), ...place }, signal: this.signal });
        sums.done += told.done;
        sums.refused += told.refused;
        place = told.next_after === null ? null : { after: told.next_after, upto: told.upto };
      } while (place && !this.signal.aborted);
      this.words.good(`${t("sys_done")} ${sums.done}${sums.refused ? ` · ${t("sys_refused")} ${sums.refused}` : ""}`);
    } catch (error) {
      this.words.bad(said(error));
    }
    await this.read();
  }
}
