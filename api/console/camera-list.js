// All cameras as a table: state, region, functions; new ones one by one or from a spreadsheet.

import "/console/texts/setup.js";
import { ask } from "/console/api.js";
import { h } from "/console/dom.js";
import { current, named, t } from "/console/i18n.js";
import { importFile } from "/console/importer.js";

const SAMPLE = {
  en: "name,url,region,transport,template\nGate 1,rtsp://user:password@192.168.1.11:554/stream1,,tcp,gate\n",
  ru: "название;адрес;регион;транспорт;шаблон\nВорота 1;rtsp://user:password@192.168.1.11:554/stream1;;tcp;ворота\n",
};

export async function open(node, { signal, go }) {
  const [{ items: cameras }, { items: regions }, { items: modules }] = await Promise.all([
    ask("/api/v1/cameras", { signal }),
    ask("/api/v1/regions", { signal }),
    ask("/api/v1/functions", { signal }),
  ]);
  const region = new Map(regions.map((one) => [one.id, one.name]));
  const title = new Map(modules.map((one) => [one.name, one.title[current()]]));
  const bring = () => importFile({ title: t("import_title"), text: t("import_text"), path: "/api/v1/cameras/import", sample: SAMPLE[current()], done: () => window.dispatchEvent(new HashChangeEvent("hashchange")) });
  node.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, t("cameras_title"), " ", h("small", { class: "muted" }, cameras.length || "")),
      h("button", { type: "button", class: "secondary small", onclick: bring }, t("cameras_import")),
      h("button", { type: "button", class: "primary small", onclick: () => go("add") }, t("cameras_add")),
    ),
  );
  if (!cameras.length) {
    node.append(h("div", { class: "empty" }, h("p", {}, t("no_cameras")), h("button", { type: "button", class: "primary", onclick: () => go("add") }, t("wizard_first"))));
    return;
  }
  const rows = cameras.map((camera) => row(camera, region, title));
  const head = ["camera_name", "cameras_state", "camera_region", "cameras_functions", "camera_url"];
  node.append(h("div", { class: "panel table-box" }, h("table", { class: "rows" }, h("thead", {}, h("tr", {}, head.map((key) => h("th", {}, t(key))))), h("tbody", {}, rows))));
}

function row(camera, region, title) {
  const phase = camera.enabled ? camera.state.phase : "disabled";
  const chip = { live: "good", degraded: "warn", lost: "bad", connecting: "warn", maintenance: "warn" }[phase] ?? "";
  const on = camera.functions.map((name) => title.get(name) ?? name);
  return h(
    "tr",
    {},
    h("td", {}, h("a", { href: `#/camera?id=${encodeURIComponent(camera.id)}` }, camera.name)),
    h("td", {}, h("span", { class: `chip ${chip}`, title: camera.state.detail }, named("phase", phase))),
    h("td", {}, region.get(camera.region) ?? camera.region),
    h("td", { class: "wrap" }, on.join(", ")),
    h("td", { class: "muted" }, h("code", {}, camera.url)),
  );
}
