// Camera cards: state, cause in words, and a picture that is renewed while somebody can see it.

import { ask, picture } from "/console/api.js";
import { byId, h, icon } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { seen } from "/console/modules.js";

const LIST_MS = 2000;
const PICTURE_MS = 2000;

const cards = new Map();
let changed = () => {};
let known = "";

export function onChange(listener) {
  changed = listener;
}

export function cameraName(id) {
  return cards.get(id)?.camera.name ?? (id === "system" ? t("system") : id);
}

function card(camera) {
  const image = h("img", { alt: camera.name, hidden: true });
  const node = h(
    "article",
    { class: "card", "data-id": camera.id },
    h(
      "button",
      { type: "button", class: "frame", onclick: () => (location.hash = `#/camera?id=${encodeURIComponent(camera.id)}`) },
      image,
      h("span", { class: "frame-empty" }, icon("camera", 34), h("span", { class: "frame-words" })),
      h("span", { class: "badge" }, h("i"), h("span", { class: "badge-text" })),
      h("span", { class: "rate" }),
    ),
    h(
      "div",
      { class: "card-foot" },
      h("div", {}, h("h3"), h("p", { class: "muted cause" })),
      h("span", { class: "code" }, camera.id),
    ),
  );
  return { node, image, camera, visible: false, busy: false, shown: 0 };
}

const sight = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    const found = cards.get(target.dataset.id);
    if (found) found.visible = isIntersecting;
  }
});

function update(found, camera) {
  found.camera = camera;
  const { node } = found;
  const { state } = camera;
  const phase = camera.enabled ? state.phase : "disabled";
  node.dataset.phase = phase;
  const live = state.inference_ok ? facts(state) : t("no_inference");
  node.querySelector("h3").textContent = camera.name;
  node.querySelector(".badge-text").textContent = named("phase", phase);
  node.querySelector(".cause").textContent = phase === "live" ? live : state.detail || live;
  node.classList.toggle("blind", seen(phase) && !state.inference_ok);
  node.querySelector(".rate").textContent = seen(phase) ? `${state.fps.toFixed(0)} ${t("fps")}` : "";
  node.querySelector(".frame-words").textContent = t("no_picture");
  node.querySelector(".frame").setAttribute("aria-label", `${camera.name}: ${named("phase", phase)}. ${t("camera_open")}`);
}

function facts(state) {
  const size = state.width ? `${state.width}×${state.height}` : "";
  return [size, state.codec.toUpperCase().replace("H26", "H.26")].filter(Boolean).join(" · ");
}

async function renew(found) {
  if (found.busy || !found.visible || document.hidden || Date.now() - found.shown < PICTURE_MS - 200) return;
  if (!seen(found.node.dataset.phase)) {
    found.node.classList.add("stale");
    return;
  }
  found.busy = true;
  try {
    const url = await picture(`/api/v1/cameras/${found.camera.id}/snapshot.jpg`);
    const before = found.image.src;
    found.image.src = url;
    await found.image.decode();
    found.image.hidden = false;
    if (before) URL.revokeObjectURL(before);
    found.node.classList.remove("stale");
  } catch {
    found.node.classList.add("stale");
  } finally {
    found.shown = Date.now();
    found.busy = false;
  }
}

/** Reads the list and brings the cards in line with it. */
export async function refresh() {
  const { items } = await ask("/api/v1/cameras");
  const present = new Set(items.map((camera) => camera.id));
  for (const [id, found] of cards) {
    if (present.has(id)) continue;
    sight.unobserve(found.node);
    found.node.remove();
    cards.delete(id);
  }
  for (const camera of items) {
    if (!cards.has(camera.id)) {
      const made = card(camera);
      cards.set(camera.id, made);
      sight.observe(made.node);
    }
    update(cards.get(camera.id), camera);
  }
  const order = items.map((camera) => cards.get(camera.id).node);
  const box = byId("cards");
  if (order.some((node, number) => box.children[number] !== node)) box.replaceChildren(...order);
  byId("no-cameras").hidden = items.length > 0;
  byId("cameras-count").textContent = items.length ? String(items.length) : "";
  const names = JSON.stringify(items.map((camera) => [camera.id, camera.name]));
  if (names !== known) {
    known = names;
    changed(items);
  }
}

export function redraw() {
  for (const found of cards.values()) update(found, found.camera);
}

/** Keeps list and pictures fresh until the signal. */
export function start(signal) {
  const turn = async () => {
    if (signal.aborted) return;
    if (!document.hidden) {
      try {
        await refresh();
      } catch (error) {
        if (error.status !== 401) console.info("cameras:", error.message);
      }
    }
    setTimeout(turn, LIST_MS);
  };
  turn();
  const pictures = setInterval(() => {
    for (const found of cards.values()) renew(found);
  }, 250);
  signal.addEventListener("abort", () => clearInterval(pictures));
}
