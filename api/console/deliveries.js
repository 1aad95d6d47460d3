// Where events are sent, which, and what became of it.

import "/console/texts/deliveries.js";
import "/console/texts/setup.js";
import { ask } from "/console/api.js";
import { KINDS, editRule, editTarget } from "/console/delivery-forms.js";
import { h } from "/console/dom.js";
import { openEvent } from "/console/event.js";
import { named, t } from "/console/i18n.js";
import { kindName } from "/console/modules.js";
import { said, status } from "/console/status.js";
import { moment } from "/console/time.js";

const BASE = "/api/v1/deliveries";
const CHIPS = { sent: "good", retrying: "warn", dead: "bad", expired: "bad" };

export async function open(node, { signal }) {
  const [{ items: targets }, { items: rules }, { items: kinds }] = await Promise.all(
    ["targets", "rules", "kinds"].map((one) => ask(`${BASE}/${one}`, { signal })),
  );
  const people = new Set(kinds.filter((one) => one.for_people).map((one) => one.kind));
  const done = () => window.dispatchEvent(new HashChangeEvent("hashchange"));
  const words = status();
  const add = h(
    "select",
    { "aria-label": t("deliveries_add"), onchange: () => { const kind = add.value; add.value = ""; editTarget({ kind, done }); } },
    h("option", { value: "" }, `+ ${t("deliveries_add")}`),
    KINDS.map((kind) => h("option", { value: kind }, t(`target_${kind}`))),
  );
  node.append(
    h("div", { class: "page-head" }, h("h2", {}, t("deliveries_title"))),
    words.node,
    h("div", { class: "page-head" }, h("h3", {}, t("deliveries_targets")), add),
    targets.length ? table(["deliveries_name", "deliveries_kind", "deliveries_state", ""], targets.map((one) => targetRow(one, { done, words }))) : h("div", { class: "empty" }, h("p", {}, t("deliveries_none"))),
  );
  if (targets.length) {
    const button = h("button", { type: "button", class: "primary small", onclick: () => editRule({ targets, people, done }) }, t("deliveries_add"));
    node.append(
      h("div", { class: "page-head" }, h("h3", {}, t("deliveries_rules")), button),
      rules.length
        ? table(["deliveries_name", "deliveries_target", "deliveries_which", "rule_versions", ""], rules.map((one) => ruleRow(one, { targets, people, done, words })))
        : h("p", { class: "muted" }, t("deliveries_no_rules")),
    );
  }
  node.append(await logOf(targets, signal));
}

function table(head, rows) {
  return h("div", { class: "panel table-box" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head.map((key) => h("th", {}, key && t(key))))), h("tbody", {}, rows)));
}

function stateOf(target) {
  if (!target.enabled) return ["", t("deliveries_off")];
  if (!target.state) return ["warn", t("deliveries_silent")];
  return target.state.ok ? ["good", t("deliveries_good")] : ["bad", t("deliveries_away")];
}

function targetRow(target, { done, words }) {
  const [chip, title] = stateOf(target);
  const { waiting = 0, held = 0, detail = "", sent_at: sent } = target.state ?? {};
  const facts = [
    waiting && `${t("deliveries_waiting")}: ${waiting}`,
    held && `${t("deliveries_kept")}: ${held}`,
    sent && `${t("deliveries_sent_at")}: ${moment(sent).short}`,
    detail,
  ].filter(Boolean);
  const test = async () => {
    const open = target.kind === "relay";
    if (open && !window.confirm(t("deliveries_open_sure"))) return;
    words.busy(t("deliveries_testing"));
    try {
      const told = await ask(`${BASE}/targets/${target.id}/test`, { method: "POST", body: { open } });
      (told.ok ? words.good : words.bad)(`${target.name || target.id}: ${told.words} (${Math.round(told.took_ms)} ms)`);
    } catch (error) {
      words.bad(said(error));
    }
  };
  return h(
    "tr",
    {},
    h("td", {}, target.name || target.id),
    h("td", {}, t(`target_${target.kind}`)),
    h("td", { class: "wrap" }, h("span", { class: `chip ${chip}` }, title), " ", h("small", { class: "muted" }, facts.join(" · "))),
    h(
      "td",
      { class: "acts" },
      h("button", { type: "button", class: "secondary small", disabled: !target.enabled, onclick: test }, t("deliveries_test")),
      h("button", { type: "button", class: "secondary small", onclick: () => editTarget({ kind: target.kind, target, done }) }, t("deliveries_edit")),
      h("button", { type: "button", class: "danger small", onclick: () => remove("targets", target, { done, words }) }, t("deliveries_remove")),
    ),
  );
}

