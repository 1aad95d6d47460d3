// The camera dialogs: a new one with a test of its address, and one that is there, with its lines.

import { ask, picture } from "/console/api.js";
import { refresh } from "/console/cameras.js";
import { byId, h, icon } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { LineEditor } from "/console/lines.js";

function head(dialog, title) {
  return h(
    "header",
    { class: "dialog-head" },
    h("h2", { id: "camera-dialog-title" }, title),
    h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close")),
  );
}

function say(node, error) {
  node.textContent = error?.problem?.errors?.map((one) => one.message).join(" · ") || error?.message || t("failed");
  node.className = "fault";
  node.hidden = false;
}

function field(id, key, attributes) {
  return [h("label", { for: id }, t(key)), h("input", { id, ...attributes })];
}

/** A new camera: address, test, name, done. */
export function addCamera() {
  const dialog = byId("camera-dialog");
  const words = h("p", { role: "status", hidden: true });
  const frame = h("div", { class: "probe", hidden: true });
  const test = h("button", { type: "button", class: "secondary" }, t("camera_test"));
  const form = h(
    "form",
    { class: "sheet", autocomplete: "off" },
    field("camera-name", "camera_name", { required: true, maxlength: 200 }),
    h("label", { for: "camera-url" }, t("camera_url")),
    h(
      "div",
      { class: "with-button" },
      h("input", { id: "camera-url", required: true, maxlength: 2048, placeholder: t("camera_url_hint"), spellcheck: "false", inputmode: "url" }),
      test,
    ),
    h("label", { for: "camera-transport" }, t("camera_transport")),
    h("select", { id: "camera-transport" }, h("option", { value: "tcp" }, "TCP"), h("option", { value: "udp" }, "UDP"), h("option", { value: "multicast" }, "Multicast")),
    ...field("camera-analysis-url", "camera_analysis_url", { maxlength: 2048, placeholder: t("camera_analysis_url_hint"), spellcheck: "false", inputmode: "url" }),
    frame,
    words,
    h(
      "footer",
      { class: "dialog-foot" },
      h("button", { type: "button", class: "secondary", onclick: () => dialog.close() }, t("cancel")),
      h("button", { type: "submit", class: "primary" }, t("camera_save")),
    ),
  );
  const body = () => ({ url: byId("camera-url").value.trim(), transport: byId("camera-transport").value });
  test.addEventListener("click", async () => {
    if (!byId("camera-url").reportValidity()) return;
    test.disabled = true;
    frame.hidden = true;
    words.hidden = false;
    words.className = "muted";
    words.textContent = t("camera_testing");
    try {
      const found = await ask("/api/v1/cameras/test", { method: "POST", body: body() });
      words.className = found.ok ? "good" : "fault";
      words.textContent = found.ok
        ? `${found.codec.toUpperCase()} · ${found.width}×${found.height} · ${found.fps} ${t("fps")}`
        : found.detail;
      frame.hidden = !found.snapshot;
      if (found.snapshot) frame.replaceChildren(h("img", { src: `data:image/jpeg;base64,${found.snapshot}`, alt: "" }));
    } catch (error) {
      say(words, error);
    }
    test.disabled = false;
  });
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    try {
      const name = byId("camera-name").value.trim();
      const analysis_url = byId("camera-analysis-url").value.trim();
      const made = await ask("/api/v1/cameras", { method: "POST", body: { ...body(), name, analysis_url } });
      await refresh();
      dialog.close();
      openCamera(made);
    } catch (error) {
      say(words, error);
    }
  });
  dialog.onclose = null;
  dialog.replaceChildren(head(dialog, t("camera_new")), form);
  dialog.showModal();
  byId("camera-name").focus();
}

/** A camera that is there: its lines on its picture, its name, and the way out. */
export async function openCamera(camera) {
  const dialog = byId("camera-dialog");
  const words = h("p", { role: "status", hidden: true });
  const editor = new LineEditor();
  const state = { etag: camera.etag, function: null };
  const done = (text) => {
    words.className = "good";
    words.textContent = text;
    words.hidden = false;
  };
  const tools = h(
    "div",
    { class: "tools" },
    h("button", { type: "button", class: "secondary", onclick: () => editor.add() }, t("lines_add")),
    h("button", { type: "button", class: "secondary", onclick: () => editor.reverse() }, t("lines_reverse")),
    h("button", { type: "button", class: "secondary", onclick: () => editor.remove() }, t("lines_remove")),
    h("button", { type: "button", class: "primary", onclick: () => saveLines() }, t("lines_save")),
  );
  const form = h(
    "form",
    { class: "sheet inline" },
    field("camera-name", "camera_name", { required: true, maxlength: 200, value: camera.name }),
    h("label", { class: "check" }, h("input", { id: "camera-enabled", type: "checkbox", checked: camera.enabled }), t("camera_enabled")),
    h("button", { type: "submit", class: "secondary" }, t("camera_save")),
    h("button", { type: "button", class: "danger", onclick: () => remove() }, t("camera_remove")),
  );
  const path = `/api/v1/cameras/${camera.id}`;

  async function guarded(work) {
    try {
      await work();
    } catch (error) {
      if (error.status === 412 || error.status === 428 || error.status === 409) await load();
      say(words, error.status === 412 ? { message: t("camera_changed") } : error);
    }
  }
  async function load() {
    state.etag = (await ask(path)).etag;
    const { items } = await ask(`${path}/functions`);
    state.function = items.find((one) => one.name === "vehicles") ?? null;
    editor.show(state.function?.settings.lines ?? []);
  }
  const saveLines = () =>
    guarded(async () => {
      const settings = { ...state.function?.settings, lines: editor.lines };
      const body = { enabled: state.function?.enabled ?? true, settings };
      state.function = await ask(`${path}/functions/vehicles`, { method: "PUT", body, match: state.function?.etag });
      done(t("camera_saved"));
    });
  const remove = () =>
    guarded(async () => {
      if (!window.confirm(t("camera_remove_sure"))) return;
      await ask(path, { method: "DELETE", match: state.etag });
      await refresh();
      dialog.close();
    });
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    guarded(async () => {
      const body = { name: byId("camera-name").value.trim(), enabled: byId("camera-enabled").checked };
      state.etag = (await ask(path, { method: "PATCH", body, match: state.etag })).etag;
      await refresh();
      done(t("camera_saved"));
    });
  });

  let shown;
  dialog.onclose = () => shown && URL.revokeObjectURL(shown);
  dialog.replaceChildren(
    head(dialog, camera.name),
    h("div", { class: "sheet-text" }, h("h3", {}, t("lines_title")), h("p", { class: "muted" }, t("lines_hint"))),
    editor.node,
    words,
    form,
  );
  dialog.showModal();
  await guarded(load);
  editor.node.after(tools); // not before: what is drawn while the lines are still on their way would be lost
  try {
    shown = await picture(`${path}/snapshot.jpg`);
    editor.background(shown);
  } catch {
    editor.background(null);
  }
}
