/**
 * <kz-field>: a label, what is typed or chosen, a hint, and beside it what is wrong. `field(...)` builds one. What was
 * typed stays; the message goes when the person changes it.
 */
import { h, newId } from "../lib/dom.js";

export class Field extends HTMLElement {
  /** What is typed into. */
  control = null;
  #wrong = null;

  /** Joins label, control and messages. */
  build({ label, control, hint = "", hideLabel = false }) {
    const id = control.id || newId("field");
    control.id = id;
    this.control = control;
    this.#wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
    const described = [`${id}-wrong`, ...(hint ? [`${id}-hint`] : [])].join(" ");
    control.setAttribute("aria-describedby", described);
    this.append(
      h("label", { for: id, class: hideLabel ? "unseen" : "" }, label),
      ...(hint ? [h("p", { class: "hint", id: `${id}-hint` }, hint)] : []),
      control,
      this.#wrong,
    );
    control.addEventListener("input", () => this.clear());
    return this;
  }

  get value() {
    return this.control.value.trim();
  }

  set value(value) {
    this.control.value = value;
  }

  /** Shows what is wrong and puts the caret there. */
  refuse(words) {
    this.mark(words);
    this.control.focus();
  }

  /** Shows what is wrong. */
  mark(words) {
    this.#wrong.textContent = words;
    this.control.setAttribute("aria-invalid", "true");
  }

  clear() {
    this.#wrong.textContent = "";
    this.control.removeAttribute("aria-invalid");
  }
}

customElements.define("kz-field", Field);

/** A field with an input of these properties; `control` instead where it is a textarea or a select. */
export function field(label, { hint, hideLabel, control, ...input } = {}) {
  return new Field().build({ label, hint, hideLabel, control: control ?? h("input", { autocomplete: "off", ...input }) });
}
