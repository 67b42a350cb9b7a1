/** 电话: whom to ring up, for which posting, in which order; what came of it with one key. */
import { fill, h } from "../lib/dom.js";
import { clockWords, distanceWords, payWords, settlementWords, spanWords } from "../lib/words.js";
import { Queue } from "./queue.js";
import { askSentence } from "./say.js";

export class Calls {
  #desk;
  #people = new Map();
  /** Why nobody is to be rung up now. */
  words = "";

  constructor(desk) {
    this.#desk = desk;
    this.queue = new Queue({
      title: "电话", empty: () => this.words, read: () => this.#read(), key: ({ call }) => call.offer, line: (item) => line(item), show: (item) => this.#show(item),
    });
    this.element = this.queue.element;
    this.keys = [
      { key: "P", words: "看姓名和电话(会留记录)", press: () => this.#reveal() },
      { key: "A", words: "答应了", press: () => this.#tell("accepted") },
      { key: "D", words: "不去", press: () => this.#tell("declined") },
      { key: "R", words: "打通了,还没定", press: () => this.#tell("reached") },
      { key: "M", words: "没人接", press: () => this.#tell("no_answer") },
    ];
  }

  load() {
    return this.queue.load();
  }

  async #read() {
    const { words, postings } = await this.#desk.api.get("/v1/calls");
    this.words = words;
    return postings.flatMap(({ posting, seats_open: open, calls }) => calls.map((call) => ({ posting, open, call })));
  }

  #show({ posting, open, call }) {
    this.who = h("p", { class: "who" });
    this.#drawWho(call.profile);
    const say = `您好,我是零工之家。${spanWords(posting.start_ms, posting.end_ms)},${posting.place.text},${posting.trade_name},${payWords(posting.pay)},${settlementWords(posting.settlement)}。您来吗?`;
    const key = (words, letter, outcome, kind = "") => this.#desk.keys.button(words, letter, () => this.#tell(outcome), { class: kind });
    return [
      h("div", { class: "row spread" }, h("h2", {}, `${posting.trade_name} · 还差 ${open} 人`), h("p", { class: "pay" }, payWords(posting.pay))),
      this.who,
      h("div", { class: "script" }, h("p", { class: "muted small" }, "可以这样说"), h("p", {}, say)),
      h("p", {}, h("b", {}, "为什么是他:"), call.reasons.join(" · ") || "合适的人里排在前面", ` · 离干活地点 ${distanceWords(call.distance_m)}`),
      h("p", { class: "muted" }, call.rings ? `打过 ${call.rings} 次,${call.reached ? "打通过" : "没打通"} · ` : "", `${clockWords(call.deadline_ms)} 前要有答复`),
      h(
        "div",
        { class: "row actions" },
        this.#desk.keys.button("看电话", "P", () => this.#reveal(), { class: "primary" }),
        key("答应了", "A", "accepted", "yes"),
        key("不去", "D", "declined"),
        key("打通了,没定", "R", "reached"),
        key("没人接", "M", "no_answer"),
      ),
    ];
  }

  async #reveal() {
    const { call } = this.queue.chosen ?? {};
    if (!call) return;
    try {
      const reason = encodeURIComponent("打派单电话");
      this.#people.set(call.profile, await this.#desk.api.get(`/v1/profiles/${call.profile}/person?reason=${reason}`));
      this.#drawWho(call.profile);
    } catch (error) {
      this.queue.say(error.message, "stop");
    }
  }

  #drawWho(profile) {
    const person = this.#people.get(profile);
    fill(
      this.who,
      person ? [
        h("b", {}, person.name),
        " ",
        h("a", { href: `tel:${person.telephone}`, class: "telephone" }, person.telephone),
      ] : h("span", { class: "muted" }, "按 P 看姓名和电话,看了会留记录"),
    );
  }

  async #tell(outcome) {
    const item = this.queue.chosen;
    if (!item) return;
    const { call } = item;
    let reason = "";
    if (outcome === "declined") {
      reason = await askSentence({ title: "不去", label: "为什么不去(可以不写)", send: "记下", needed: false });
      if (reason === null) return;
    }
    const said = { accepted: "记下了:答应了", declined: "记下了:不去", reached: "记下了:打通了,还没定", no_answer: "记下了:没人接" }[outcome];
    await this.queue.act(() => this.#desk.api.post(`/v1/calls/${call.offer}`, { outcome, nth: call.rings + 1, reason }), said);
  }
}

function line({ posting, call }) {
  return [
    h(
      "span",
      { class: "row spread" },
      h("b", {}, posting.trade_name),
      h("span", { class: "badge" }, call.rings ? `打过${call.rings}次` : `第${call.rank}位`),
    ),
    h(
      "span",
      { class: "row spread small" },
      h("span", {}, spanWords(posting.start_ms, posting.end_ms)),
      h("span", { class: "muted" }, `${clockWords(call.deadline_ms)}前`),
    ),
  ];
}
