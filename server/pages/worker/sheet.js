/** A sheet over the page for what is looked at and closed again. */
import { button, fill, h, newId } from "../lib/dom.js";

/** Opens at once with a skeleton; `load` gives what it shows. What goes wrong is said, with a way to try again. */
export function sheet(title, load) {
  const id = newId("sheet");
  const body = h("div", { class: "stack", "aria-live": "polite" });
  const dialog = h("dialog", { "aria-labelledby": id, class: "stack sheet" }, h("h2", { id }, title), body);
  dialog.append(button("关上", () => dialog.close(), { class: "wide" }));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  const show = async () => {
    fill(body, h("div", { class: "skeleton", "aria-hidden": "true" }), h("p", { class: "unseen" }, "正在读取"));
    try {
      fill(body, await load(dialog));
    } catch (error) {
      fill(body, h("p", { class: "wrong", role: "alert" }, error.message), button("再试一次", show));
    }
  };
  return show().then(() => dialog);
}
