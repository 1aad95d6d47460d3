// The dialogs in which targets and rules of deliveries are written.

import { ask } from "/console/api.js";
import { schedule } from "/console/controls.js";
import { byId, h, icon } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { said, status } from "/console/status.js";

const SEVERITIES = ["info", "warning", "alarm"];
const SETTINGS = {
  webhook: { url: "text!", secret: "secret", thumbnails: "check", timeout_s: "number" },
  mqtt: { host: "text!", port: "number", tls: "check", user: "text", password: "secret", topic: "text", thumbnails: "check", timeout_s: "number" },
  email: { host: "text!", port: "number", tls: ["starttls", "tls", "none"], user: "text", password: "secret", sender: "text!", recipients: "list!", photo: "check", timeout_s: "number" },
  telegram: { token: "secret", chats: "numbers!", users: "numbers", photo: "check", api_url: "text", timeout_s: "number" },
  relay: { url: "text!", secret: "secret", relay: "text", pulse_ms: "number", timeout_s: "number" },
};
const DEFAULTS = {
  webhook: { thumbnails: false, timeout_s: 10 },
  mqtt: { port: 8883, tls: true, topic: "zool/events/{camera}/{kind}", thumbnails: false, timeout_s: 10 },
  email: { port: 587, tls: "starttls", photo: true, timeout_s: 20 },
  telegram: { photo: true, timeout_s: 20 },
  relay: { relay: "1", pulse_ms: 1000, timeout_s: 1 },
};
export const KINDS = Object.keys(SETTINGS);
const RULE = {
  kinds: "list", cameras: "list", regions: "list", lists: "list", severity: SEVERITIES, versions: ["first", "final", "both", "every"], schedule: "schedule",
};
const FOR_PEOPLE = { group_s: "number", group_free: "number", quiet: "schedule", quiet_severity: [...SEVERITIES, "none"] };
const RULE_DEFAULTS = { severity: "info", versions: "first", group_s: 60, group_free: 3, quiet_severity: "alarm", schedule: [], quiet: [] };

const parts = (text) => text.split(/[,;\s]+/).map((one) => one.trim()).filter(Boolean);

/** A control with `read()`; undefined = left out. */
function control(spec, value, id) {
  if (Array.isArray(spec)) {
    const node = h("select", { id }, spec.map((one) => h("option", { value: one, selected: one === value }, named("choice", one))));
    return { node, read: () => node.value };
  }
  if (spec === "secret") return secret(value ?? {}, id);
  if (spec === "schedule") {
    let kept = value ?? [];
    return { node: schedule({ id, value: kept, put: (next) => { kept = next ?? []; } }), read: () => kept };
  }
  if (spec === "check") {
    const node = h("input", { id, type: "checkbox", class: "switch", checked: Boolean(value) });
    return { node, read: () => node.checked };
  }
  const required = spec.endsWith("!");
  const plain = spec.replace("!", "");
  const shown = Array.isArray(value) ? value.join(", ") : (value ?? "");
  const node = h("input", { id, value: shown, required, spellcheck: "false", autocomplete: "off", ...(plain === "number" ? { type: "number", step: "any", min: 0 } : {}) });
  const read = {
    text: () => node.value.trim() || undefined,
    number: () => (node.value === "" ? undefined : Number(node.value)),
    list: () => parts(node.value),
    numbers: () => parts(node.value).map(Number),
  }[plain];
  return { node, read };
}

/** A value is written once; what was stored stays unless something else is chosen. */
function secret(value, id) {
  const ways = [...(value.stored ? ["keep"] : []), "value", "file", "env", "none"];
  const chosen = value.stored ? "keep" : value.file ? "file" : value.env ? "env" : "value";
  const way = h("select", { id }, ways.map((one) => h("option", { value: one, selected: one === chosen }, t(`deliveries_secret_${one}`))));
  const input = h("input", { value: value.file ?? value.env ?? "", autocomplete: "new-password", spellcheck: "false", "aria-label": t("deliveries_secret_value") });
  const draw = () => {
    input.type = way.value === "value" ? "password" : "text";
    input.hidden = way.value === "keep" || way.value === "none";
  };
  way.addEventListener("change", draw);
  draw();
  const read = () => ({ keep: { stored: true }, none: {} })[way.value] ?? (input.value ? { [way.value]: input.value.trim() } : {});
  return { node: h("span", { class: "pair" }, way, input), read };
}

