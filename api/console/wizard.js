// A new camera in three steps: its address, its picture or why there is none, and what it is for.

import "/console/texts/setup.js";
import { ask } from "/console/api.js";
import { labelled, transports } from "/console/camera-form.js";
import { refresh } from "/console/cameras.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { said, status } from "/console/status.js";
import { templateCards } from "/console/templates.js";

const STEPS = ["address", "picture", "purpose"];

export async function open(node, { signal, go }) {
  const { items } = await ask("/api/v1/cameras", { signal });
  new Wizard({ node, go, first: items.length === 0 }).step("address");
}

class Wizard {
  constructor({ node, go, first }) {
    Object.assign(this, { node, go, first });
    this.given = { url: "", transport: "tcp", name: "" };
    this.found = null;
  }

  step(name) {
    const done = STEPS.indexOf(name);
    const steps = h(
      "ol",
      { class: "steps" },
      STEPS.map((one, number) => h("li", { "aria-current": one === name ? "step" : null, class: number < done ? "done" : "" }, h("i", {}, String(number + 1)), t(`wizard_step_${one}`))),
    );
    const box = h("section", { class: "panel wizard" }, steps, this[name]());
    this.node.replaceChildren(h("div", { class: "page-head" }, h("h2", {}, t(this.first ? "wizard_first" : "camera_new"))), box);
    box.querySelector("input, .primary")?.focus();
  }

  address() {
    const url = h("input", { name: "url", id: "camera-url", required: true, maxlength: 2048, value: this.given.url, placeholder: t("camera_url_hint"), spellcheck: "false", inputmode: "url", autocomplete: "off" });
    const transport = transports(this.given.transport);
    const words = status();
    const send = h("button", { type: "submit", class: "primary" }, t("wizard_connect"));
    const form = h("form", { class: "wizard-form" }, h("p", { class: "muted" }, t("wizard_address_text")), labelled("camera_url", url), labelled("camera_transport", transport), words.node, h("div", { class: "form-foot" }, send));
    form.addEventListener("submit", async (submit) => {
      submit.preventDefault();
      this.given.url = url.value.trim();
      this.given.transport = transport.value;
      send.disabled = true;
      words.busy(t("camera_testing"));
      try {
        this.found = await ask("/api/v1/cameras/test", { method: "POST", body: { url: this.given.url, transport: this.given.transport } });
        this.step("picture");
      } catch (error) {
        words.bad(said(error));
      }
      send.disabled = false;
    });
    return form;
  }

  picture() {
    const { found } = this;
    const name = h("input", { name: "name", id: "camera-name", required: true, maxlength: 200, value: this.given.name });
    const words = status();
    const facts = found.ok && `${found.codec.toUpperCase()} · ${found.width}×${found.height} · ${found.fps} ${t("fps")}`;
    const shown = found.ok
      ? [found.snapshot && h("img", { class: "probe-picture", src: `data:image/jpeg;base64,${found.snapshot}`, alt: t("wizard_picture_good") }), h("p", { class: "good", id: "probe-facts" }, facts)]
      : [h("div", { class: "probe-bad" }, h("b", {}, t("wizard_picture_bad")), h("p", { id: "probe-facts" }, found.detail))];
    const back = h("button", { type: "button", class: "secondary", onclick: () => this.step("address") }, t(found.ok ? "wizard_back" : "wizard_again"));
    const form = h("form", { class: "wizard-form" }, shown, labelled("camera_name", name, "wizard_name_hint"), words.node, h("div", { class: "form-foot" }, back, h("button", { type: "submit", class: "primary" }, t(found.ok ? "wizard_next" : "wizard_anyway"))));
    form.addEventListener("submit", async (submit) => {
      submit.preventDefault();
      this.given.name = name.value.trim();
      try {
        this.camera = await ask("/api/v1/cameras", { method: "POST", body: this.given });
        await refresh();
        this.step("purpose");
      } catch (error) {
        words.bad(said(error));
      }
    });
    return form;
  }

  purpose() {
    const words = status();
    const pick = async (template) => {
      try {
        if (template) await ask(`/api/v1/cameras/${this.camera.id}/template`, { method: "POST", body: { template } });
        this.go("camera", { id: this.camera.id });
      } catch (error) {
        words.bad(said(error));
      }
    };
    return h("div", { class: "wizard-form" }, h("h3", {}, t("template_title")), h("p", { class: "muted" }, t("wizard_purpose_text")), templateCards(pick, { none: true }), words.node);
  }
}
