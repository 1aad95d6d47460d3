// The pages of the console beside the first one: which there are, and the way between them by the address (`#/name?query`).
// A page is a module with `open(node, { query, signal, go })`: it fills the node and stops what it started at the signal.
// It is loaded when it is asked for the first time. Without a name in the address cameras and the feed are shown.

import { byId, h } from "/console/dom.js";
import { add, t } from "/console/i18n.js";
import { who } from "/console/signin.js";

add({
  en: {
    menu: "Pages",
    menu_now: "Now",
    menu_events: "Events",
    menu_wall: "Wall",
    menu_reports: "Reports",
    menu_review: "Review",
    menu_whatif: "What if",
    menu_doors: "Doors",
    menu_deliveries: "Deliveries",
    menu_system: "System",
    menu_cameras: "Cameras",
    menu_regions: "Regions",
    menu_people: "People",
    menu_vehicles: "Vehicle lists",
    page_failed: "This page could not be loaded. Load it again.",
  },
  ru: {
    menu: "Страницы",
    menu_now: "Сейчас",
    menu_events: "События",
    menu_wall: "Стена",
    menu_reports: "Отчёты",
    menu_review: "Разбор",
    menu_whatif: "Что если",
    menu_doors: "Двери",
    menu_deliveries: "Отправка",
    menu_system: "Система",
    menu_cameras: "Камеры",
    menu_regions: "Регионы",
    menu_people: "Люди",
    menu_vehicles: "Списки машин",
    page_failed: "Страница не загрузилась. Обновите её.",
  },
});

const PAGES = [
  { path: "", key: "menu_now" },
  { path: "events", key: "menu_events", load: () => import("/console/events.js") },
  { path: "wall", key: "menu_wall", load: () => import("/console/wall.js") },
  { path: "reports", key: "menu_reports", load: () => import("/console/reports.js") },
  { path: "review", key: "menu_review", load: () => import("/console/review.js") },
  { path: "cameras", key: "menu_cameras", load: () => import("/console/camera-list.js") },
  { path: "camera", under: "cameras", load: () => import("/console/camera.js") },
  { path: "missed", under: "cameras", load: () => import("/console/missed.js") },
  { path: "add", under: "cameras", load: () => import("/console/wizard.js") },
  { path: "regions", key: "menu_regions", load: () => import("/console/regions.js") },
  { path: "people", key: "menu_people", load: () => import("/console/people.js") },
  { path: "vehicles", key: "menu_vehicles", load: () => import("/console/vehicles.js") },
  { path: "whatif", key: "menu_whatif", load: () => import("/console/whatif.js") },
  { path: "doors", key: "menu_doors", load: () => import("/console/doors.js") },
  { path: "deliveries", key: "menu_deliveries", load: () => import("/console/deliveries.js") },
  { path: "system", key: "menu_system", load: () => import("/console/system.js") },
  { path: "users", key: "menu_users", load: () => import("/console/users.js"), least: "administrator" },
  { path: "audit", key: "menu_audit", load: () => import("/console/audit.js"), least: "administrator" },
  { path: "account", key: "menu_account", load: () => import("/console/account.js"), least: "nobody" },
];

let shown = null;

/** The page and the query of the address. */
export function where() {
  const [, name, query] = /^#\/([\w-]*)\??(.*)$/.exec(location.hash) ?? ["", "", ""];
  const page = PAGES.find((one) => one.path === name) ?? PAGES[0];
  return { page, query: new URLSearchParams(query) };
}

/** Goes to a page; with `replace` its place in the history is that of the page before. */
export function go(path, query, { replace = false } = {}) {
  const asked = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  const address = `#/${path}${asked.size ? `?${asked}` : ""}`;
  if (replace) history.replaceState(null, "", address);
  else location.hash = address;
}

function menu(shown) {
  const current = PAGES.find((one) => one.path === shown.under) ?? shown;
  byId("menu").setAttribute("aria-label", t("menu"));
  byId("menu").replaceChildren(
    ...PAGES.filter((page) => page.key && (page === current || !page.least || page.least === who?.role)).map((page) =>
      h("a", { href: page.path ? `#/${page.path}` : "#/", "aria-current": page === current ? "page" : null }, t(page.key)),
    ),
  );
  byId("menu").querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
}

/** Shows the page that the address names. */
export async function show() {
  shown?.abort();
  shown = new AbortController();
  const { signal } = shown;
  const { page, query } = where();
  menu(page);
  byId("now").hidden = Boolean(page.load);
  byId("page").hidden = !page.load;
  byId("page").dataset.page = page.path;
  byId("page").replaceChildren();
  if (!page.load) return;
  try {
    const { open } = await page.load();
    if (!signal.aborted) await open(byId("page"), { query, signal, go });
  } catch (error) {
    if (signal.aborted || error.status === 401) return;
    console.warn("page:", error.message);
    byId("page").append(h("p", { class: "notice", role: "alert" }, error.status ? error.message : t("page_failed")));
  }
}

/** Tells the page of an event that has just happened: it hears `zool-event` at its node. */
export function tell(event) {
  byId("page").dispatchEvent(new CustomEvent("zool-event", { detail: event }));
}

export function leave() {
  shown?.abort();
  byId("page").replaceChildren(); // whoever signs in next sees none of it
  shown = null;
}
