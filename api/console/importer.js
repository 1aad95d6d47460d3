// A CSV file into the system: a try that writes nothing, then the whole file; each fault by its place.

import { ask } from "/console/api.js";
import { byId, h, icon } from "/console/dom.js";
import { t } from "/console/i18n.js";
import { said, status } from "/console/status.js";

/** A dialog over `POST path`; `sample`: the text of a file to begin with; `done()` after an import. */
export function importFile({ title, text, path, sample, done }) {
  const dialog = byId("camera-dialog");
  const words = status();
  const faults = h("div", { class: "table-box import-faults" });
  const file = h("input", { type: "file", accept: ".csv,.txt,text/csv", required: true, id: "import-file" });
  const form = h(
    "form",
    { class: "sheet" },
    h("p", { class: "muted" }, text),
    h("a", { class: "link", href: `data:text/csv;charset=utf-8,${encodeURIComponent(`\ufeff${sample}`)}`, download: "sample.csv" }, t("cameras_template_file")),
    h("label", { for: "import-file" }, t("import_file")),
    file,
    words.node,
    faults,
    h("footer", { class: "dialog-foot" }, h("button", { type: "button", class: "secondary", onclick: () => send(true) }, t("dry_run")), h("button", { type: "submit", class: "primary" }, t("import_do"))),
  );
  const send = async (dry) => {
    faults.replaceChildren();
    if (!file.files.length) {
      words.bad(t("import_choose"));
      return;
    }
    try {
      const told = await ask(`${path}?dry_run=${dry}`, { method: "POST", file: file.files[0] });
      const parts = ["added", "changed", "unchanged"].map((key) => `${t(`import_${key}`)}: ${told[key]}`).join(" · ");
      words.good(`${t(dry ? "dry_run_done" : "import_done")} ${parts}`);
      if (!dry) done();
    } catch (error) {
      const errors = error.problem?.errors ?? [];
      words.bad(errors.length ? t("import_faults") : said(error));
      if (errors.length) faults.append(table(errors));
    }
  };
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    send(false);
  });
  dialog.onclose = null;
  dialog.replaceChildren(
    h("header", { class: "dialog-head" }, h("h2", { id: "camera-dialog-title" }, title), h("button", { type: "button", class: "round", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
    form,
  );
  dialog.showModal();
}

function table(errors) {
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", {}, t("import_where")), h("th", {}, t("import_what")))),
    h("tbody", {}, errors.map((one) => h("tr", {}, h("td", {}, one.field), h("td", { class: "wrap" }, one.message)))),
  );
}
