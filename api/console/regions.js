// The tree of the site: regions made, renamed and moved, cameras put into them, and settings that hold below.

import "/console/texts/regions.js";
import "/console/texts/setup.js";
import { ask } from "/console/api.js";
import { labelled } from "/console/camera-form.js";
import { h } from "/console/dom.js";
import { SettingsForm } from "/console/fields.js";
import { current, t } from "/console/i18n.js";
import { regionOptions, tree } from "/console/region-options.js";
import { said, status } from "/console/status.js";

const again = () => window.dispatchEvent(new HashChangeEvent("hashchange"));

export async function open(node, { query, signal, go }) {
  const [{ items: regions }, { items: cameras }, { items: modules }] = await Promise.all([
    ask("/api/v1/regions", { signal }),
    ask("/api/v1/cameras", { signal }),
    ask("/api/v1/functions", { signal }),
  ]);
  const chosen = regions.find((one) => one.id === query.get("id"));
  const fresh = query.has("new");
  const page = { regions, cameras, modules, go };
  node.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, t("regions_title"), " ", h("small", { class: "muted" }, regions.length || "")),
      h("button", { type: "button", class: "primary small", onclick: () => go("regions", { new: "1", parent: chosen?.id }) }, t("regions_add")),
    ),
    h(
      "div",
      { class: "split" },
      h("nav", { class: "panel tree", "aria-label": t("regions_title") }, branches(page, chosen)),
      h("div", { class: "side" }, fresh ? creation(page, query.get("parent") ?? "") : chosen ? detail(page, chosen) : h("p", { class: "panel muted" }, t(regions.length ? "regions_choose" : "regions_none"))),
    ),
  );
}

function branches({ regions, cameras }, chosen) {
  const places = tree(regions);
  const known = new Set(regions.map((one) => one.id));
  const outside = cameras.filter((camera) => !known.has(camera.region));
  const items = places.map(({ region, depth }) =>
    h(
      "li",
      { class: `depth-${Math.min(depth, 6)}` },
      h("a", { href: `#/regions?id=${encodeURIComponent(region.id)}`, "aria-current": region === chosen ? "true" : null }, h("b", {}, region.name), region.cameras.length > 0 && h("span", { class: "muted" }, String(region.cameras.length))),
    ),
  );
  return [
    h("ul", {}, items),
    outside.length > 0 && h("div", { class: "outside" }, h("h3", {}, t("region_outside")), h("ul", {}, outside.map((camera) => h("li", {}, h("a", { href: `#/camera?id=${encodeURIComponent(camera.id)}` }, camera.name))))),
  ];
}

function form(page, region, send, foot) {
  const words = status();
  const name = h("input", { name: "name", required: true, maxlength: 200, value: region.name });
  const below = new Set([region.id]);
  for (const { region: one } of tree(page.regions)) if (below.has(one.parent)) below.add(one.id);
  const parent = h("select", { name: "parent" }, regionOptions(page.regions.filter((one) => !region.id || !below.has(one.id)), region.parent, "region_top"));
  const node = h("form", { class: "grid-form" }, labelled("region_name", name), labelled("region_parent", parent), h("div", { class: "form-foot" }, words.node, foot, h("button", { type: "submit", class: "primary small" }, t("region_save"))));
  node.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    try {
      await send({ name: name.value.trim(), parent: parent.value });
    } catch (error) {
      words.bad(said(error));
    }
  });
  return { node, words };
}

function creation(page, parent) {
  const { node } = form(page, { id: "", name: "", parent }, async (body) => {
    const made = await ask("/api/v1/regions", { method: "POST", body });
    page.go("regions", { id: made.id });
  });
  return h("section", { class: "panel" }, h("h3", {}, t("regions_new")), node);
}

function detail(page, region) {
  const path = `/api/v1/regions/${region.id}`;
  const remove = h("button", { type: "button", class: "danger small" }, t("region_remove"));
  const { node, words } = form(
    page,
    region,
    async (body) => {
      await ask(path, { method: "PATCH", body, match: region.etag });
      again();
    },
    remove,
  );
  remove.addEventListener("click", async () => {
    if (!window.confirm(t("region_remove_sure"))) return;
    try {
      await ask(path, { method: "DELETE", match: region.etag });
      page.go("regions", { id: region.parent });
    } catch (error) {
      words.bad(said(error));
    }
  });
  return [
    h("section", { class: "panel" }, h("h3", {}, region.name), node),
    cameraPanel(page, region),
    settingsPanel(page, region, path),
  ];
}

