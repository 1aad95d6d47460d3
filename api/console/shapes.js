// Lines, zones and areas drawn over a picture, by mouse, touch or keys; all places are shares of the picture, 0..1.
// A line runs a→b; "forward" goes from its left to its right as seen from a, which on a picture is down for a line that
// runs to the right. The arrow is drawn on the side where an entry ends. A zone is drawn corner by corner; a small dot
// between two corners, once dragged, becomes one. Handles keep their size on the screen, whatever the picture's.

import { h, s } from "/console/dom.js";
import { t } from "/console/i18n.js";

const WIDTH = 1000;
const STEP = 0.01;
const DOT_PX = 7;
const TOUCH_PX = 20;
const POINTS_MAX = 64;
export const KINDS = ["lines", "zones", "areas"];
const NAMES = { lines: "line", zones: "zone", areas: "area" };
const clamp = (value) => Math.min(1, Math.max(0, value));
const round = (value) => Math.round(value * 10000) / 10000;
const copy = (value) => JSON.parse(JSON.stringify(value));

/** The corners of a shape as [x, y]; writing them back is `place`. */
function corners(kind, shape) {
  if (kind === "lines") return [shape.a, shape.b];
  if (kind === "zones") return shape.points;
  const [left, top, right, bottom] = shape.box;
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

function place(kind, shape, number, [x, y]) {
  if (kind === "lines") shape[number ? "b" : "a"] = [x, y];
  else if (kind === "zones") shape.points[number] = [x, y];
  else {
    const box = shape.box;
    box[number === 1 || number === 2 ? 2 : 0] = x;
    box[number > 1 ? 3 : 1] = y;
    shape.box = [Math.min(box[0], box[2]), Math.min(box[1], box[3]), Math.max(box[0], box[2]), Math.max(box[1], box[3])].map(round);
  }
}

export class ShapeEditor {
  /** `onChange(kind)`: shapes of a kind were changed by hand; `onSelect()`: another one is selected, or drawing began or ended. */
  constructor({ onChange = () => {}, onSelect = () => {} } = {}) {
    this.shapes = { lines: [], zones: [], areas: [] };
    this.changed = onChange;
    this.chosen = onSelect;
    this.selected = null;
    this.point = null;
    this.drawing = null;
    this.held = null;
    this.height = 562.5;
    this.image = h("img", { alt: "", hidden: true });
    this.svg = s("svg", { class: "shapes", preserveAspectRatio: "none", role: "group", "aria-label": t("shapes_editor") });
    this.words = h("p", { class: "shapes-words", "aria-live": "polite" });
    this.node = h("div", { class: "editor" }, this.image, this.svg, this.words);
    this.svg.addEventListener("pointerdown", (event) => this.#down(event));
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, () => this.#up());
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.image.addEventListener("load", () => {
      this.height = (WIDTH * this.image.naturalHeight) / this.image.naturalWidth;
      this.node.style.setProperty("aspect-ratio", `${this.image.naturalWidth} / ${this.image.naturalHeight}`);
      this.#draw();
    });
    new ResizeObserver(() => this.#draw()).observe(this.node);
  }

  /** A picture behind the shapes, by its address; null = none. */
  background(url) {
    this.image.hidden = !url;
    if (url) this.image.src = url;
  }

  /** What is said over the picture; "" = nothing. */
  say(text) {
    this.words.textContent = text;
  }

  show(shapes) {
    for (const kind of KINDS) this.shapes[kind] = copy(shapes[kind] ?? []);
    const kind = KINDS.find((one) => this.shapes[one].length);
    this.drawing = null;
    this.#choose(kind ? [kind, 0] : null);
  }

  get shape() {
    return this.selected ? this.shapes[this.selected[0]][this.selected[1]] : undefined;
  }

  add(kind) {
    const id = this.#free(kind);
    if (kind === "zones") {
      this.drawing = { id, points: [] };
      this.#choose(null);
      this.svg.focus();
      return;
    }
    const y = round(clamp(0.55 + 0.08 * this.shapes.lines.length));
    const made = kind === "lines" ? { id, a: [0.2, y], b: [0.8, y], entry: "forward" } : { id, box: [0.3, 0.3, 0.7, 0.7] };
    this.shapes[kind].push(made);
    this.#choose([kind, this.shapes[kind].length - 1]);
    this.changed(kind);
  }

  /** Ends the drawing of a zone; what is not enough for one becomes a rectangle to begin with. */
  finish() {
    if (!this.drawing) return;
    const { id, points } = this.drawing;
    this.drawing = null;
    this.shapes.zones.push({ id, points: points.length > 2 ? points : [[0.25, 0.35], [0.75, 0.35], [0.75, 0.85], [0.25, 0.85]] });
    this.#choose(["zones", this.shapes.zones.length - 1]);
    this.changed("zones");
  }

  cancel() {
    this.drawing = null;
    this.#choose(null);
  }

  reverse() {
    const shape = this.shape;
    if (this.selected?.[0] !== "lines") return;
    shape.entry = shape.entry === "forward" ? "backward" : "forward";
    this.#draw();
    this.changed("lines");
  }

  rename(id) {
    if (!this.shape) return;
    this.shape.id = id;
    this.#draw();
    this.changed(this.selected[0]);
  }

  remove() {
    if (!this.selected) return;
    const [kind, number] = this.selected;
    this.shapes[kind].splice(number, 1);
    this.#choose(this.shapes[kind].length ? [kind, Math.max(0, number - 1)] : null);
    this.changed(kind);
  }

  /** Whether a corner is selected that a zone can do without. */
  get spare() {
    return this.selected?.[0] === "zones" && this.point !== null && this.shape.points.length > 3;
  }

  removePoint() {
    if (!this.spare) return;
    this.shape.points.splice(this.point, 1);
    this.point = null;
    this.#draw();
    this.chosen();
    this.changed("zones");
  }

  select(kind, number) {
    this.#choose([kind, number]);
  }

  #free(kind) {
    const taken = new Set(this.shapes[kind].map((one) => one.id));
    let number = 1;
    while (taken.has(`${NAMES[kind]}-${number}`)) number += 1;
    return `${NAMES[kind]}-${number}`;
  }

  #choose(selected) {
    this.selected = selected;
    this.point = null;
    this.#draw();
    this.chosen();
  }

  #at(event) {
    const box = this.svg.getBoundingClientRect();
    return [round(clamp((event.clientX - box.left) / box.width)), round(clamp((event.clientY - box.top) / box.height))];
  }

  #down(event) {
    const target = event.target.closest("[data-hold]");
    if (this.drawing) {
      event.preventDefault();
      if (target?.dataset.hold === "first" && this.drawing.points.length > 2) this.finish();
      else if (this.drawing.points.length < POINTS_MAX) this.drawing.points.push(this.#at(event));
      this.#draw();
      this.chosen();
      return;
    }
    if (!target) return;
    event.preventDefault();
    const [kind, number] = [target.dataset.kind, Number(target.dataset.shape)];
    this.#choose([kind, number]);
    const shape = this.shape;
    let point = target.dataset.hold === "body" ? null : Number(target.dataset.point);
    if (target.dataset.hold === "middle") {
      point += 1;
      shape.points.splice(point, 0, this.#at(event));
    }
    this.point = point;
    this.svg.setPointerCapture(event.pointerId);
    this.held = { kind, shape, point, from: this.#at(event), before: copy(corners(kind, shape)), moved: target.dataset.hold === "middle" };
    this.#draw();
    this.chosen();
  }

  #drag(event) {
    if (!this.held) return;
    const { kind, shape, point, from, before } = this.held;
    const [x, y] = this.#at(event);
    if (x === from[0] && y === from[1]) return;
    this.held.moved = true;
    if (point === null) this.#shift(kind, shape, before, x - from[0], y - from[1]);
    else {
      place(kind, shape, point, [x, y]);
      if (kind === "areas") this.held.point = this.point = this.#nearest(shape, [x, y]);
    }
    this.#draw();
  }

  /** Which corner of an area is at a place: dragged over another one, it is that one. */
  #nearest(shape, [x, y]) {
    const far = corners("areas", shape).map((one) => Math.hypot(one[0] - x, one[1] - y));
    return far.indexOf(Math.min(...far));
  }

  #shift(kind, shape, before, dx, dy) {
    const reach = (axis, by) => {
      const all = before.map((one) => one[axis]);
      return Math.min(1 - Math.max(...all), Math.max(-Math.min(...all), by));
    };
    const [x, y] = [reach(0, dx), reach(1, dy)];
    const after = before.map((one) => [round(one[0] + x), round(one[1] + y)]);
    if (kind === "areas") shape.box = [...after[0], ...after[2]];
    else after.forEach((one, number) => place(kind, shape, number, one));
  }

  #up() {
    const held = this.held;
    this.held = null;
    if (held?.moved) this.changed(held.kind);
  }

  #key(event) {
    if (this.drawing) {
      if (event.key === "Enter") this.finish();
      else if (event.key === "Escape") this.cancel();
      else return;
      event.preventDefault();
      return;
    }
    const target = event.target.closest("[data-hold]");
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!target) return;
    const [kind, number, point] = [target.dataset.kind, Number(target.dataset.shape), Number(target.dataset.point)];
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.selected = [kind, number];
      this.point = point;
      if (this.spare) this.removePoint();
      else this.remove();
      return;
    }
    if (!move) return;
    event.preventDefault();
    this.selected = [kind, number];
    this.point = point;
    const [x, y] = corners(kind, this.shape)[point];
    place(kind, this.shape, point, [round(clamp(x + move[0])), round(clamp(y + move[1]))]);
    this.#draw();
    this.chosen();
    this.svg.querySelector(`[data-hold="corner"][data-kind="${kind}"][data-shape="${number}"][data-point="${point}"]`)?.focus();
    this.changed(kind);
  }

  /** A point in the units of the drawing. */
  #p([x, y]) {
    return [x * WIDTH, y * this.height];
  }

  #draw() {
    this.px = WIDTH / (this.svg.clientWidth || WIDTH);
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    this.svg.setAttribute("tabindex", this.drawing ? "0" : "-1");
    this.svg.classList.toggle("drawing", Boolean(this.drawing));
    const all = ["areas", "zones", "lines"].flatMap((kind) => this.shapes[kind].map((shape, number) => this.#one(kind, shape, number)));
    this.svg.replaceChildren(...all, ...(this.drawing ? [this.#draft()] : []));
  }

  #draft() {
    const points = this.drawing.points.map((one) => this.#p(one));
    return s(
      "g",
      { class: "shape selected zones" },
      s("polyline", { class: "outline", points: points.join(" "), "stroke-width": 3 * this.px }),
      ...points.map(([cx, cy], number) =>
        s("circle", { class: number ? "dot" : "dot first", "data-hold": number ? "" : "first", cx, cy, r: (number ? DOT_PX : DOT_PX + 3) * this.px, "stroke-width": 3 * this.px }),
      ),
    );
  }

  #one(kind, shape, number) {
    const chosen = this.selected?.[0] === kind && this.selected[1] === number;
    const hold = { "data-kind": kind, "data-shape": number };
    const points = corners(kind, shape).map((one) => this.#p(one));
    const body = { ...hold, "data-hold": "body", points: points.join(" ") };
    const form = kind === "lines" ? "polyline" : "polygon";
    return s(
      "g",
      { class: `shape ${kind}${chosen ? " selected" : ""}` },
      s("polyline", { class: "halo", points: [...points, ...(kind === "lines" ? [] : [points[0]])].join(" "), "stroke-width": 7 * this.px }),
      s(form, { ...body, class: "outline", "stroke-width": 3.5 * this.px }),
      kind === "lines" && s("polyline", { ...body, class: "grip", "stroke-width": TOUCH_PX * this.px }),
      kind === "lines" && this.#way(shape, points),
      kind !== "lines" && s("text", { class: "shape-text", x: points[0][0] + 10 * this.px, y: points[0][1] + 22 * this.px, "font-size": 14 * this.px, "stroke-width": 3 * this.px }, shape.id),
      kind === "zones" && chosen && shape.points.length < POINTS_MAX && points.map((one, at) => this.#middle(hold, one, points[(at + 1) % points.length], at)),
      points.map((one, at) => this.#dot(kind, shape, number, one, at, chosen)),
    );
  }

  #middle(hold, [ax, ay], [bx, by], at) {
    const spot = { cx: (ax + bx) / 2, cy: (ay + by) / 2, ...hold, "data-hold": "middle", "data-point": at };
    return [s("circle", { ...spot, class: "touch", r: (TOUCH_PX - 6) * this.px }), s("circle", { ...spot, class: "middle", r: 4 * this.px })];
  }

  #dot(kind, shape, number, [cx, cy], at, chosen) {
    const hold = { "data-hold": "corner", "data-kind": kind, "data-shape": number, "data-point": at };
    const name = kind === "lines" ? t(at ? "shapes_end" : "shapes_start") : `${t("shapes_corner")} ${at + 1}`;
    return [
      s("circle", { ...hold, class: "touch", cx, cy, r: TOUCH_PX * this.px }),
      s("circle", {
        ...hold,
        class: chosen && this.point === at ? "dot chosen" : "dot",
        cx,
        cy,
        r: DOT_PX * this.px,
        "stroke-width": 3 * this.px,
        tabindex: 0,
        role: "button",
        "aria-label": `${shape.id}: ${name}`,
      }),
    ];
  }

  #way(line, [[ax, ay], [bx, by]]) {
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const side = line.entry === "forward" ? 1 : -1;
    const [nx, ny] = [(-(by - ay) / length) * side, ((bx - ax) / length) * side];
    const [mx, my] = [(ax + bx) / 2, (ay + by) / 2];
    const px = this.px;
    const tip = [mx + nx * 40 * px, my + ny * 40 * px];
    const wing = (turn) => [tip[0] - nx * 13 * px + ny * 9 * px * turn, tip[1] - ny * 13 * px - nx * 9 * px * turn];
    const text = { x: tip[0] + nx * 14 * px, y: tip[1] + ny * 14 * px + 5 * px, "font-size": 14 * px, "stroke-width": 3 * px };
    return [
      s("path", { class: "way-halo", d: `M${mx} ${my}L${tip}M${wing(1)}L${tip}L${wing(-1)}`, "stroke-width": 6 * px }),
      s("path", { class: "way-arrow", d: `M${mx} ${my}L${tip}M${wing(1)}L${tip}L${wing(-1)}`, "stroke-width": 3 * px }),
      s("text", { ...text, class: "shape-text", "text-anchor": "middle" }, `${t("shapes_entry")} · ${line.id}`),
    ];
  }
}
