// The line editor: directed lines over a picture, dragged by their ends, by pointer or by arrow keys.
// A line runs a→b; "forward" goes from its left to its right as seen from a, which on a picture is down for a line that
// runs to the right. The arrow is drawn on the side where an entry ends.

import { h, s } from "/console/dom.js";
import { t } from "/console/i18n.js";

const WIDTH = 1000;
const STEP = 0.01;
const clamp = (value) => Math.min(1, Math.max(0, value));
const round = (value) => Math.round(value * 10000) / 10000;

export class LineEditor {
  constructor() {
    this.lines = [];
    this.selected = 0;
    this.height = 562.5;
    this.image = h("img", { alt: "", hidden: true });
    this.svg = s("svg", { class: "lines", preserveAspectRatio: "none" });
    this.empty = h("p", { class: "lines-empty" }, t("lines_none"));
    this.node = h("div", { class: "editor" }, this.image, this.svg, this.empty);
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    this.svg.addEventListener("pointerup", () => (this.held = null));
    this.image.addEventListener("load", () => {
      this.height = (WIDTH * this.image.naturalHeight) / this.image.naturalWidth;
      this.node.style.setProperty("aspect-ratio", `${this.image.naturalWidth} / ${this.image.naturalHeight}`);
      this.#draw();
    });
    this.#draw();
  }

  background(url) {
    this.image.hidden = !url;
    if (url) this.image.src = url;
  }

  show(lines) {
    this.lines = lines.map((line) => ({ ...line }));
    this.selected = Math.max(0, this.lines.length - 1);
    this.#draw();
  }

  add() {
    const taken = new Set(this.lines.map((line) => line.id));
    let number = 1;
    while (taken.has(`line-${number}`)) number += 1;
    const y = round(clamp(0.55 + 0.08 * this.lines.length));
    this.lines.push({ id: `line-${number}`, a: [0.2, y], b: [0.8, y], entry: "forward" });
    this.selected = this.lines.length - 1;
    this.#draw();
  }

  reverse() {
    const line = this.lines[this.selected];
    if (line) line.entry = line.entry === "forward" ? "backward" : "forward";
    this.#draw();
  }

  remove() {
    this.lines.splice(this.selected, 1);
    this.selected = Math.max(0, this.lines.length - 1);
    this.#draw();
  }

  #point(event) {
    const box = this.svg.getBoundingClientRect();
    return [round(clamp((event.clientX - box.left) / box.width)), round(clamp((event.clientY - box.top) / box.height))];
  }

  #drag(event) {
    if (!this.held) return;
    const [line, end] = this.held;
    line[end] = this.#point(event);
    this.#draw();
  }

  #key(event, line, end) {
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!move) return;
    event.preventDefault();
    line[end] = [round(clamp(line[end][0] + move[0])), round(clamp(line[end][1] + move[1]))];
    this.#draw();
    this.svg.querySelector(`[data-handle="${line.id}.${end}"]`)?.focus();
  }

  #draw() {
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    this.svg.replaceChildren(...this.lines.map((line, number) => this.#line(line, number)));
    this.empty.hidden = this.lines.length > 0;
  }

  #line(line, number) {
    const [ax, ay] = [line.a[0] * WIDTH, line.a[1] * this.height];
    const [bx, by] = [line.b[0] * WIDTH, line.b[1] * this.height];
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const side = line.entry === "forward" ? 1 : -1;
    const [nx, ny] = [(-(by - ay) / length) * side, ((bx - ax) / length) * side];
    const [mx, my] = [(ax + bx) / 2, (ay + by) / 2];
    const tip = [mx + nx * 74, my + ny * 74];
    const wing = (turn) => [tip[0] - nx * 22 + ny * 14 * turn, tip[1] - ny * 22 - nx * 14 * turn];
    return s(
      "g",
      { class: number === this.selected ? "line selected" : "line" },
      s("line", { class: "line-halo", x1: ax, y1: ay, x2: bx, y2: by }),
      s("line", { class: "line-body", x1: ax, y1: ay, x2: bx, y2: by, onpointerdown: () => this.#select(number) }),
      s("path", { class: "line-way", d: `M${mx} ${my}L${tip}M${wing(1)}L${tip}L${wing(-1)}` }),
      s("text", { class: "line-text", x: tip[0] + nx * 20, y: tip[1] + ny * 20 + 8, "text-anchor": "middle" }, t("lines_entry")),
      this.#handle(line, "a", ax, ay, number),
      this.#handle(line, "b", bx, by, number),
    );
  }

  #handle(line, end, x, y, number) {
    return s("circle", {
      class: "handle",
      cx: x,
      cy: y,
      r: 13,
      tabindex: 0,
      role: "button",
      "data-handle": `${line.id}.${end}`,
      "aria-label": `${t(`lines_end_${end}`)} ${line.id}`,
      onpointerdown: (event) => {
        event.preventDefault();
        this.svg.setPointerCapture(event.pointerId);
        this.held = [line, end];
        this.selected = number;
      },
      onkeydown: (event) => this.#key(event, line, end),
    });
  }

  #select(number) {
    this.selected = number;
    this.#draw();
  }
}
