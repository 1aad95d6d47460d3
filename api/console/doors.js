// Doors and barriers: whether they stand open, what was decided at them last, opening by hand, guests.

import { ask } from "/console/api.js";
import { byId, h, icon, s } from "/console/dom.js";
import { openEvent } from "/console/event.js";
import { add, current, t } from "/console/i18n.js";
import { said, status } from "/console/status.js";
import { WORDS } from "/console/texts/doors.js";

const POLL_MS = 1000;
const OPEN_MS_MAX = 15000;
const SHOWN = 8;
add(WORDS);

export async function open(node, { signal }) {
  const list = h("div", { class: "doors" });
  node.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, t("doors")),
      h("button", { type: "button", class: "secondary small", onclick: guest }, t("guest_title")),
      h("button", { type: "button", class: "primary small", onclick: () => edit(null, refresh) }, t("door_add")),
    ),
    list,
  );
  let shown = "";
  async function refresh() {
    const { items, now } = await ask("/api/v1/doors", { signal });
    const seen = JSON.stringify(items) + items.map((door) => state(door, now)).join();
    if (seen === shown || signal.aborted) return;
    shown = seen;
    list.replaceChildren(...(items.length ? items.map((door) => card(door, now, refresh)) : [h("p", { class: "panel muted" }, t("doors_none"))]));
  }
  await refresh();
  const timer = setInterval(() => refresh().catch((error) => signal.aborted || console.info("doors:", error.message)), POLL_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** By its controller's own reports: open from `opened` until it says that it is over. */
function state(door, now) {
  if (!door.enabled) return "off";
  const did = door.recent.find((one) => one.granted === null && one.reason !== "refused");
  return did?.reason === "opened" && Date.parse(now) - Date.parse(did.at) < OPEN_MS_MAX ? "open" : "shut";
}

function card(door, now, refresh) {
  const stands = state(door, now);
  const title = door.name || door.id;
  return h(
    "article",
    { class: "panel door", "data-door": door.id, "data-state": stands, "aria-label": title },
    h(
      "div",
      { class: "door-head" },
      picture(door.kind, stands),
      h(
        "div",
        {},
        h("h3", {}, title),
        h(
          "p",
          { class: "door-words" },
          h("span", { class: `chip ${stands === "open" ? "good" : ""}` }, t(`door_state_${stands}`)),
          door.listeners
            ? h("span", { class: "muted" }, `${t("door_listeners")}: ${door.listeners}`)
            : h("span", { class: "chip warn" }, t("door_no_listener")),
        ),
      ),
      h(
        "div",
        { class: "door-acts" },
        h("button", { type: "button", class: "primary small", disabled: !door.enabled, "aria-label": `${t("door_open")}: ${title}`, onclick: () => byHand(door, refresh) }, t("door_open")),
        h("button", { type: "button", class: "secondary small", "aria-label": `${t("door_edit")}: ${title}`, onclick: () => edit(door, refresh) }, t("door_edit")),
      ),
    ),
    door.recent.length
      ? h("ol", { class: "door-recent", "aria-label": t("door_recent") }, door.recent.slice(0, SHOWN).map(row))
      : h("p", { class: "muted" }, t("door_nothing")),
  );
}

/** A barrier whose arm goes up, or a leaf that swings. */
function picture(kind, stands) {
  const barrier = kind === "barrier";
  return s(
    "svg",
    { class: `door-picture ${barrier ? "barrier" : "leaf"}`, viewBox: "0 0 96 64", width: 96, height: 64, role: "img", "aria-label": t(`door_state_${stands}`) },
    barrier
      ? [s("rect", { x: 8, y: 26, width: 12, height: 34, rx: 2, class: "post" }), s("rect", { x: 12, y: 28, width: 78, height: 6, rx: 3, class: "arm" }), s("path", { d: "M2 61h92", class: "ground" })]
      : [s("rect", { x: 30, y: 6, width: 36, height: 54, rx: 2, class: "frame" }), s("rect", { x: 33, y: 9, width: 30, height: 51, class: "arm" }), s("path", { d: "M2 61h92", class: "ground" })],
  );
}

function row(one) {
  const what = one.granted === null ? "did" : one.granted ? "granted" : "denied";
  const who = one.plate || one.person || one.card || one.author;
  return h(
    "li",
    { "data-what": what },
    h("time", { datetime: one.at }, new Date(one.at).toLocaleTimeString(current(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })),
    h("span", { class: `chip ${{ granted: "good", denied: "bad", did: "" }[what]}` }, t(`door_${what}`)),
    one.event ? h("button", { type: "button", class: "link", onclick: () => show(one.event) }, who || "—") : h("b", {}, who),
    h("span", { class: "muted why" }, [one.reason_title[current()], one.note].filter(Boolean).join(" · ")),
  );
}

async function show(event) {
  try {
    openEvent(await ask(`/api/v1/events/${encodeURIComponent(event)}`), "");
  } catch (error) {
    console.info("event of a decision:", error.message);
  }
}

function sheet(title, form) {
  const dialog = byId("camera-dialog");
  dialog.onclose = null;
  dialog.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: "camera-dialog-title" }, title), h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    form,
  );
  dialog.showModal();
  return dialog;
}

/** A form that does something when it is sent, and says what came of it. */
function doing(parts, act, words) {
  const form = h("form", { class: "sheet" }, parts, words.node);
  form.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    try {
      await act(new FormData(form));
    } catch (error) {
      words.bad(said(error));
    }
  });
  return form;
}

