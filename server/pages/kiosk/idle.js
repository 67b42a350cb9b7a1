/** Somebody who walks away: after a minute without a touch the page asks, aloud too, and then clears everything. */
import { button, fill, h } from "../lib/dom.js";
import { speak } from "../lib/speech.js";

const QUIET_MS = 60_000;
const COUNTED_S = 20;

export class Idle {
  #timer = 0;
  #dialog = null;
  #isWanted;
  #here;
  #over;

  /** `isWanted`: whether there is anything to clear; `here`: told of every touch; `over`: what clears it. */
  constructor(isWanted, here, over) {
    this.#isWanted = isWanted;
    this.#here = here;
    this.#over = over;
    for (const event of ["pointerdown", "keydown", "wheel"]) addEventListener(event, ({ target }) => this.#dialog?.contains(target) || this.touched(), { capture: true, passive: true });
    this.touched();
  }

  /** Somebody is here. */
  touched() {
    clearTimeout(this.#timer);
    this.#dialog?.close();
    this.#here();
    this.#timer = setTimeout(() => this.#ask(), QUIET_MS);
  }

  #ask() {
    if (!this.#isWanted()) return this.touched();
    const figure = h("p", { class: "idle-figure", "aria-hidden": "true" });
    const stay = button("我还在,继续", () => this.touched(), { class: "primary wide" });
    const dialog = h("dialog", { class: "idle stack", "aria-labelledby": "idle-words" }, h("h2", { id: "idle-words" }, `${COUNTED_S}秒后清屏,要继续请点这里`), figure, stay, h("p", { class: "muted" }, "清屏后,别人看不到你填的内容。"));
    this.#dialog = dialog;
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.#dialog = null;
    });
    document.body.append(dialog);
    dialog.showModal();
    speak(`没有人在用吗?${COUNTED_S}秒后清屏,要继续请点屏幕。`);
    this.#count(figure, COUNTED_S);
  }

  #count(figure, left) {
    fill(figure, String(left));
    if (left > 0 && left <= 5) speak(String(left));
    this.#timer = setTimeout(() => (left > 1 ? this.#count(figure, left - 1) : this.#over()), 1000);
  }
}
