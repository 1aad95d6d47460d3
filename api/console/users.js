// Who may come in: users with role, regions, password and tokens.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { know, who } from "/console/signin.js";
import { roleSelect, tokensPanel } from "/console/tokens.js";
import { moment } from "/console/time.js";

const words = (key, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), t(key));
const regionsOf = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);
const path = (user) => `/api/v1/users/${encodeURIComponent(user.name)}`;

export async function open(node, { query, go }) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const list = h("section", { class: "panel" });
  const more = h("div", { class: "page-more" });
  const act = (work) => async () => {
    try {
      await work();
      fault.hidden = true;
    } catch (error) {
      fault.hidden = false;
      fault.textContent = error.message;
    }
    await draw();
  };

  function row(user) {
    const change = (body) => ask(path(user), { method: "PATCH", body, match: user.etag });
    const role = roleSelect(user.role);
    role.setAttribute("aria-label", t("role"));
    role.addEventListener("change", act(() => change({ role: role.value })));
    const regions = h("input", { value: user.regions.join(", "), placeholder: t("user_all"), "aria-label": t("user_regions"), title: t("user_regions_hint") });
    regions.addEventListener("change", act(() => change({ regions: regionsOf(regions.value) })));
    const state = user.disabled ? h("span", { class: "chip bad" }, t("user_off")) : h("span", { class: `chip ${user.has_password ? "good" : ""}` }, t(user.has_password ? "user_on" : "user_no_password"));
    return h(
      "tr",
      {},
      h("td", {}, h("a", { href: `#/users?name=${encodeURIComponent(user.name)}` }, user.name), user.title ? ` · ${user.title}` : ""),
      h("td", {}, role),
      h("td", {}, regions),
      h("td", {}, user.seen_at ? moment(user.seen_at).short : "–"),
      h("td", {}, state),
      h(
        "td",
        {},
        h(
          "div",
          { class: "row-acts" },
          h("button", { type: "button", class: "quiet", onclick: act(() => change({ disabled: !user.disabled })) }, t(user.disabled ? "user_switch_on" : "user_switch_off")),
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              onclick: act(async () => {
                if (confirm(words("user_remove_sure", { name: user.name }))) await ask(path(user), { method: "DELETE", match: user.etag });
              }),
            },
            t("user_remove"),
          ),
        ),
      ),
    );
  }

  async function draw() {
    const { items } = await ask("/api/v1/users");
    const head = ["user_name", "role", "user_regions", "user_seen", "user_state"].map((key) => h("th", {}, t(key)));
    list.replaceChildren(
      items.length
        ? h("div", { class: "table-box" }, h("table", {}, h("thead", {}, h("tr", {}, ...head, h("th", {}))), h("tbody", {}, ...items.map(row))))
        : h("p", { class: "muted" }, t("user_none")),
    );
    const chosen = items.find((user) => user.name === query.get("name"));
    if (chosen && !more.childElementCount) more.append(passwordForm(chosen), tokensPanel(`${path(chosen)}/tokens`, chosen.role));
  }

  function passwordForm(user) {
    const form = h(
      "form",
      { class: "access-form" },
      h("label", {}, t("password_new"), h("input", { name: "password", type: "password", required: true, autocomplete: "new-password" })),
      h("button", { class: "primary small", type: "submit" }, t("user_set_password")),
    );
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      act(() => ask(`${path(user)}/password`, { method: "PUT", body: Object.fromEntries(new FormData(form)) }))();
      form.reset();
    });
    return h("section", { class: "panel" }, h("h3", {}, words("user_new_password", { name: user.name })), form);
  }

  const add = h(
    "form",
    { class: "access-form", id: "add-user", autocomplete: "off" },
    h("label", {}, t("user_name"), h("input", { name: "name", required: true, maxlength: 64, pattern: "[a-z0-9][a-z0-9_\\-]*", autocapitalize: "none", autocomplete: "off" })),
    h("label", {}, t("user_title"), h("input", { name: "title", maxlength: 200 })),
    h("label", {}, t("role"), roleSelect(who?.first_run ? "administrator" : "operator")),
    h("label", {}, t("user_regions"), h("input", { name: "regions", placeholder: t("user_regions_hint") })),
    h("label", {}, t("login_password"), h("input", { name: "password", type: "password", autocomplete: "new-password" })),
    h("button", { class: "primary small", type: "submit" }, t("user_add")),
  );
  const signInAs = (name) =>
    h(
      "p",
      { class: "notice", role: "status" },
      words("first_run_done", { name }),
      " ",
      h("button", { type: "button", class: "primary small", onclick: () => document.getElementById("leave").click() }, t("first_run_again")),
    );
  add.addEventListener("submit", (submit) => {
    submit.preventDefault();
    const { name, title, role, regions, password } = Object.fromEntries(new FormData(add));
    act(async () => {
      await ask("/api/v1/users", { method: "POST", body: { name, title, role, regions: regionsOf(regions), password: password || null } });
      add.reset();
      const first = who?.first_run;
      await know();
      if (first && !who?.first_run) node.querySelector(".page-head").after(signInAs(name));
    })();
  });
  const back = query.get("name") ? h("button", { type: "button", class: "quiet", onclick: () => go("users") }, t("menu_users")) : null;
  node.append(h("div", { class: "page-head" }, h("h2", {}, query.get("name") ?? t("menu_users")), back ?? ""), list, more, fault);
  if (!query.get("name")) node.append(h("section", { class: "panel" }, h("h3", {}, t("user_add")), add));
  await draw();
}
