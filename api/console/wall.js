// The wall: pictures of many cameras, renewed while they are seen, with boxes and tracks as the detector sees them.

import "/console/texts/work.js";
import { ask, picture, stream } from "/console/api.js";
import { h, s } from "/console/dom.js";
import { named, t } from "/console/i18n.js";
import { seen } from "/console/modules.js";
import { regionOptions } from "/console/region-options.js";

const PICTURE_MS = 1000;
const LIST_MS = 5000;
const BOXES_MS = 2500;
const TRAIL_MAX = 24;
const CAMERAS_MAX = 64;
const WIDTH = 1000;
const TONES = ["#38d58b", "#ffc53d", "#7ea2ff", "#ff8b80", "#c792ea", "#4dd0e1"];
const SIZES = ["s", "m", "l"];

/** A colour that stays with a track. */
function tone(track) {
  let sum = 0;
  for (const one of track) sum = (sum * 31 + one.charCodeAt(0)) % 997;
  return TONES[sum % TONES.length];
}

class Tile {
  constructor(camera) {
    this.trails = new Map();
    this.image = h("img", { alt: "", hidden: true });
    this.svg = s("svg", { viewBox: `0 0 ${WIDTH} 562.5`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.name = h("span", { class: "tile-name" });
    this.state = h("span", { class: "tile-state" });
    this.node = h("a", { class: "tile", href: `#/camera?id=${camera.id}`, "data-id": camera.id }, this.image, this.svg, h("span", { class: "tile-bar" }, this.name, this.state));
    this.visible = false;
    this.update(camera);
  }

  update(camera) {
    this.camera = camera;
    const { phase } = camera.state;
    this.node.dataset.phase = phase;
    this.name.textContent = camera.name;
    this.state.textContent = phase === "live" ? "" : `${named("phase", phase)}${camera.state.detail ? `: ${camera.state.detail}` : ""}`;
    if (!seen(phase)) this.clear();
  }

  async renew() {
    if (this.busy || !this.visible || document.hidden || !seen(this.camera.state.phase)) return;
    this.busy = true;
    try {
      const url = await picture(`/api/v1/cameras/${this.camera.id}/snapshot.jpg`);
      const before = this.image.src;
      this.image.src = url;
      await this.image.decode();
      this.image.hidden = false;
      if (before) URL.revokeObjectURL(before);
      this.node.classList.remove("stale");
    } catch {
      this.node.classList.add("stale");
    } finally {
      this.busy = false;
    }
  }

  clear() {
    clearTimeout(this.fade);
    this.trails.clear();
    this.svg.replaceChildren();
  }

  /** Draws a frame's boxes; a track leaves a trail of its feet. */
  draw({ boxes }) {
    clearTimeout(this.fade);
    this.fade = setTimeout(() => this.clear(), BOXES_MS);
    const high = 562.5;
    const here = new Set();
    const nodes = boxes.flatMap(({ box, label, track, confidence }) => {
      const [x1, y1, x2, y2] = [box[0] * WIDTH, box[1] * high, box[2] * WIDTH, box[3] * high];
      const colour = tone(track || label);
      const drawn = [
        s("rect", { class: "seen", x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1), stroke: colour }),
        s("text", { class: "seen-text", x: x1 + 4, y: Math.max(24, y1 - 8), fill: colour }, `${named("label", label)} ${Math.round(confidence * 100)}`),
      ];
      if (!track) return drawn;
      here.add(track);
      const trail = this.trails.get(track) ?? [];
      trail.push(`${((x1 + x2) / 2).toFixed(1)},${y2.toFixed(1)}`);
      if (trail.length > TRAIL_MAX) trail.shift();
      this.trails.set(track, trail);
      return [s("polyline", { class: "trail", points: trail.join(" "), stroke: colour }), ...drawn];
    });
    for (const track of this.trails.keys()) if (!here.has(track)) this.trails.delete(track);
    this.svg.replaceChildren(...nodes);
  }
}

class Wall {
  constructor(node, { query, signal, go }, regions) {
    this.signal = signal;
    this.tiles = new Map();
    this.region = query.get("region") ?? "";
    this.size = SIZES.includes(query.get("size")) ? query.get("size") : "m";
    this.boxes = query.get("boxes") !== "off";
    const change = (more) => go("wall", { region: this.region, size: this.size, boxes: this.boxes ? "" : "off", ...more });
    this.line = h("span", { class: "muted", role: "status" });
    this.grid = h("div", { class: `wall wall-${this.size}` });
    this.empty = h("p", { class: "panel muted", hidden: true }, t("wall_none"));
    this.regions = regions;
    node.append(
      h(
        "div",
        { class: "page-head" },
        h("h2", {}, t("menu_wall")),
        this.line,
        h("div", { class: "bar-filters" }, h("label", { class: "check wall-check" }, h("input", { type: "checkbox", checked: this.boxes, onchange: (event) => change({ boxes: event.target.checked ? "" : "off" }) }), t("wall_boxes")), h("select", { "aria-label": t("wall_region"), onchange: (event) => change({ region: event.target.value }) }, regionOptions(regions, this.region, "wall_everywhere"))),
        h("div", { class: "segmented", role: "group", "aria-label": t("wall_size") }, SIZES.map((one) => h("button", { type: "button", "aria-pressed": String(one === this.size), onclick: () => change({ size: one }) }, one.toUpperCase()))),
        h("button", { type: "button", class: "secondary small", onclick: () => this.grid.requestFullscreen?.() }, t("wall_full")),
      ),
      this.grid,
      this.empty,
    );
    this.sight = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        const tile = this.tiles.get(target.dataset.id);
        if (tile) tile.visible = isIntersecting;
      }
    });
    signal.addEventListener("abort", () => this.#end());
  }

  #end() {
    this.sight.disconnect();
    this.following?.abort();
    for (const tile of this.tiles.values()) {
      tile.clear();
      if (tile.image.src) URL.revokeObjectURL(tile.image.src);
    }
  }

  /** Whether a camera lies in the region that is chosen, or below it. */
  #inside(camera) {
    for (let place = camera.region, depth = 0; depth < 32; depth += 1) {
      if (!this.region || place === this.region) return true;
      const above = this.regions.find((one) => one.id === place)?.parent;
      if (!above) return false;
      place = above;
    }
    return false;
  }

  async refresh() {
    const { items } = await ask("/api/v1/cameras", { signal: this.signal });
    const shown = items.filter((camera) => camera.enabled && this.#inside(camera)).slice(0, CAMERAS_MAX);
    const ids = new Set(shown.map((camera) => camera.id));
    let changed = false;
    for (const [id, tile] of this.tiles) {
      if (ids.has(id)) continue;
      tile.node.remove();
      this.tiles.delete(id);
      changed = true;
    }
    for (const camera of shown) {
      if (this.tiles.has(camera.id)) this.tiles.get(camera.id).update(camera);
      else {
        const tile = new Tile(camera);
        this.tiles.set(camera.id, tile);
        this.grid.append(tile.node);
        this.sight.observe(tile.node);
        changed = true;
      }
    }
    this.empty.hidden = shown.length > 0;
    if (changed) this.#follow();
  }

  #follow() {
    this.following?.abort();
    if (!this.boxes || !this.tiles.size) return;
    this.following = new AbortController();
    stream(`/api/v1/live/boxes?cameras=${[...this.tiles.keys()].join(",")}`, {
      signal: this.following.signal,
      onMessage: (message) => message.event === "boxes" && this.#seen(JSON.parse(message.data)),
      onState: (state) => {
        this.line.textContent = state === "on" ? "" : t("wall_away");
      },
    });
  }

  #seen(frame) {
    if (!document.hidden) this.tiles.get(frame.camera)?.draw(frame);
  }

  start() {
    const pictures = setInterval(() => {
      for (const tile of this.tiles.values()) tile.renew();
    }, PICTURE_MS);
    const list = setInterval(() => document.hidden || this.refresh().catch(() => {}), LIST_MS);
    this.signal.addEventListener("abort", () => {
      clearInterval(pictures);
      clearInterval(list);
    });
  }
}

export async function open(node, given) {
  const regions = await ask("/api/v1/regions", { signal: given.signal });
  if (given.signal.aborted) return;
  const wall = new Wall(node, given, regions.items);
  await wall.refresh();
  wall.start();
  for (const tile of wall.tiles.values()) tile.visible = true;
  for (const tile of wall.tiles.values()) tile.renew();
}
