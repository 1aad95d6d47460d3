// One control for each kind of setting: native elements, filled with a value, telling each change by `put(value)`;
// put(undefined) = back to what is inherited.

import { h, icon } from "/console/dom.js";
import { current, named, t } from "/console/i18n.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LABELS = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
const ITEMS = ["helmet", "vest", "gloves", "mask", "goggles", "boots"];
const words = (text) => text.split(/[,;]/).map((one) => one.trim()).filter(Boolean);

function swtch({ field, id, value, put }) {
  const input = h("input", { id, type: "checkbox", class: "switch", checked: Boolean(value), "aria-describedby": `${id}-hint` });
  input.addEventListener("change", () => put(input.checked));
  return h("span", { class: "check", "data-name": field.name }, input);
}

function number({ field, id, value, put }) {
  const input = h("input", {
    id,
    type: "number",
    min: field.min,
    max: field.max,
    step: field.kind === "integer" ? 1 : "any",
    value: value ?? undefined,
    inputmode: field.kind === "integer" ? "numeric" : "decimal",
    placeholder: field.nullable ? t("fields_auto") : undefined,
    "aria-describedby": `${id}-hint`,
  });
  input.addEventListener("change", () => {
    if (!input.reportValidity()) return;
    put(input.value === "" ? (field.nullable ? null : undefined) : Number(input.value));
  });
  return field.unit ? h("span", { class: "with-unit" }, input, h("span", { class: "unit" }, named("unit", field.unit))) : input;
}

function choice({ field, id, value, put }) {
  const input = h(
    "select",
    { id, "aria-describedby": `${id}-hint` },
    field.choices.map((one) => h("option", { value: one, selected: one === value }, named("choice", one))),
  );
  input.addEventListener("change", () => put(input.value));
  return input;
}

export function text({ id, value, put }) {
  const input = h("input", { id, value: value ?? "", maxlength: 200, spellcheck: "false", "aria-describedby": `${id}-hint` });
  input.addEventListener("change", () => put(input.value.trim()));
  return input;
}

/** Boxes to tick for what is known, and a line for what is not. */
function chips({ id, known, chosen, prefix, put, free = true, label }) {
  const state = new Set(chosen);
  const more = [...state].filter((one) => !known.includes(one));
  const tell = () => put([...known.filter((one) => state.has(one)), ...[...state].filter((one) => !known.includes(one))]);
  const boxes = known.map((one) => {
    const input = h("input", { type: "checkbox", checked: state.has(one) });
    input.addEventListener("change", () => {
      if (input.checked) state.add(one);
      else state.delete(one);
      tell();
    });
    return h("label", { class: "chip-box" }, input, h("span", {}, named(prefix, one)));
  });
  const other = free && h("input", { class: "chip-more", value: more.join(", "), placeholder: t("fields_more"), "aria-label": `${t("fields_more")}`, spellcheck: "false" });
  if (other) {
    other.addEventListener("change", () => {
      for (const one of [...state]) if (!known.includes(one)) state.delete(one);
      for (const one of words(other.value)) state.add(one);
      tell();
    });
  }
  return h("div", { class: "chips", role: "group", "aria-labelledby": label ?? `${id}-name` }, boxes, other);
}

function wordList({ field, id, value, own, put, zones }) {
  if (field.name.endsWith("zones")) {
    if (!zones.length && !value?.length) return h("span", { class: "muted" }, t("fields_no_zones"));
    return chips({ id, known: [...new Set([...zones, ...(value ?? [])])], chosen: value ?? [], prefix: "zone", put, free: false });
  }
  const known = field.name === "class_list" ? LABELS : [];
  // Nobody's own choice is the function's: what config.ini knows is not shown as if it were chosen.
  const chosen = own || !field.nullable ? (value ?? []) : [];
  return chips({ id, known, chosen, prefix: "label", put: (all) => put(all.length ? all : field.nullable ? undefined : []) });
}

function schedule({ id, value, put }) {
  let hours = (value ?? []).map((one) => ({ ...one }));
  const rows = h("div", { class: "hours", role: "group", "aria-labelledby": `${id}-name` });
  const tell = () => put(hours.map((one) => ({ ...one })));
  const draw = () => {
    rows.replaceChildren(
      ...hours.map((one, number) => hourRow(one, tell, () => {
        hours = hours.filter((_, other) => other !== number);
        draw();
        tell();
      })),
      h("button", { type: "button", class: "link", onclick: () => {
        hours = [...hours, { days: DAYS.slice(0, 5), since: "08:00", until: "18:00" }];
        draw();
        tell();
      } }, `+ ${t("hours_add")}`),
    );
  };
  draw();
  return rows;
}

function dropButton(work) {
  return h("button", { type: "button", class: "drop", "aria-label": t("remove"), title: t("remove"), onclick: work }, icon("close", 14));
}

function hourRow(one, tell, drop) {
  const days = DAYS.map((day) => {
    const input = h("input", { type: "checkbox", checked: one.days.includes(day) });
    input.addEventListener("change", () => {
      const chosen = DAYS.filter((each) => (each === day ? input.checked : one.days.includes(each)));
      if (!chosen.length) input.checked = true;
      else {
        one.days = chosen;
        tell();
      }
    });
    return h("label", { class: "day" }, input, h("span", {}, t(`day_${day}`)));
  });
  const clock = (name) => {
    const input = h("input", { type: "time", value: one[name], required: true, "aria-label": t(`hours_${name}`) });
    input.addEventListener("change", () => {
      if (!input.value) return;
      one[name] = input.value.slice(0, 5);
      tell();
    });
    return input;
  };
  return h(
    "div",
    { class: "hour" },
    h("div", { class: "days", role: "group", "aria-label": t("hours_days") }, days),
    h("span", { class: "span" }, clock("since"), "–", clock("until")),
    dropButton(drop),
  );
}

