/** 我的活: a calendar of the next days, what is held, what is stood by for, and what is over. */
import { button, fill, h } from "../lib/dom.js";
import { keyed } from "../lib/keyed.js";
import { now } from "../lib/clock.js";
import { dayWords } from "../lib/words.js";
import { signature, workCard } from "./cards.js";
import { holdsSeat, stage } from "./stages.js";

const DAYS = 14;
const DAY_MS = 86_400_000;
const ZONE = "Asia/Shanghai";
const dayId = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });
const dayNumber = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, day: "numeric" });
const weekday = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, weekday: "narrow" });

export class Mine {
  #app;
  #chosen = "";

  constructor(app) {
    this.#app = app;
    this.title = "我的活";
    this.days = h("ol", { class: "calendar", "aria-label": "日历:两周内的活" });
    this.held = h("div", { class: "stack" });
    this.standby = h("div", { class: "stack" });
    this.standing = h("section", { class: "stack", "aria-label": "候补和等公布" }, h("h2", { class: "over" }, "候补和等公布"), this.standby);
    this.past = h("div", { class: "stack" });
    this.element = h("div", { class: "stack" }, this.days, this.held, this.standing, button("看最近30天的", () => this.#showPast(), { class: "wide" }), this.past);
  }

  show() {
    const cards = Array.from(this.#app.state.cards.values()).sort((a, b) => a.posting.start_ms - b.posting.start_ms);
    const held = cards.filter(holdsSeat);
    this.#showDays(held);
    const shown = this.#chosen ? held.filter((card) => dayId.format(card.posting.start_ms) === this.#chosen) : held;
    keyed(this.held, shown.length ? shown : [null], { key: (card) => card?.posting.id ?? "none", sign: (card) => (card ? signature(card) : this.#emptyWords()), build: (card) => (card ? workCard(this.#app, card) : h("p", { class: "nothing muted" }, this.#emptyWords())) });
    const standing = cards.filter((card) => ["standby", "called", "waiting", "gathering"].includes(stage(card)));
    this.standing.hidden = !standing.length;
    keyed(this.standby, standing, { key: (card) => card.posting.id, sign: signature, build: (card) => workCard(this.#app, card) });
  }

  #emptyWords() {
    if (!this.#app.state.ready) return "正在读取…";
    return this.#chosen ? "这一天没有活" : "还没有录用的活。接了单、被录用,就在这里。";
  }

  #showDays(held) {
    const counts = new Map();
    for (const { posting } of held) counts.set(dayId.format(posting.start_ms), (counts.get(dayId.format(posting.start_ms)) ?? 0) + 1);
    const days = Array.from({ length: DAYS }, (_, n) => now() + n * DAY_MS);
    keyed(this.days, days, {
      key: (ms) => dayId.format(ms),
      sign: (ms) => `${counts.get(dayId.format(ms)) ?? 0} ${this.#chosen === dayId.format(ms)}`,
      build: (ms) => this.#day(ms, counts.get(dayId.format(ms)) ?? 0),
    });
  }

  #day(ms, count) {
    const id = dayId.format(ms);
    const chosen = this.#chosen === id;
    const choose = () => {
      this.#chosen = chosen ? "" : id;
      this.show();
    };
    const name = `${dayWords(ms)},${count ? `${count}个活` : "没有活"}`;
    const inside = [h("small", {}, weekday.format(ms)), h("b", {}, dayNumber.format(ms).replace("日", "")), h("i", { class: count ? "dot" : "" })];
    return h("li", {}, button(inside, choose, { class: "day", "aria-pressed": String(chosen), "aria-label": name }));
  }

  async #showPast() {
    fill(this.past, h("div", { class: "skeleton", "aria-hidden": "true" }));
    try {
      const { cards } = await this.#app.api.get("/v1/assignments?over=true");
      fill(this.past, cards.length ? cards.map((card) => workCard(this.#app, card, { past: true })) : h("p", { class: "nothing muted" }, "最近30天还没有结束的活"));
    } catch (error) {
      fill(this.past, h("p", { class: "wrong", role: "alert" }, error.message));
    }
  }
}
