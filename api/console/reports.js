// Reports over days: figures, plots and tables of the server; on paper as on the screen.

import { ask, download } from "/console/api.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { drawn, table } from "/console/tables.js";
import "/console/texts/reports.js";

const NAMES = ["traffic", "attendance", "parking", "safety", "precision", "quality"];
const DAYS = 14;

function day(back = 0) {
  const at = new Date();
  at.setDate(at.getDate() - back);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
}

const plot = (one) =>
  h(
    "figure",
    { class: "panel plot-box" },
    h("figcaption", {}, h("h3", {}, one.title), one.legend.length > 1 && h("ul", { class: "legend" }, one.legend.map((entry) => h("li", {}, h("i", { class: `key-${entry.tone}` }), entry.name)))),
    drawn(one.svg),
    one.note && h("p", { class: "muted fine" }, one.note),
  );

const sheet = (one) =>
  h(
    "section",
    { class: "panel" },
    h("h3", {}, one.title),
    one.rows.length ? table(one.title, one.head, one.rows) : h("p", { class: "muted" }, t("rep_empty")),
    one.cut > 0 && h("p", { class: "muted fine" }, `${t("rep_more")} ${one.cut}`),
  );

export async function open(node, { query, signal, go }) {
  const name = NAMES.includes(query.get("report")) ? query.get("report") : NAMES[0];
  const asked = { report: name, from: query.get("from") || day(DAYS - 1), to: query.get("to") || day(), camera: query.get("camera") ?? "", shifts: query.get("shifts") ?? "" };
  const places = name === "parking" ? await ask("/api/v1/parking/lots") : name === "attendance" ? { items: [] } : await ask("/api/v1/cameras");
  if (signal.aborted) return;
  const change = (more) => go("reports", { ...asked, ...more });
  const date = (key, label) => h("label", {}, t(label), h("input", { type: "date", value: asked[key], max: day(), onchange: (event) => event.target.value && change({ [key]: event.target.value }) }));
  const span = (back, label) => h("button", { type: "button", class: "quiet", onclick: () => change({ from: day(back), to: day() }) }, t(label));
  const path = () => {
    const wanted = new URLSearchParams({ from: asked.from, to: asked.to });
    if (asked.camera) wanted.set("camera", asked.camera);
    if (name === "safety" && asked.shifts) wanted.set("shifts", asked.shifts);
    return `/api/v1/reports/${name}?${wanted}`;
  };
  const words = h("p", { class: "muted", role: "status" }, t("rep_loading"));
  const save = (from, file) => download(from, file, signal).catch((error) => {
    words.className = "fault";
    words.textContent = error.message;
  });
  const place =
    name !== "attendance" &&
    h(
      "label",
      {},
      t(name === "parking" ? "rep_lot" : "filter_camera"),
      h(
        "select",
        { onchange: (event) => change({ camera: event.target.value }) },
        h("option", { value: "" }, t(name === "parking" ? "rep_all_lots" : "all_cameras")),
        places.items.map((one) => h("option", { value: one.id, selected: one.id === asked.camera }, one.name)),
      ),
    );
  node.append(
    h(
      "div",
      { class: "page-head no-print" },
      h("div", { class: "segmented tabs", role: "group", "aria-label": t("menu_reports") }, NAMES.map((one) => h("button", { type: "button", "aria-pressed": String(one === name), onclick: () => go("reports", { ...asked, report: one, camera: "" }) }, t(`rep_${one}`)))),
      h(
        "div",
        { class: "exports" },
        h("button", { type: "button", class: "secondary small", "data-export": "csv", onclick: () => save(`${path()}&format=csv`, `${name}.csv`) }, "CSV"),
        h("button", { type: "button", class: "secondary small", onclick: () => save(`${path()}&format=xlsx`, `${name}.xlsx`) }, "XLSX"),
        name === "attendance" && h("button", { type: "button", class: "secondary small", onclick: () => save(`/api/v1/attendance/timesheet?from=${asked.from}&to=${asked.to}&format=xlsx`, "timesheet.xlsx") }, t("rep_timesheet")),
        name === "attendance" && h("button", { type: "button", class: "secondary small", onclick: () => save(`/api/v1/attendance/timesheet?from=${asked.from}&to=${asked.to}&format=1c`, "timesheet-1c.csv") }, t("rep_timesheet_1c")),
        h("button", { type: "button", class: "secondary small", onclick: () => window.print() }, t("rep_print")),
      ),
    ),
    h(
      "div",
      { class: "bar-filters" },
      date("from", "rep_from"),
      date("to", "rep_to"),
      place,
      name === "safety" && h("label", {}, t("rep_shifts"), h("input", { value: asked.shifts, placeholder: "08:00,20:00", pattern: "[0-9:,]*", onchange: (event) => change({ shifts: event.target.value.replaceAll(" ", "") }) })),
      span(0, "rep_today"),
      span(6, "rep_days_7"),
      span(29, "rep_days_30"),
    ),
    words,
  );
  try {
    const report = await ask(path(), { signal });
    words.remove();
    node.append(
      h("header", { class: "report-head" }, h("h2", {}, report.title), h("p", { class: "muted" }, `${report.since} – ${report.until} · ${report.timezone}`)),
      h("dl", { class: "figures" }, report.figures.map((one) => h("div", { class: `panel ${one.tone}` }, h("dt", {}, one.label), h("dd", {}, one.value)))),
      h("div", { class: "plots" }, report.plots.map(plot)),
      ...report.tables.map(sheet),
      report.note ? h("p", { class: "muted fine" }, report.note) : "",
    );
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    words.className = "fault";
    words.textContent = error.message;
  }
}
