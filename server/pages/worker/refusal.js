/** A no with its reason, which nobody has to give. */
import { button, fill, h, newId } from "../lib/dom.js";

const REASONS = ["太远", "工钱低", "时间不合适", "不做这种活", "有别的活了", "身体不舒服"];

/** Resolves with the reason ("" where none was given), or null when it was thought better of. */
export function refusal(title, lead, words) {
  return new Promise((resolve) => {
    const id = newId("refusal");
    let reason = "";
    let answer = null;
    const chips = h("div", { class: "row", role: "group", "aria-label": "原因,可以不选" });
    const dialog = h("dialog", { "aria-labelledby": id, class: "stack sheet" }, h("h2", { id }, title), h("p", {}, lead), chips);
    const choose = (chosen) => {
      reason = reason === chosen ? "" : chosen;
      fill(chips, REASONS.map((each) => button(each, () => choose(each), { class: "chip", "aria-pressed": String(each === reason) })));
      Array.from(chips.children).find((each) => each.textContent === chosen)?.focus();
    };
    const close = (what) => {
      answer = what;
      dialog.close();
    };
    choose("");
    dialog.append(h("div", { class: "row ends" }, button("再想想", () => close(null), { class: "grow" }), button(words, () => close(reason), { class: "stop grow" })));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
