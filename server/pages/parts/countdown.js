/**
 * <kz-countdown>: how long something lasts, by the server's time. Calm: a bar and figures that change once a second, no
 * colour that frightens, and spoken to a screen reader only when a minute and when ten seconds are left.
 * Properties `until` and `from` (epoch ms), attribute `words` (before the figures). Event "kz-over", once.
 */
import { h, fill } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { leftWords } from "../lib/words.js";

const SPOKEN_S = [60, 10];

export class Countdown extends HTMLElement {
  until = 0;
  from = 0;
  #timer = 0;
  #spokenS = Infinity;

  connectedCallback() {
    this.from ||= now();
    this.figures = h("span", { "aria-hidden": "true" });
    this.bar = h("progress", { max: "1", "aria-hidden": "true" });
    this.spoken = h("span", { class: "unseen", role: "status" });
    fill(this, this.getAttribute("words") ?? "还剩", this.figures, this.bar, this.spoken);
    this.tick();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  tick() {
    const left = Math.max(0, this.until - now());
    this.figures.textContent = leftWords(left);
    this.bar.value = Math.min(1, left / Math.max(1, this.until - this.from));
    const leftS = left / 1000;
    const reached = SPOKEN_S.filter((s) => leftS <= s).at(-1);
    if (reached < this.#spokenS) {
      this.#spokenS = reached;
      this.spoken.textContent = `还剩${Math.ceil(leftS)}秒`;
    }
    if (left > 0) this.#timer = setTimeout(() => this.tick(), left % 1000 || 1000);
    else this.dispatchEvent(new Event("kz-over", { bubbles: true }));
  }
}

customElements.define("kz-countdown", Countdown);