function cameraPanel({ regions, cameras }, region) {
  const words = status();
  const move = async (camera, to) => {
    try {
      await ask(`/api/v1/cameras/${camera.id}`, { method: "PATCH", body: { region: to }, match: camera.etag });
      again();
    } catch (error) {
      words.bad(said(error));
    }
  };
  const here = cameras.filter((camera) => camera.region === region.id);
  const rows = here.map((camera) => {
    const to = h("select", { "aria-label": `${camera.name}: ${t("region_camera_move")}` }, regionOptions(regions, region.id));
    to.addEventListener("change", () => move(camera, to.value));
    return h("li", {}, h("a", { href: `#/camera?id=${encodeURIComponent(camera.id)}` }, camera.name), to);
  });
  const others = cameras.filter((camera) => camera.region !== region.id);
  const bring = h("select", { "aria-label": t("region_camera_add") }, h("option", { value: "" }, t("region_camera_add")), others.map((camera) => h("option", { value: camera.id }, camera.name)));
  bring.addEventListener("change", () => move(others.find((camera) => camera.id === bring.value), region.id));
  return h("section", { class: "panel" }, h("h3", {}, t("region_cameras")), rows.length ? h("ul", { class: "camera-rows" }, rows) : h("p", { class: "muted" }, t("region_cameras_none")), others.length > 0 && h("div", { class: "bring" }, bring), words.node);
}

/** What a region inherits of a function: its defaults, and what the regions above say, the nearest winning. */
function inherited(regions, region, module) {
  const above = [];
  let place = regions.find((one) => one.id === region.parent);
  while (place && !above.includes(place)) {
    above.unshift(place);
    place = regions.find((one) => one.id === place.parent);
  }
  const found = Object.fromEntries(Object.entries(module.defaults).map(([name, value]) => [name, { value, source: "default" }]));
  for (const one of above) {
    for (const [name, value] of Object.entries(one.functions[module.name] ?? {})) found[name] = { value, source: "region", region: one.id };
  }
  return found;
}

function settingsPanel({ regions, modules }, region, path) {
  const regionName = (id) => regions.find((one) => one.id === id)?.name ?? id;
  return h(
    "section",
    { class: "panel" },
    h("h3", {}, t("region_settings")),
    h("p", { class: "muted fine" }, t("region_settings_text")),
    h("div", { class: "function-list" }, modules.map((module) => functionRow({ regions, region, module, path, regionName }))),
  );
}

function functionRow({ regions, region, module, path, regionName }) {
  const words = status();
  const save = h("button", { type: "submit", class: "primary small", disabled: true }, t("save"));
  const mark = h("span", { class: "chip accent", hidden: !(module.name in region.functions) }, t("region_settings_some"));
  const fields = new SettingsForm({ module, written: structuredClone(region.functions[module.name] ?? {}), inherited: inherited(regions, region, module), regionName, onChange: () => (save.disabled = false) });
  const node = h("form", {}, fields.node, words.node, h("div", { class: "form-foot" }, save));
  node.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const { [module.name]: _, ...rest } = region.functions;
    const written = fields.written();
    const functions = Object.keys(written).length ? { ...rest, [module.name]: written } : rest;
    try {
      const made = await ask(path, { method: "PATCH", body: { functions }, match: region.etag });
      Object.assign(region, made);
      mark.hidden = !(module.name in made.functions);
      save.disabled = true;
      fields.faults([]);
      words.good(t("saved"));
    } catch (error) {
      const errors = (error.problem?.errors ?? []).map((one) => ({ ...one, field: one.field.replace(`functions.${module.name}.`, "") }));
      const left = fields.faults(errors);
      words.bad(errors.length ? left.join(" · ") : said(error));
    }
  });
  return h("details", { class: "function", "data-function": module.name }, h("summary", { class: "function-head" }, h("span", { class: "function-title" }, h("b", {}, module.title[current()]), h("span", { class: "muted" }, module.about[current()])), mark), h("div", { class: "function-body" }, node));
}
