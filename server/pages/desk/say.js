/** 写一句: asks for a sentence that somebody will read; Ctrl+Enter sends it. */
import { button, h, newId } from "../lib/dom.js";
import { field } from "../parts/field.js";

/** Resolves with the sentence, or null. `words`: { title, label, send, text, needed, most }. */
export function askSentence({ title, label, send, text = "", needed = true, most = "200", about = null }) {
  return new Promise((resolve) => {
    const id = newId("say");
    const sentence = field(label, { control: h("textarea", { rows: "3", maxlength: most }), hint: "Ctrl+回车 送出,Esc 不送" });
    const dialog = h("dialog", { class: "stack", "aria-labelledby": id }, h("h2", { id }, title), about, sentence);
    let said = null;
    const done = () => {
      if (needed && !sentence.value) return sentence.refuse("请写一句,对方会看到");
      said = sentence.value;
      dialog.close();
    };
    sentence.value = text;
    dialog.append(h("div", { class: "row" }, button(send, done, { class: "primary" }), button("不送了", () => dialog.close())));
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(said);
    });
    document.body.append(dialog);
    dialog.showModal();
    sentence.control.focus();
  });
}
