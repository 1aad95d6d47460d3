// Settings of one camera for others: first what would be done, then the doing.

import { ask } from "/console/api.js";
import { byId, h, icon } from "/console/dom.js";
import { current, t } from "/console/i18n.js";
import { said, status } from "/console/status.js";

export async function copySettings(camera, own) {
  const dialog = byId("camera-dialog");
  const words = status();
  const [{ items: cameras }, { items: modules }] = await Promise.all([ask("/api/v1/cameras"), ask("/api/v1/functions")]);
  const others = cameras.filter((one) => one.id !== camera.id);
  const title = (name) => modules.find((one) => one.name === name)?.title[current()] ?? name;
  const boxes = (name, entries) => entries.map(([value, text, checked]) => h("label", { class: "check" }, h("input", { type: "checkbox", name, value, checked }), text));
  const shapes = h("input", { type: "checkbox" });
  const all = h("button", { type: "button", class: "link" }, t("copy_all"));
  const to = h("div", { class: "check-list" }, boxes("to", others.map((one) => [one.id, one.name, false])));
  const done = h("ul", { class: "copy-done" });
  const form = h(
    "form",
    { class: "sheet" },
    h("h3", {}, t("copy_functions")),
    own.length ? h("div", { class: "check-list" }, boxes("functions", own.map((name) => [name, title(name), true]))) : h("p", { class: "muted" }, t("copy_nothing")),
    h("label", { class: "check" }, shapes, t("copy_shapes")),
    h("div", { class: "row-head" }, h("h3", {}, t("copy_to")), all),
    others.length ? to : h("p", { class: "muted" }, t("copy_nobody")),
    done,
    words.node,
    h("footer", { class: "dialog-foot" }, h("button", { type: "button", class: "secondary", onclick: () => send(true) }, t("dry_run")), h("button", { type: "submit", class: "primary" }, t("copy_do"))),
  );
  all.addEventListener("click", () => to.querySelectorAll("input").forEach((one) => (one.checked = true)));
  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((one) => one.value);
  const send = async (dry) => {
    const body = { to: chosen("to"), functions: chosen("functions"), shapes: shapes.checked, dry_run: dry };
    if (!body.to.length || !body.functions.length) {
      words.bad(t("copy_choose"));
      return;
    }
    try {
      const { items } = await ask(`/api/v1/cameras/${camera.id}/copy`, { method: "POST", body });
      done.replaceChildren(...items.map((one) => outcome(one)));
      words.good(t(dry ? "dry_run_done" : "copy_done"));
    } catch (error) {
      words.bad(said(error));
    }
  };
  const outcome = (one) => {
    const parts = ["added", "changed", "unchanged"].filter((key) => one[key].length).map((key) => `${t(`copy_${key}`)}: ${one[key].map(title).join(", ")}`);
    return h("li", {}, h("b", {}, others.find((each) => each.id === one.camera)?.name ?? one.camera), ` ${parts.join(" · ")}`);
  };
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    send(false);
  });
  dialog.onclose = null;
  dialog.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: "camera-dialog-title" }, `${t("copy_title")}: ${camera.name}`), h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    form,
  );
  dialog.showModal();
}
