// Templates of scenarios as cards to choose from.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { current, t } from "/console/i18n.js";

/** Cards that fill themselves; `pick(name)` is told which one was chosen, "" = none. */
export function templateCards(pick, { none = false } = {}) {
  const box = h("div", { class: "templates" });
  const card = (name, title, about) =>
    h("button", { type: "button", class: "template", "data-template": name, onclick: () => pick(name) }, h("b", {}, title), h("span", { class: "muted" }, about));
  ask("/api/v1/templates").then(
    ({ items }) => {
      box.append(...items.map((one) => card(one.name, one.title[current()], one.about[current()])));
      if (none) box.append(card("", t("template_none"), t("template_none_text")));
    },
    (error) => box.append(h("p", { class: "fault" }, error.message)),
  );
  return box;
}