function fields(specs, values, prefix) {
  const made = Object.entries(specs).map(([name, spec]) => [name, control(spec, values[name], `${prefix}-${name}`)]);
  const nodes = made.map(([name, one]) =>
    h("div", { class: "stacked" }, h("label", { for: `${prefix}-${name}`, id: `${prefix}-${name}-name` }, t(`${prefix}_${name}`)), one.node),
  );
  const read = () => Object.fromEntries(made.map(([name, one]) => [name, one.read()]).filter(([, value]) => value !== undefined));
  return { nodes, read };
}

function dialogOf(title, content, save) {
  const dialog = byId("camera-dialog");
  const words = status();
  const form = h("form", { class: "sheet" }, content, words.node, h("footer", { class: "dialog-foot" }, h("button", { type: "submit", class: "primary" }, t("deliveries_save"))));
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    try {
      await save(form);
      dialog.close();
    } catch (error) {
      words.bad(said(error));
    }
  });
  dialog.onclose = null;
  dialog.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: "camera-dialog-title" }, title), h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    form,
  );
  dialog.showModal();
}

const idInput = (value) => h("input", { id: "delivery-id", value: value ?? "", required: true, readonly: Boolean(value), pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", maxlength: 64, spellcheck: "false" });
const row = (id, key, node) => h("div", { class: "stacked" }, h("label", { for: id }, t(key)), node);

export function editTarget({ kind, target, done }) {
  const id = idInput(target?.id);
  const name = h("input", { id: "delivery-name", value: target?.name ?? "", maxlength: 200 });
  const language = h("select", { id: "delivery-language" }, ["en", "ru"].map((one) => h("option", { value: one, selected: one === (target?.language ?? document.documentElement.lang) }, one)));
  const enabled = h("input", { id: "delivery-enabled", type: "checkbox", class: "switch", checked: target?.enabled ?? true });
  const own = fields(SETTINGS[kind], { ...DEFAULTS[kind], ...target?.settings }, "set");
  dialogOf(
    t(`target_${kind}`),
    [row("delivery-id", "deliveries_id", id), row("delivery-name", "deliveries_name", name), own.nodes, row("delivery-language", "deliveries_language", language), row("delivery-enabled", "deliveries_enabled", enabled)],
    async () => {
      const body = { kind, name: name.value.trim(), enabled: enabled.checked, language: language.value, settings: own.read() };
      await ask(`/api/v1/deliveries/targets/${encodeURIComponent(id.value)}`, { method: "PUT", body, match: target?.etag });
      done();
    },
  );
}

export function editRule({ rule, targets, people, done }) {
  const id = idInput(rule?.id);
  const name = h("input", { id: "delivery-name", value: rule?.name ?? "", maxlength: 200 });
  const enabled = h("input", { id: "delivery-enabled", type: "checkbox", class: "switch", checked: rule?.enabled ?? true });
  const target = h("select", { id: "delivery-target" }, targets.map((one) => h("option", { value: one.id, selected: one.id === rule?.target }, one.name || one.id)));
  const values = { ...RULE_DEFAULTS, ...rule };
  const always = fields(RULE, values, "rule");
  const more = fields(FOR_PEOPLE, values, "rule");
  const box = h("div", { class: "sheet-more" }, more.nodes);
  const draw = () => { box.hidden = !people.has(targets.find((one) => one.id === target.value)?.kind); };
  target.addEventListener("change", draw);
  draw();
  dialogOf(
    t("deliveries_rules"),
    [row("delivery-id", "deliveries_id", id), row("delivery-name", "deliveries_name", name), row("delivery-target", "deliveries_target", target), always.nodes, box, row("delivery-enabled", "deliveries_enabled", enabled)],
    async () => {
      const body = { name: name.value.trim(), target: target.value, enabled: enabled.checked, ...always.read(), ...more.read() };
      await ask(`/api/v1/deliveries/rules/${encodeURIComponent(id.value)}`, { method: "PUT", body, match: rule?.etag });
      done();
    },
  );
}
