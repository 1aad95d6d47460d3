// One's own password and tokens.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { who } from "/console/signin.js";
import { tokensPanel } from "/console/tokens.js";

function passwordPanel() {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const field = (name, key, auto) => h("label", {}, t(key), h("input", { name, type: "password", required: true, autocomplete: auto }));
  const form = h(
    "form",
    { class: "access-form" },
    field("old", "password_old", "current-password"),
    field("new", "password_new", "new-password"),
    h("button", { class: "primary small", type: "submit" }, t("password_change")),
  );
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    try {
      await ask("/api/v1/session/password", { method: "PUT", body: Object.fromEntries(new FormData(form)) });
      location.reload();
    } catch (error) {
      fault.hidden = false;
      fault.textContent = error.message;
    }
  });
  return h("section", { class: "panel" }, h("h3", {}, t("password_own")), h("p", { class: "muted" }, t("password_hint")), form, fault);
}

export async function open(node) {
  const name = who?.title || who?.user || "";
  node.append(h("div", { class: "page-head" }, h("h2", {}, name), h("span", { class: "chip" }, who ? t(`role_${who.role}`) : "")));
  if (who?.came_by === "session") node.append(passwordPanel(), tokensPanel("/api/v1/session/tokens", who.role));
  else node.append(h("section", { class: "panel" }, h("p", { class: "muted" }, t("tokens_need_session"))));
}
