// A number plate drawn like the real thing. Russian types are known by their grammar; anything else is a plain plate.

import { h } from "/console/dom.js";

const L = "[АВЕКМНОРСТУХ]";
const TYPES = [
  [new RegExp(`^(${L})(\\d{3})(${L}{2})(\\d{2,3})$`), "civil"],
  [new RegExp(`^(${L}{2})(\\d{3})()(\\d{2,3})$`), "taxi"],
  [new RegExp(`^(${L}{2})(\\d{4})()(\\d{2,3})$`), "trailer"],
  [new RegExp(`^(${L})(\\d{4})()(\\d{2,3})$`), "police"],
  [new RegExp(`^()(\\d{4})(${L}{2})(\\d{2,3})$`), "military"],
];
const LATIN = "ABEKMHOPCTYX";
const CYRILLIC = "АВЕКМНОРСТУХ";

/** Look-alike letters as one, as the server compares plates. */
export function fold(text) {
  return [...text.toUpperCase()]
    .filter((c) => /[\p{L}\p{N}]/u.test(c))
    .map((c) => (CYRILLIC.includes(c) ? LATIN[CYRILLIC.indexOf(c)] : c))
    .join("");
}

export function plate(text) {
  for (const [grammar, type] of TYPES) {
    const found = grammar.exec(text);
    if (!found) continue;
    const [, before, digits, after, region] = found;
    return h(
      "span",
      { class: `plate plate-${type}`, role: "img", "aria-label": text },
      h(
        "span",
        { class: "plate-main" },
        before && h("span", { class: "plate-letters" }, before),
        h("span", { class: "plate-digits" }, digits),
        after && h("span", { class: "plate-letters" }, after),
      ),
      h(
        "span",
        { class: "plate-region" },
        h("span", { class: "plate-code" }, region),
        h("span", { class: "plate-rus" }, "RUS", h("i", { class: "plate-flag" })),
      ),
    );
  }
  return h("span", { class: "plate plate-plain", role: "img", "aria-label": text }, h("span", { class: "plate-main" }, text));
}
