// People who are known by name: found, added, changed, given a face, erased.

import "/console/texts/people.js";
import "/console/texts/setup.js";
import { ask } from "/console/api.js";
import { labelled } from "/console/camera-form.js";
import { h } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { photoPanel } from "/console/photos.js";
import { said, status } from "/console/status.js";
import { local, whenInput, whenValue } from "/console/when.js";

const PAGE = 50;
const TYPING_MS = 250;

export async function open(node, { query, signal, go }) {
  const chosen = query.get("id");
  const person = chosen ? await ask(`/api/v1/people/${encodeURIComponent(chosen)}`, { signal }).catch((error) => (error.status === 404 ? null : Promise.reject(error))) : null;
  const list = new PersonList({ chosen, signal, text: query.get("q") ?? "" });
  const side = query.has("new") ? creation(go) : person ? detail(person, go) : h("p", { class: "panel muted" }, t("people_choose"));
  node.append(
    h("div", { class: "page-head" }, h("h2", {}, t("people_title"), " ", list.total), h("button", { type: "button", class: "primary small", onclick: () => go("people", { new: "1" }) }, t("people_add"))),
    h("div", { class: "split" }, list.node, h("div", { class: "side", id: "person" }, side)),
  );
  await list.load();
}

class PersonList {
  constructor({ chosen, signal, text }) {
    this.chosen = chosen;
    this.signal = signal;
    this.after = null;
    this.turn = 0;
    this.total = h("small", { class: "muted" });
    this.box = h("ul", {});
    this.search = h("input", { type: "search", value: text, placeholder: t("people_search"), "aria-label": t("people_search"), maxlength: 200 });
    this.more = h("button", { type: "button", class: "link", hidden: true, onclick: () => this.load(this.after) }, t("people_more"));
    this.node = h("div", { class: "panel tree" }, this.search, this.box, this.more);
    let wait = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(() => this.load(), TYPING_MS);
    });
  }

  async load(after = null) {
    this.turn += 1;
    const { turn } = this;
    const asked = new URLSearchParams({ limit: PAGE, ...(this.search.value && { q: this.search.value }), ...(after && { after }) });
    const found = await ask(`/api/v1/people?${asked}`, { signal: this.signal });
    if (turn !== this.turn) return;
    const rows = found.items.map((one) =>
      h(
        "li",
        {},
        h(
          "a",
          { href: `#/people?id=${encodeURIComponent(one.id)}`, "aria-current": one.id === this.chosen ? "true" : null },
          h("span", { class: "two-lines" }, h("b", {}, one.name), one.department && h("span", { class: "muted" }, one.department)),
          h("span", {}, basisChip(one), " ", one.watch && h("span", { class: "chip bad" }, one.watch)),
        ),
      ),
    );
    if (after) this.box.append(...rows);
    else this.box.replaceChildren(...(rows.length ? rows : [h("li", { class: "muted none" }, t(this.search.value ? "people_nobody" : "people_none"))]));
    this.total.textContent = found.total || "";
    this.after = found.next_after;
    this.more.hidden = !found.next_after;
  }
}

const BASES = ["", "consent", "contract", "law", "vital", "public", "interest"];

/** What people should see of the basis for a face: that there is none, or that it has ended. */
function basisChip(person) {
  if (!person.basis) return h("span", { class: "chip" }, t("basis_missing"));
  const ended = person.basis_until && new Date(person.basis_until) <= new Date();
  return ended && h("span", { class: "chip warn" }, t("basis_ended"));
}