function byHand(door, refresh) {
  const words = status();
  const request = crypto.randomUUID();
  const parts = [
    h("label", { for: "door-reason" }, t("door_open_reason")),
    h("input", { id: "door-reason", name: "reason", required: true, minlength: 3, maxlength: 500, autocomplete: "off" }),
    h("footer", { class: "dialog-foot" }, h("button", { type: "submit", class: "primary" }, t("door_open"))),
  ];
  const act = async (data) => {
    await ask(`/api/v1/doors/${door.id}/open`, { method: "POST", body: { reason: data.get("reason"), request_id: request } });
    words.good(t("door_open_sent"));
    await refresh();
  };
  sheet(`${t("door_open_title")}: ${door.name || door.id}`, doing(parts, act, words));
}

function guest() {
  const words = status();
  const parts = [
    h("label", { for: "guest-plate" }, t("guest_plate")),
    h("input", { id: "guest-plate", name: "plate", required: true, maxlength: 32, autocomplete: "off" }),
    h("label", { for: "guest-hours" }, t("guest_hours")),
    h("input", { id: "guest-hours", name: "hours", type: "number", min: 1, max: 744, value: 8, required: true }),
    h("label", { for: "guest-owner" }, t("guest_owner")),
    h("input", { id: "guest-owner", name: "owner", maxlength: 500, autocomplete: "off" }),
    h("footer", { class: "dialog-foot" }, h("button", { type: "submit", class: "primary" }, t("guest_add"))),
  ];
  const act = async (data) => {
    const until = new Date(Date.now() + Number(data.get("hours")) * 3_600_000 - 1000);
    const body = { plate: data.get("plate"), owner: data.get("owner"), valid_until: until.toISOString() };
    const made = await ask("/api/v1/guest-passes", { method: "POST", body });
    words.good(`${made.plate}: ${t("guest_done")} ${until.toLocaleString(current())}`);
  };
  sheet(t("guest_title"), doing(parts, act, words));
}

async function edit(door, refresh) {
  const words = status();
  const { items: cameras } = await ask("/api/v1/cameras");
  const now = door ?? { kind: "barrier", direction: "entry", lists: ["allow", "guest"], places: [], departments: [], antipassback: "off", enabled: true };
  const pick = (name, values) => [
    h("label", { for: `door-${name}` }, t(`door_${name}`)),
    h("select", { id: `door-${name}`, name }, values.map((one) => h("option", { value: one, selected: now[name] === one }, t(`door_${name}_${one}`)))),
  ];
  const tick = (name, value, text, checked) => h("label", { class: "check" }, h("input", { type: "checkbox", name, value, checked }), text);
  const parts = [
    !door && [h("label", { for: "door-id" }, t("door_id")), h("input", { id: "door-id", name: "id", required: true, pattern: "[a-z0-9][a-z0-9_\\-]{0,39}", autocomplete: "off" })],
    h("label", { for: "door-name" }, t("door_name")),
    h("input", { id: "door-name", name: "name", maxlength: 200, value: now.name ?? "", autocomplete: "off" }),
    pick("kind", ["barrier", "door", "turnstile"]),
    h("h3", {}, t("door_camera")),
    h("div", { class: "check-list" }, cameras.map((one) => tick("camera", one.id, one.name, now.places.some((place) => place.camera === one.id)))),
    pick("direction", ["entry", "exit", "both"]),
    h("h3", {}, t("door_lists")),
    h("div", { class: "check-list" }, ["allow", "guest"].map((one) => tick("lists", one, t(`door_list_${one}`), now.lists.includes(one)))),
    h("h3", {}, t("door_people")),
    tick("everybody", "yes", t("door_everybody"), now.everybody),
    h("label", { for: "door-departments" }, t("door_departments")),
    h("input", { id: "door-departments", name: "departments", value: now.departments.join(", "), autocomplete: "off" }),
    tick("factor", "yes", t("door_factor"), now.second_factor === "card_face"),
    pick("antipassback", ["off", "entry", "both"]),
    tick("enabled", "yes", t("door_enabled"), now.enabled),
    h(
      "footer",
      { class: "dialog-foot" },
      door && h("button", { type: "button", class: "danger", onclick: () => remove().catch((error) => words.bad(said(error))) }, t("door_remove")),
      h("button", { type: "submit", class: "primary" }, t("door_save")),
    ),
  ];
  const remove = async () => {
    if (!confirm(t("door_remove_sure"))) return;
    await ask(`/api/v1/doors/${door.id}`, { method: "DELETE", match: door.etag });
    dialog.close();
    await refresh();
  };
  const act = async (data) => {
    const { id, listeners, recent, etag, ...kept } = now;
    const places = data.getAll("camera").map((camera) => now.places.find((place) => place.camera === camera) ?? { camera });
    const body = {
      ...kept,
      places,
      name: data.get("name").trim(),
      kind: data.get("kind"),
      direction: data.get("direction"),
      lists: data.getAll("lists"),
      everybody: data.has("everybody"),
      departments: data.get("departments").split(",").map((one) => one.trim()).filter(Boolean),
      second_factor: data.has("factor") ? "card_face" : "none",
      antipassback: data.get("antipassback"),
      enabled: data.has("enabled"),
    };
    await ask(`/api/v1/doors/${id ?? data.get("id")}`, { method: "PUT", body, match: etag });
    dialog.close();
    await refresh();
  };
  const dialog = sheet(door ? door.name || door.id : t("door_add"), doing(parts, act, words));
}
