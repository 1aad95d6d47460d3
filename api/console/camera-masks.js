// Privacy masks and motion masks of a camera, drawn over its picture like zones, and saved with the camera itself.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { ShapeEditor } from "/console/shapes.js";
import { said, status } from "/console/status.js";

const KINDS = ["privacy_masks", "motion_masks"];
const MASKS_MAX = 16;

/** A panel with the masks of a camera; `renewed(listener)` tells it of every new picture by its address. */
export function cameraMasks(given) {
  const node = h("details", { class: "panel camera-masks" }, h("summary", {}, t("masks")));
  node.addEventListener("toggle", () => node.append(...editing(given)), { once: true });
  return node;
}

function editing({ camera, path, renewed }) {
  const words = status();
  let kind = KINDS[0];
  const masks = Object.fromEntries(KINDS.map((one) => [one, camera[one] ?? []]));
  const editor = new ShapeEditor({
    onChange: () => {
      masks[kind] = editor.shapes.zones.map((zone) => zone.points);
      save.disabled = false;
      words.clear();
    },
    onSelect: () => draw(),
  });
  const tools = h("div", { class: "tools" });
  const save = h("button", { type: "button", class: "primary small", disabled: true, onclick: () => keep() }, t("save"));
  const about = h("p", { class: "muted fine" });
  const tabs = KINDS.map((one) => h("button", { type: "button", "data-masks": one, onclick: () => turn(one) }, t(one)));
  const tool = (key, work, more) => h("button", { type: "button", class: "secondary small", onclick: work, ...more }, t(key));

  function draw() {
    if (editor.drawing) {
      tools.replaceChildren(tool("shapes_done", () => editor.finish(), { class: "primary small" }), tool("cancel", () => editor.cancel()));
      return;
    }
    tools.replaceChildren(
      tool("mask_add", () => editor.add("zones"), { disabled: editor.shapes.zones.length >= MASKS_MAX }),
      ...(editor.spare ? [tool("shapes_remove_point", () => editor.removePoint())] : []),
      ...(editor.shape ? [tool("remove", () => editor.remove(), { class: "danger small" })] : []),
    );
  }

  function turn(next) {
    kind = next;
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.masks === kind));
    about.textContent = t(`${kind}_about`);
    editor.node.dataset.masks = kind;
    editor.show({ zones: masks[kind].map((points, number) => ({ id: `${t("mask")} ${number + 1}`, points })) });
  }

  async function keep() {
    try {
      const made = await ask(path, { method: "PATCH", body: masks, match: camera.etag });
      camera.etag = made.etag;
      save.disabled = true;
      words.good(t("saved"));
    } catch (error) {
      if (error.status === 412) camera.etag = (await ask(path)).etag;
      words.bad(said(error));
    }
  }

  renewed((url) => editor.background(url));
  turn(kind);
  return [
    h("div", { class: "segmented", role: "group", "aria-label": t("masks") }, tabs),
    about,
    editor.node,
    tools,
    h("div", { class: "form-foot" }, words.node, save),
  ];
}
