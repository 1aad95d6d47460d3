// The table of somebody's tokens, and the form that makes one.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { moment } from "/console/time.js";

const ROLES = ["viewer", "operator", "administrator", "integration"];

export function roleSelect(chosen) {
  return h("select", { name: "role" }, ...ROLES.map((role) => h("option", { value: role, selected: role === chosen }, t(`role_${role}`))));
}

function table(tokens, revoke) {
  const head = ["token_name", "role", "token_made", "token_ends", "token_used"].map((key) => h("th", {}, t(key)));
  const rows = tokens.map((one) =>
    h(
      "tr",
      {},
      h("td", { class: "wrap" }, one.name),
      h("td", {}, t(`role_${one.role}`)),
      h("td", {}, moment(one.made_at).day),
      h("td", {}, one.expired ? h("span", { class: "chip bad" }, t("token_expired")) : one.expires_at ? moment(one.expires_at).day : t("token_never")),
      h("td", {}, one.used_at ? `${moment(one.used_at).short} · ${one.used_from}` : "–"),
      h("td", {}, h("button", { type: "button", class: "quiet", onclick: () => revoke(one) }, t("token_revoke"))),
    ),
  );
  return h("div", { class: "table-box" }, h("table", {}, h("thead", {}, h("tr", {}, ...head, h("th", {}))), h("tbody", {}, ...rows)));
}

/** A panel over `path` (…/tokens), which redraws itself. */
export function tokensPanel(path, role) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const list = h("div", {});
  const secret = h("div", { class: "secret", hidden: true, role: "status" });
  const fail = (error) => {
    fault.hidden = !error;
    fault.textContent = error?.message ?? "";
  };
  async function draw() {
    const { items } = await ask(path);
    const revoke = (one) => ask(`${path}/${encodeURIComponent(one.id)}`, { method: "DELETE" }).then(draw).then(() => fail(), fail);
    list.replaceChildren(items.length ? table(items, revoke) : h("p", { class: "muted" }, t("tokens_none")));
  }
  const form = h(
    "form",
    { class: "access-form", autocomplete: "off" },
    h("label", {}, t("token_name"), h("input", { name: "name", required: true, maxlength: 100 })),
    h("label", {}, t("role"), roleSelect(role)),
    h("label", {}, t("token_days"), h("input", { name: "days", type: "number", min: 1, max: 3650, value: 365 })),
    h("button", { class: "primary small", type: "submit" }, t("token_make")),
  );
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const { name, role: wanted, days } = Object.fromEntries(new FormData(form));
    try {
      const made = await ask(path, { method: "POST", body: { name, role: wanted, days: days ? Number(days) : null } });
      secret.replaceChildren(t("token_secret"), h("code", {}, made.secret));
      secret.hidden = false;
      form.reset();
      fail();
      await draw();
    } catch (error) {
      fail(error);
    }
  });
  draw().catch(fail);
  return h("section", { class: "panel" }, h("h3", {}, t("tokens")), h("p", { class: "muted" }, t("tokens_text")), list, secret, form, fault);
}
