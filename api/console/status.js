// What became of an action, in a line that screen readers hear.

import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";

/** An error in words: its fields where it names some, else its sentence. */
export function said(error) {
  if (error?.status === 412 || error?.status === 428) return t("camera_changed");
  const errors = error?.problem?.errors ?? [];
  return errors.map((one) => `${one.field}: ${one.message}`).join(" · ") || error?.message || t("failed");
}

export function status() {
  const node = h("p", { role: "status", class: "status", hidden: true });
  const say = (kind, text) => {
    node.className = `status ${kind}`;
    node.textContent = text;
    node.hidden = !text;
  };
  return {
    node,
    good: (text) => say("good", text),
    bad: (text) => say("fault", text),
    busy: (text) => say("muted", text),
    clear: () => say("", ""),
  };
}