function form(person, send, foot) {
  const words = status();
  const input = (name, more) => h("input", { name, value: person[name] ?? "", maxlength: 200, ...more });
  const name = input("name", { required: true });
  const [department, badge] = [input("department"), input("badge")];
  const watch = input("watch", { pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", spellcheck: "false" });
  const until = whenInput("valid_until", person.valid_until);
  const basis = h("select", { name: "basis" }, BASES.map((one) => h("option", { value: one, selected: one === (person.basis ?? "") }, t(one ? `basis_${one}` : "basis_none"))));
  basis.addEventListener("change", () => {
    if (basis.value !== (person.basis ?? "")) basisAt.value = basis.value && local(new Date().toISOString());
  });
  const note = input("basis_note", { maxlength: 500 });
  const [basisAt, basisUntil] = [whenInput("basis_at", person.basis_at), whenInput("basis_until", person.basis_until)];
  const node = h(
    "form",
    { class: "grid-form" },
    labelled("person_name", name),
    labelled("person_department", department),
    labelled("person_badge", badge),
    labelled("person_watch", watch, "person_watch_hint"),
    labelled("person_until", until, "person_until_hint"),
    labelled("person_basis", basis, "person_basis_hint"),
    labelled("person_basis_note", note, "person_basis_note_hint"),
    labelled("person_basis_at", basisAt),
    labelled("person_basis_until", basisUntil, "person_basis_until_hint"),
    h("div", { class: "form-foot" }, words.node, foot, h("button", { type: "submit", class: "primary small" }, t("save"))),
  );
  node.addEventListener("submit", async (submit) => {
    submit.preventDefault();
    const body = { name: name.value.trim(), department: department.value.trim(), badge: badge.value.trim(), watch: watch.value.trim(), valid_until: whenValue(until, person.valid_until) };
    Object.assign(body, { basis: basis.value, basis_note: note.value.trim(), basis_at: whenValue(basisAt, person.basis_at), basis_until: whenValue(basisUntil, person.basis_until) });
    try {
      await send(body);
      words.good(t("saved"));
    } catch (error) {
      words.bad(said(error));
    }
  });
  return node;
}

function creation(go) {
  const made = form({}, async (body) => {
    const person = await ask("/api/v1/people", { method: "POST", body });
    go("people", { id: person.id });
  });
  return h("section", { class: "panel" }, h("h3", {}, t("people_new")), made);
}

function detail(person, go) {
  const path = `/api/v1/people/${encodeURIComponent(person.id)}`;
  const title = h("h3", {}, person.name);
  const changed = form(person, async (body) => {
    try {
      Object.assign(person, await ask(path, { method: "PATCH", body, match: person.etag }));
      title.textContent = person.name;
    } catch (error) {
      if (error.status === 412) person.etag = (await ask(path)).etag;
      throw error;
    }
  });
  return [h("section", { class: "panel" }, title, changed), photoPanel(person), erasure(path, go)];
}

function erasure(path, go) {
  const words = status();
  const report = h("dl", { class: "erased" });
  const button = h("button", { type: "button", class: "danger small" }, t("person_erase"));
  const counts = (found) => Object.entries(found ?? {}).filter(([, number]) => number).map(([name, number]) => `${name}: ${number}`).join(", ") || t("person_erase_nothing");
  button.addEventListener("click", async () => {
    if (!window.confirm(t("person_erase_sure"))) return;
    button.disabled = true;
    words.busy(t("person_erase_busy"));
    try {
      const found = await ask(`${path}/erase`, { method: "POST" });
      report.replaceChildren(...["settings", "messages", "store"].flatMap((key) => [h("dt", {}, t(`erase_${key}`)), h("dd", {}, counts(found[key]))]));
      if (found.finished) words.good(t("person_erased"));
      else words.bad(`${t("person_erase_more")} ${found.detail}`);
      button.textContent = t(found.finished ? "close" : "person_erase");
      if (found.finished) button.replaceWith(h("button", { type: "button", class: "secondary small", onclick: () => go("people") }, t("close")));
    } catch (error) {
      words.bad(said(error));
    }
    button.disabled = false;
  });
  return h("section", { class: "panel" }, h("div", { class: "row-head" }, h("h3", {}, t("person_erase")), button), h("p", { class: "muted fine" }, t("person_erase_text")), words.node, report);
}