/** Rows of a key and something; `cell(key, value, put)` draws the something. */
function rowsOf({ id, value, put, cell, start, key, add }) {
  let rows = Object.entries(value ?? {});
  const box = h("div", { class: "pairs", role: "group", "aria-labelledby": `${id}-name` });
  const tell = () => put(Object.fromEntries(rows.filter(([, one]) => one?.length)));
  const draw = () => {
    box.replaceChildren(
      ...rows.map((row, number) =>
        h(
          "div",
          { class: "pair" },
          key(row[0], (next) => {
            row[0] = next;
            tell();
          }),
          cell(row[1], (next) => {
            row[1] = next;
            tell();
          }),
          dropButton(() => {
            rows = rows.filter((_, other) => other !== number);
            draw();
            tell();
          }),
        ),
      ),
      h("button", { type: "button", class: "link", onclick: () => {
        rows = [...rows, start(rows)];
        draw();
        tell();
      } }, `+ ${add}`),
    );
  };
  draw();
  return box;
}

function plain(label, value, put) {
  const input = h("input", { value, "aria-label": label, placeholder: label, maxlength: 200 });
  input.addEventListener("change", () => put(input.value.trim()));
  return input;
}

function table({ id, value, put }) {
  return rowsOf({
    id,
    value,
    put,
    key: (one, next) => plain(t("table_label"), one, next),
    cell: (one, next) => plain(t("table_text"), one, next),
    start: () => ["", ""],
    add: t("row_add"),
  });
}

function lists({ id, value, put, zones }) {
  const places = (one) => [...new Set(["", ...zones, one])];
  const key = (one, next) => {
    const input = h("select", { "aria-label": t("lists_zone") }, places(one).map((zone) => h("option", { value: zone, selected: zone === one }, zone || t("lists_whole"))));
    input.addEventListener("change", () => next(input.value));
    return input;
  };
  const cell = (one, next) => h("div", { class: "pair-chips" }, chips({ id, known: ITEMS, chosen: one, prefix: "item", put: next }));
  return rowsOf({ id, value, put, key, cell, start: (rows) => [["", ...zones].find((zone) => !rows.some(([one]) => one === zone)) ?? "", ["helmet"]], add: t("row_add") });
}

/** Records of the kinds that a field names: one below the other, each with its controls side by side. */
function records({ field, id, value, put, zones }) {
  let rows = (value ?? []).map((one) => ({ ...one }));
  const box = h("div", { class: "records", role: "group", "aria-labelledby": `${id}-name` });
  const tell = () => put(rows.map((one) => ({ ...one })));
  const draw = () => {
    box.replaceChildren(
      ...rows.map((row, number) => {
        const drop = () => {
          rows = rows.filter((_, other) => other !== number);
          draw();
          tell();
        };
        return h("div", { class: "record" }, field.items.map((item) => part({ item, id: `${id}-${number}-${item.name}`, row, tell, zones })), dropButton(drop));
      }),
      h("button", { type: "button", class: "link", onclick: () => {
        rows = [...rows, Object.fromEntries(field.items.filter((item) => item.kind === "text").map((item) => [item.name, item.name === "zone" ? (zones[0] ?? "") : ""]))];
        draw();
        tell();
      } }, `+ ${t("row_add")}`),
    );
  };
  draw();
  return box;
}

/** One control of a record. */
function part({ item, id, row, tell, zones }) {
  const store = (value) => {
    if (value === undefined) delete row[item.name];
    else row[item.name] = value;
    tell();
  };
  const make = item.name === "zone" && zones.length ? zoneChoice : (KINDS[item.kind] ?? other);
  const control = make({ field: item, id, value: row[item.name], own: true, put: store, zones });
  const grouped = item.kind === "schedule";
  return h("div", { class: `part part-${item.kind}` }, h(grouped ? "span" : "label", { class: "name", id: `${id}-name`, for: id }, item.title[current()]), control);
}

function zoneChoice({ id, value, put, zones }) {
  const input = h("select", { id }, [...new Set([...zones, value].filter(Boolean))].map((zone) => h("option", { value: zone, selected: zone === value }, zone)));
  input.addEventListener("change", () => put(input.value));
  return input;
}

/** Records by a name that people give. */
function namedRecords({ field, id, value, put, zones }) {
  const name = { name: "*", kind: "text", title: { en: t("record_name"), ru: t("record_name") } };
  const tell = (rows) => put(Object.fromEntries(rows.filter((row) => row["*"]).map(({ "*": key, ...rest }) => [key, rest])));
  const rows = Object.entries(value ?? {}).map(([key, rest]) => ({ "*": key, ...rest }));
  return records({ field: { ...field, items: [name, ...field.items] }, id, value: rows, put: tell, zones });
}

export function other({ id, value, put }) {
  const input = h("textarea", { id, rows: 3, spellcheck: "false", class: "code-box", "aria-describedby": `${id}-hint` });
  input.value = JSON.stringify(value ?? null, null, 1);
  input.addEventListener("change", () => {
    try {
      put(JSON.parse(input.value));
      input.setCustomValidity("");
    } catch {
      input.setCustomValidity(t("fields_no_json"));
      input.reportValidity();
    }
  });
  return input;
}

const KINDS = { choice, integer: number, number, schedule, switch: swtch, table, text, words: wordList };

export { choice, lists, namedRecords as named, records, number, number as integer, schedule, swtch as switch, table, wordList as words };
