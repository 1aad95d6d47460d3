// The console: sign in, then cameras on one side and events on the other, both by themselves.

import { ask, follow, health, keepToken, onRefused, takeFromAddress, token } from "/console/api.js";
import * as cameras from "/console/cameras.js";
import { byId, h } from "/console/dom.js";
import * as feed from "/console/feed.js";
import { openEvent } from "/console/event.js";
import { learn } from "/console/modules.js";
import { choose, onLanguage, t, translate } from "/console/i18n.js";
import * as pages from "/console/pages.js";
import * as signin from "/console/signin.js";

const HEALTH_MS = 5000;
const SETTLE_MS = 3000;
const COMPONENTS = ["nats", "clickhouse", "ingest"];

let wanted = takeFromAddress();
let session = null;
let seen = {};
let line = "waiting";

function login(problem) {
  session?.abort();
  session = null;
  pages.leave();
  byId("console").hidden = true;
  byId("login").hidden = false;
  byId("login-error").hidden = !problem;
  byId("login-error").textContent = problem ?? "";
  signin.ask();
}

async function enter() {
  try {
    await ask("/api/v1/cameras");
  } catch (error) {
    if (error.status === 401) return;
    if (!error.status) {
      login(t("login_away"));
      return;
    }
  }
  await signin.know();
  byId("login").hidden = true;
  byId("console").hidden = false;
  session = new AbortController();
  const { signal } = session;
  cameras.start(signal);
  learn().then(() => feed.redraw(), () => {});
  pages.show();
  openWanted();
  follow({
    signal,
    onEvent: (event) => {
      feed.take(event, { fresh: true });
      pages.tell(event);
    },
    onGap: () => feed.reload(),
    onState: (state) => live(state, signal),
  });
}

/** The event that the address named, once whoever asks for it has signed in. */
async function openWanted() {
  const id = wanted;
  wanted = "";
  if (!id) return;
  try {
    openEvent(await ask(`/api/v1/events/${encodeURIComponent(id)}`));
  } catch (error) {
    console.info("event of the address:", error.message);
  }
}

function live(state, signal) {
  line = state;
  showLine();
  if (state !== "on") return;
  feed.reload();
  // What happened just before the stream began may still be on its way into the store.
  setTimeout(() => signal.aborted || feed.reload({ keep: true }), SETTLE_MS);
}

function showLine() {
  const node = byId("live");
  node.dataset.state = line;
  node.querySelector("span").textContent = t(`live_${line}`);
}

function showHealth() {
  const parts = seen.components ?? {};
  const names = seen.components ? COMPONENTS : ["api"];
  byId("health").replaceChildren(
    ...names.map((name) => {
      const part = parts[name];
      const ok = part?.ok ?? false;
      const words = `${t(`health_${name}`)}: ${t(ok ? "health_ok" : "health_away")}${part?.detail ? ` (${part.detail})` : ""}`;
      return h("li", { "data-ok": String(ok), title: words }, h("i"), h("span", {}, t(`health_${name}`)), h("span", { class: "unseen" }, words));
    }),
  );
  byId("site").textContent = seen.site || "zool";
  document.title = seen.site && seen.site !== "zool" ? `${seen.site} · zool` : "zool";
}

async function watchHealth() {
  try {
    seen = await health();
  } catch {
    seen = { site: seen.site };
  }
  showHealth();
  setTimeout(watchHealth, HEALTH_MS);
}

translate(document);
onRefused(() => {
  const had = token();
  keepToken("");
  login(had ? t("login_wrong") : signin.who ? t("login_ended") : "");
});
onLanguage(() => {
  showHealth();
  showLine();
  cameras.redraw();
  feed.redraw();
  if (session) cameras.refresh().catch(() => {});
  if (session) pages.show();
});
window.addEventListener("hashchange", () => {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  if (session) pages.show();
});
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => choose(button.dataset.lang));
}
signin.start({ enter, login });
byId("leave").addEventListener("click", async () => {
  await signin.leave();
  history.replaceState(null, "", location.pathname); // whoever signs in next begins at the beginning
  login("");
});
for (const id of ["add-camera", "first-camera"]) byId(id).addEventListener("click", () => pages.go("add"));
cameras.onChange((items) => {
  feed.choices(items);
  feed.redraw();
});
feed.start();
showLine();
watchHealth();
signin.resume().then((found) => (found ? enter() : login("")));
