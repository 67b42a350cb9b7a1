/** <kz-line>: says at the bottom of the page that the line is lost, and for a moment that it is back. */
import { h, fill } from "../lib/dom.js";
import { line } from "../lib/api.js";

const SHOWN_MS = 3000;

export class Line extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    this.lost = () => this.show("warn", "网络断了,填的内容还在,正在重新连接…");
    this.back = () => {
      this.show("yes", "网络恢复了");
      this.timer = setTimeout(() => fill(this), SHOWN_MS);
    };
    line.addEventListener("lost", this.lost);
    line.addEventListener("back", this.back);
    if (line.lost) this.lost();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    line.removeEventListener("lost", this.lost);
    line.removeEventListener("back", this.back);
  }

  show(kind, words) {
    clearTimeout(this.timer);
    fill(this, h("p", { class: `banner ${kind}` }, words));
  }
}

customElements.define("kz-line", Line);
