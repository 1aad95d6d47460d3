// The tree of regions as the lines of a select, each under its own, set in by its depth.

import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";

/** Regions with their depth, each behind its parent; those whose parent is not there stand at the top. */
export function tree(regions) {
  const ids = new Set(regions.map((one) => one.id));
  const seen = new Set();
  const below = (parent, depth) =>
    regions
      .filter((one) => (ids.has(one.parent) ? one.parent : "") === parent && !seen.has(one.id))
      .flatMap((region) => {
        seen.add(region.id);
        return [{ region, depth }, ...below(region.id, depth + 1)];
      });
  return below("", 0);
}

export function regionOptions(regions, chosen, none = "region_none") {
  const known = regions.some((one) => one.id === chosen);
  return [
    h("option", { value: "", selected: !chosen }, t(none)),
    !known && chosen && h("option", { value: chosen, selected: true }, chosen),
    ...tree(regions).map(({ region, depth }) => h("option", { value: region.id, selected: region.id === chosen }, `${"\u2003".repeat(depth)}${region.name}`)),
  ];
}
