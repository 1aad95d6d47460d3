// What people do about an event: acknowledge, judge, hand over, close. The page of events and the dialog of one event have the same.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import "/console/texts/events.js";

const REASONS = ["animal", "light", "weather", "shake", "object", "place", "allowed", "other"];
const TONES = { confirmed: "good", false_alarm: "bad", corrected: "accent", not_person: "bad" };
const ACT_TONES = { acknowledged: "accent", assigned: "accent", escalated: "warn", closed: "good", reopened: "warn" };

/** What people said of an event, as a chip. */
export function judged(event) {
  const said = event.feedback;
  return said && h("span", { class: `chip ${TONES[said.verdict] ?? ""}`, title: said.reason ? named("reason", said.reason) : null }, named("verdict", said.verdict));
}

/** Where its handling stands, as a chip. */
export function handled(event) {
  const done = event.handling;
  if (!done) return null;
  const who = done.act === "assigned" ? done.assignee : "";
  return h("span", { class: `chip ${ACT_TONES[done.act] ?? ""}`, title: `${done.user} ${done.note}`.trim() }, named("act", done.act), who && `: ${who}`);
}

export class Acts {
  /** `changed(event)` is told what the event is after something was done; `keys`: the buttons name theirs. */
  constructor(event, { changed = () => {}, keys = false } = {}) {
    this.event = event;
    this.changed = changed;
    this.keys = keys;
    this.state = h("span", { class: "states" });
    this.why = h("div", { class: "why", hidden: true });
    this.said = h("p", { role: "status", hidden: true });
    this.buttons = h("div", { class: "acts", role: "group", "aria-label": t("ev_handling") });
    this.#draw();
  }

  #draw() {
    this.state.replaceChildren(...[judged(this.event), handled(this.event)].filter(Boolean));
    const button = (key, work, kind = "secondary", press = null) =>
      h("button", { type: "button", class: `${kind} small`, "data-act": key, onclick: work }, t(key), this.keys && press && h("kbd", {}, press));
    const closed = this.event.handling?.act === "closed";
    this.buttons.replaceChildren(
      button("ev_acknowledge", () => this.act("acknowledged"), "primary", "a"),
      button("ev_false", () => this.askWhy(), "secondary", "f"),
      button("ev_confirm", () => this.judge("confirmed"), "secondary", "c"),
      button("ev_assign", () => this.#askWhom()),
      button("ev_escalate", () => this.act("escalated")),
      closed ? button("ev_reopen", () => this.act("reopened")) : button("ev_close", () => this.act("closed"), "secondary", "x"),
    );
  }

  #askWhom() {
    const whom = h("input", { maxlength: 100, placeholder: t("ev_assign_to"), "aria-label": t("ev_assign_to") });
    const form = h("form", { class: "with-button" }, whom, h("button", { class: "primary small" }, t("ev_assign")));
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      this.act("assigned", whom.value.trim());
    });
    this.why.replaceChildren(form);
    this.why.hidden = false;
    whom.focus();
  }

  /** Opens the reasons of a false alarm; one click says it. */
  askWhy() {
    const reasons = REASONS.map((reason) =>
      h("button", { type: "button", class: "secondary small", "data-reason": reason, onclick: () => this.judge("false_alarm", reason) }, t(`reason_${reason}`)),
    );
    this.why.replaceChildren(h("p", { class: "muted" }, t("ev_why")), h("div", { class: "reasons" }, reasons));
    this.why.hidden = false;
    reasons[0].focus();
  }

  async act(act, assignee = "") {
    await this.#done(async () => ({ handling: (await this.#say("handling", { act, assignee })).handling }));
  }

  async judge(verdict, reason = "") {
    await this.#done(async () => ({ feedback: await this.#say("feedback", { verdict, reason }) }));
  }

  #say(what, body) {
    return ask(`/api/v1/events/${encodeURIComponent(this.event.id)}/${what}`, { method: "POST", body });
  }

  async #done(work) {
    try {
      this.event = { ...this.event, ...(await work()) };
      this.why.hidden = true;
      this.said.hidden = true;
      this.#draw();
      this.changed(this.event);
    } catch (error) {
      this.said.className = "fault";
      this.said.textContent = error.message;
      this.said.hidden = false;
    }
  }
}
