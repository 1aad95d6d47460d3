// Tables as the API gives them, and SVG of ours as elements.

import { h } from "/console/dom.js";

const numeric = (cell) => typeof cell === "number" || /^[\d\s.,%–-]+( [KMGT]?i?B)?$/.test(cell ?? "");

/** A table of `head` and `rows`; columns of numbers stand to the right. Cells may be nodes. */
export function table(title, head, rows) {
  const right = head.map((_, place) => rows.length > 0 && rows.every((row) => !(row[place] instanceof Node) && (row[place] === null || row[place] === "" || numeric(row[place]))));
  const kind = (place) => (right[place] ? "number" : null);
  return h(
    "div",
    { class: "table-box", tabindex: "0", role: "region", "aria-label": title },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head.map((name, place) => h("th", { scope: "col", class: kind(place) }, name)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, place) => h("td", { class: kind(place) }, cell instanceof Node ? cell : String(cell ?? "")))))),
    ),
  );
}

/** A plot of the server as an element: parsed as SVG, so that it is drawn and nothing in it runs. */
export function drawn(svg) {
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  return document.importNode(parsed, true);
}
