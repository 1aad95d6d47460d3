// The server: JSON, pictures and the event stream, all with the token in a header, never in an address.

import { current } from "/console/i18n.js";

const KEY = "zool.token";
let csrf = "";
const QUIET_MS_MAX = 25000;
let refused = () => {};

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export function token() {
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepToken(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/** Takes the token out of `/#token=…` and off the address bar before anything else happens; returns the id of `/#event=…`, or "". */
export function takeFromAddress() {
  if (location.hash.startsWith("#/")) return "";
  const found = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, "", location.pathname);
  if (found.get("token")) keepToken(found.get("token"));
  return found.get("event") ?? "";
}

export function onRefused(listener) {
  refused = listener;
}

/** What changes of a session have to carry; empty where a token is used. */
export function keepCsrf(value) {
  csrf = value;
}

function headers(extra) {
  const who = token() ? { Authorization: `Bearer ${token()}` } : csrf ? { "X-Zool-CSRF": csrf } : {};
  return { ...who, "Accept-Language": current(), ...extra };
}

async function send(path, { method = "GET", body, file, match, signal } = {}) {
  const extra = {};
  if (body !== undefined) extra["Content-Type"] = "application/json";
  else if (file) extra["Content-Type"] = file.type || "application/octet-stream";
  if (match) extra["If-Match"] = match;
  const answer = await fetch(path, {
    method,
    signal,
    headers: headers(extra),
    body: body === undefined ? file : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
  });
  if (answer.status === 401 && !path.startsWith("/api/v1/session")) refused();
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => null));
  return answer;
}

export async function ask(path, options) {
  const answer = await send(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** A picture as an object URL; whoever takes it revokes it. */
export async function picture(path, signal) {
  const answer = await send(path, { signal });
  return URL.createObjectURL(await answer.blob());
}

/** Saves what a call answers as a file of this name. */
export async function download(path, name, signal) {
  const address = URL.createObjectURL(await (await send(path, { signal })).blob());
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export async function health() {
  const answer = await fetch("/health/ready", { cache: "no-store" });
  return answer.json();
}

/** Reads an event stream for ever; it is opened again behind the last message that had an id. */
export async function stream(path, { onMessage, onState = () => {}, signal }) {
  let last = "";
  let pause = 500;
  while (!signal.aborted) {
    const line = new AbortController();
    const end = () => line.abort();
    signal.addEventListener("abort", end);
    let quiet = setTimeout(end, QUIET_MS_MAX);
    try {
      const answer = await fetch(path, {
        headers: headers(last ? { "Last-Event-ID": last } : {}),
        signal: line.signal,
        credentials: "same-origin",
        cache: "no-store",
      });
      if (answer.status === 401) return refused();
      if (!answer.ok) throw new Refusal(answer.status, null);
      onState("on");
      pause = 500;
      for await (const message of messages(answer.body, () => {
        clearTimeout(quiet);
        quiet = setTimeout(end, QUIET_MS_MAX);
      })) {
        if (message.id) last = message.id;
        onMessage(message);
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      console.info("event stream:", error.message);
    } finally {
      clearTimeout(quiet);
      signal.removeEventListener("abort", end);
    }
    onState("cut");
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 8000);
  }
  return undefined;
}

/** Follows the events for ever; resumes behind the last one that was seen. */
export function follow({ onEvent, onState, onGap, signal }) {
  return stream("/api/v1/events/stream", {
    signal,
    onState,
    onMessage: ({ event, data }) => {
      if (event === "message") onEvent(JSON.parse(data));
      else if (event === "gap") onGap(JSON.parse(data));
    },
  });
}

async function* messages(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const message = parse(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (message) yield message;
    }
  }
}

function parse(text) {
  const message = { id: "", event: "message", data: [] };
  for (const line of text.split("\n")) {
    const at = line.indexOf(":");
    if (at <= 0) continue;
    const field = line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, "");
    if (field === "data") message.data.push(value);
    else if (field === "id" || field === "event") message[field] = value;
  }
  return message.data.length ? { ...message, data: message.data.join("\n") } : null;
}
