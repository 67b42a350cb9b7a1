/** 改岗位: the fields of a posting that is there, what the rules say of the change, and who would have to consent again. */
import { button, fill, h, newId } from "../lib/dom.js";
import { later } from "../lib/later.js";
import { tradeName } from "../lib/tools.js";
import { documents, fromPosting } from "../lib/values.js";
import { field } from "./field.js";
import { findings } from "./findings.js";
import { PostingForm } from "./posting_form.js";

const TYPED_MS = 300;

/**
 * Asks for the change of a posting (`PostingView` of the API), and resolves with what the server wrote, or null. `tools`:
 * { api, sites, find }. `releasing(count)`: asks whom to let go where fewer are wanted, and resolves
 * with their ids or null.
 */
export function changePosting(tools, view, releasing = async () => null) {
  return new Promise((resolve) => {
    const id = newId("change");
    const form = new PostingForm(tools);
    const text = field("工作内容(工友看得到)", { control: h("textarea", { rows: "3", maxlength: "2000" }) });
    const said = h("div", { role: "status", class: "stack" });
    const dialog = h("dialog", { class: "stack change", "aria-labelledby": id });
    let written = null;

    const changed = () => {
      const doc = { ...view.posting, ...documents(form.values, { employer: view.posting.employer, text: text.value })[0] };
      if (view.posting.valid_until_ms !== view.posting.start_ms && view.posting.valid_until_ms <= doc.end_ms) doc.valid_until_ms = view.posting.valid_until_ms;
      return { ...doc, series: view.posting.series, whole_series: view.posting.whole_series };
    };
    const check = later(TYPED_MS, async (signal) => {
      try {
        const checked = await tools.api.post("/v1/postings/check", { id: view.id, posting: changed() }, { signal });
        const again = checked.reconsent > 0 && h("p", { class: "banner warn" }, `录用的 ${checked.reconsent} 个人要重新同意;不同意的可以退出,不影响他们。`);
        const waits = checked.verdict === "awaiting_review" && h("p", { class: "banner" }, "改完由工作人员先看一眼。");
        fill(said, findings(checked.findings), again, waits);
      } catch (error) {
        if (!signal.aborted) fill(said, h("p", { class: "wrong" }, error.message));
      }
    });
    const save = async () => {
      if (!text.value) return text.refuse("写一句工友看得懂的话");
      if (!form.complete()) return;
      try {
        await send([]);
      } catch (error) {
        fill(said, findings(error.findings ?? []), h("p", { class: "banner stop", role: "alert" }, error.message));
      }
    };
    const send = async (release) => {
      try {
        written = await tools.api.put(`/v1/postings/${view.id}`, { posting: changed(), release });
        dialog.close();
      } catch (error) {
        if (error.code !== "headcount_below_seats" || release.length) throw error;
        const named = await releasing(view.taken - form.values.headcount);
        if (named) await send(named);
      }
    };

    form.load(fromPosting(view.posting, tradeName(view.posting.trade)));
    text.value = view.posting.text;
    text.control.addEventListener("input", () => check());
    form.addEventListener("input", () => check());
    form.addEventListener("corrected", () => check());
    dialog.append(
      h("h2", { id }, "改岗位"),
      text,
      form.element,
      said,
      h("div", { class: "row" }, button("存下", save, { class: "primary" }), button("不改了", () => dialog.close())),
    );
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(written);
    });
    document.body.append(dialog);
    dialog.showModal();
    check();
  });
}
