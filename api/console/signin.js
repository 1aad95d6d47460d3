// Signing in by name and password (a session in a cookie that scripts can't read) or by a token, and who is here.

import { ask as call, keepCsrf, keepToken, token } from "/console/api.js";
import { byId, h } from "/console/dom.js";
import { onLanguage, t } from "/console/i18n.js";
import "/console/texts/access.js";

const WAYS_MS = 2000;

/** The answer of GET /api/v1/session, or null. */
export let who = null;
let byToken = false;
let chosen = false; // by hand: nothing turns the form round any more
let provider = null;

/** What the button of the identity provider says, where the site has one; and whether anybody has a password yet. */
async function learnWays() {
  const ways = await call("/api/v1/session/ways").catch(() => null);
  if (ways?.first_run === null && !chosen && !byId("login").hidden) setTimeout(learnWays, WAYS_MS);
  provider = ways?.oidc ?? null;
  const turned = !chosen && byToken !== (ways?.first_run ?? false);
  if (turned) byToken = !byToken;
  draw();
  if (turned) focus();
}

function focus() {
  byId(byToken ? "login-token" : "login-name").focus();
}

function draw() {
  byId("login-by-password").hidden = byToken;
  byId("login-by-token").hidden = !byToken;
  byId("login-name").required = byId("login-password").required = !byToken;
  byId("login-token").required = byToken;
  byId("login-oidc").hidden = !provider || byToken;
  byId("login-oidc").textContent = provider ? t("login_by_provider").replace("{title}", () => provider) : "";
  byId("login-other").textContent = t(byToken ? "login_by_password" : "login_by_token");
  byId("account").textContent = who ? who.title || who.user : "";
  document.querySelector(".first-run")?.remove();
  if (who?.first_run) {
    const link = h("a", { href: "#/users" }, t("first_run_go"));
    byId("menu").before(h("p", { class: "first-run", role: "status" }, t("first_run"), " ", link));
  }
}

/** The form is shown: the field to begin with gets the focus. */
export function ask() {
  who = null;
  keepCsrf("");
  draw();
  focus();
  learnWays();
}

async function learn() {
  who = await call("/api/v1/session");
  keepCsrf(who.csrf);
}

/** Learns who is here; a token that nobody has is found out by the first call that follows. */
export async function know() {
  await learn().catch(() => {});
  byId("login-token").value = byId("login-password").value = "";
  draw();
}

/** Whether there is a token, or a session from before. */
export async function resume() {
  if (token()) return true;
  try {
    await learn();
    return true;
  } catch {
    return false;
  }
}

export async function leave() {
  if (!token()) await call("/api/v1/session", { method: "DELETE" }).catch(() => {});
  keepToken("");
  chosen = false;
}

export function start({ enter, login }) {
  byId("login-other").addEventListener("click", () => {
    byToken = !byToken;
    chosen = true;
    draw();
    focus();
  });
  byId("login-form").addEventListener("submit", async (submit) => {
    submit.preventDefault();
    if (byToken) {
      keepToken(byId("login-token").value.trim());
      enter();
      return;
    }
    keepToken("");
    const body = { name: byId("login-name").value.trim(), password: byId("login-password").value };
    try {
      await call("/api/v1/session", { method: "POST", body });
    } catch (error) {
      login(error.status ? error.message : t("login_away"));
      return;
    }
    enter();
  });
  onLanguage(draw);
}
