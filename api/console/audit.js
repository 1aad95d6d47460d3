// Who did what, newest first.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { moment } from "/console/time.js";

function change(one) {
  const name = `${one.bucket}/${one.key}`;
  if (one.before === null) return h("p", { class: "audit-change" }, `${name}: ${t("audit_made")}`);
  if (one.after === null) return h("p", { class: "audit-change" }, `${name}: ${t("audit_gone")}`);
  return h("p", { class: "audit-change" }, `${name}: ${JSON.stringify(one.before)} → ${JSON.stringify(one.after)}`);
}

function row(one) {
  const about = Object.entries(one.target).map(([name, value]) => `${name}=${value}`).join(" ");
  return h(
    "tr",
    {},
    h("td", {}, moment(one.at).short),
    h("td", {}, one.user || "–"),
    h("td", {}, one.address),
    h("td", {}, one.act),
    h("td", { class: "wrap" }, about, ...one.changes.map(change), one.reason ? h("p", { class: "audit-change" }, `${t("audit_reason")}: ${one.reason}`) : ""),
    h("td", {}, h("span", { class: `chip ${one.status >= 400 ? "bad" : ""}` }, String(one.status))),
  );
}

export async function open(node, { query, signal, go }) {
  const body = h("tbody", {});
  const none = h("p", { class: "muted", hidden: true }, t("audit_none"));
  const more = h("button", { type: "button", class: "wide", hidden: true }, t("audit_more"));
  const field = (name, key) => h("label", {}, t(key), h("input", { name, value: query.get(name) ?? "" }));
  const form = h("form", { class: "bar-filters" }, field("user", "audit_who"), field("act", "audit_filter"), field("target", "audit_target"));
  form.addEventListener("change", () => go("audit", Object.fromEntries(new FormData(form)), { replace: false }));
  form.addEventListener("submit", (submit) => submit.preventDefault());
  const head = ["audit_when", "audit_who", "audit_from", "audit_what", "audit_about", "audit_result"].map((key) => h("th", {}, t(key)));
  node.append(
    h("div", { class: "page-head" }, h("h2", {}, t("menu_audit")), form),
    h("section", { class: "panel" }, h("p", { class: "muted" }, t("audit_text")), h("div", { class: "table-box" }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), body)), none, more),
  );
  async function load(before) {
    const wanted = new URLSearchParams([...query].filter(([name, value]) => value && ["user", "act", "target"].includes(name)));
    if (before) wanted.set("before", before);
    const page = await ask(`/api/v1/audit?${wanted}`, { signal });
    body.append(...page.items.map(row));
    none.hidden = Boolean(body.childElementCount);
    more.hidden = page.next_before === null;
    more.onclick = () => load(page.next_before);
  }
  await load();
}