function ruleRow(rule, { targets, people, done, words }) {
  const target = targets.find((one) => one.id === rule.target);
  const asked = [...rule.kinds.map(kindName), ...rule.cameras, ...rule.regions, ...rule.lists.map((one) => named("list", one))];
  if (rule.severity !== "info") asked.push(`≥ ${rule.severity}`);
  return h(
    "tr",
    {},
    h("td", {}, rule.name || rule.id, rule.enabled ? null : h("span", { class: "chip" }, t("deliveries_off"))),
    h("td", {}, target?.name || rule.target),
    h("td", { class: "wrap" }, asked.join(", ") || t("deliveries_all")),
    h("td", {}, t(`choice_${rule.versions}`)),
    h(
      "td",
      { class: "acts" },
      h("button", { type: "button", class: "secondary small", onclick: () => editRule({ rule, targets, people, done }) }, t("deliveries_edit")),
      h("button", { type: "button", class: "danger small", onclick: () => remove("rules", rule, { done, words }) }, t("deliveries_remove")),
    ),
  );
}

async function remove(what, one, { done, words }) {
  if (!window.confirm(t(what === "targets" ? "deliveries_remove_target" : "deliveries_remove_rule"))) return;
  try {
    await ask(`${BASE}/${what}/${one.id}`, { method: "DELETE", match: one.etag });
    done();
  } catch (error) {
    words.bad(said(error));
  }
}

async function logOf(targets, signal) {
  const rows = h("tbody", {});
  const head = ["deliveries_at", "deliveries_target", "deliveries_what", "deliveries_outcome", "deliveries_tries", "deliveries_words"];
  const chosen = h("select", { "aria-label": t("deliveries_target"), onchange: () => load(true) }, h("option", { value: "" }, t("deliveries_all")), targets.map((one) => h("option", { value: one.id }, one.name || one.id)));
  const more = h("button", { type: "button", class: "secondary small", onclick: () => load(false) }, t("deliveries_more"));
  const empty = h("p", { class: "muted" }, t("deliveries_no_log"));
  let before = 0;
  const load = async (again) => {
    if (again) {
      before = 0;
      rows.replaceChildren();
    }
    const asked = new URLSearchParams({ limit: "50", before: String(before), target: chosen.value });
    if (!chosen.value) asked.delete("target");
    const { items, next_before: next } = await ask(`${BASE}/log?${asked}`, { signal });
    rows.append(...items.map(logRow));
    before = next ?? 0;
    more.hidden = next === null;
    empty.hidden = rows.childElementCount > 0;
  };
  await load(true);
  return h(
    "section",
    {},
    h("div", { class: "page-head" }, h("h3", {}, t("deliveries_log")), chosen),
    empty,
    h("div", { class: "panel table-box" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head.map((key) => h("th", {}, t(key))))), rows)),
    more,
  );
}

async function show(id) {
  try {
    openEvent(await ask(`/api/v1/events/${encodeURIComponent(id)}`), "");
  } catch (error) {
    console.info("event of the log:", error.message);
  }
}

function logRow(entry) {
  const first = entry.events[0];
  const what = entry.count > 1 ? `${entry.count} ${t("deliveries_events")}` : first ? kindName(first.kind) : entry.id;
  return h(
    "tr",
    {},
    h("td", { title: moment(entry.at).full }, moment(entry.at).short),
    h("td", {}, entry.target),
    h("td", {}, first && entry.count === 1 ? h("button", { type: "button", class: "link", onclick: () => show(first.event) }, what) : what),
    h("td", {}, h("span", { class: `chip ${CHIPS[entry.outcome]}` }, t(`outcome_${entry.outcome}`))),
    h("td", {}, String(entry.tries)),
    h("td", { class: "wrap muted" }, entry.words),
  );
}
