// What a camera itself is set up with: name, addresses, region, rate; and the way out.

import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { regionOptions } from "/console/region-options.js";
import { said, status } from "/console/status.js";

export function labelled(key, control, hint) {
  return h("label", { class: "stacked" }, h("span", {}, t(key)), control, hint && h("small", { class: "muted" }, t(hint)));
}

export function transports(value) {
  return h(
    "select",
    { name: "transport" },
    [["tcp", "TCP"], ["udp", "UDP"], ["multicast", "Multicast"]].map(([one, title]) => h("option", { value: one, selected: one === value }, title)),
  );
}

export function cameraForm({ camera, path, regions, go }) {
  const words = status();
  const input = (name, more) => h("input", { name, value: camera[name] ?? "", ...more });
  const enabled = h("input", { type: "checkbox", class: "switch", role: "switch", checked: camera.enabled });
  const region = h("select", { name: "region" }, regionOptions(regions, camera.region));
  const fps = input("analysis_fps", { type: "number", min: 0.1, max: 30, step: "any", placeholder: t("fields_auto") });
  const url = { maxlength: 2048, spellcheck: "false", inputmode: "url", autocomplete: "off" };
  const form = h(
    "form",
    { class: "grid-form" },
    labelled("camera_name", input("name", { required: true, maxlength: 200 })),
    labelled("camera_region", region),
    labelled("camera_url", input("url", { ...url, required: true }), "camera_url_masked"),
    labelled("camera_transport", transports(camera.transport)),
    labelled("camera_analysis_url", input("analysis_url", { ...url, placeholder: t("camera_analysis_url_hint") })),
    labelled("camera_fps", fps),
    h("label", { class: "check" }, enabled, t("camera_enabled")),
    h("div", { class: "form-foot" }, words.node, h("button", { type: "button", class: "danger small", onclick: () => remove() }, t("camera_remove")), h("button", { type: "submit", class: "primary small" }, t("camera_save"))),
  );
  const guarded = async (work) => {
    try {
      await work();
    } catch (error) {
      if (error.status === 412) camera.etag = (await ask(path)).etag;
      words.bad(said(error));
    }
  };
  const remove = () =>
    guarded(async () => {
      if (!window.confirm(t("camera_remove_sure"))) return;
      await ask(path, { method: "DELETE", match: camera.etag });
      go("cameras");
    });
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    guarded(async () => {
      const now = Object.fromEntries(["name", "url", "analysis_url", "transport", "region"].map((name) => [name, form.elements[name].value.trim()]));
      now.enabled = enabled.checked;
      now.analysis_fps = fps.value === "" ? null : Number(fps.value);
      const body = Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== (camera[name] ?? (name === "analysis_fps" ? null : ""))));
      if (Object.keys(body).length) {
        const moved = "region" in body;
        const made = await ask(path, { method: "PATCH", body, match: camera.etag });
        Object.assign(camera, made);
        if (moved) window.dispatchEvent(new HashChangeEvent("hashchange"));
      }
      words.good(t("saved"));
    });
  });
  return h("details", { class: "panel camera-settings" }, h("summary", {}, t("camera_settings")), form);
}
