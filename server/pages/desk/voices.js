/** 申诉 and 投诉: what people object to, and what a clerk decides and answers. */
import { h } from "../lib/dom.js";
import { clockWords, dayWords } from "../lib/words.js";
import { Queue } from "./queue.js";
import { askSentence } from "./say.js";

const ROLES = { profile: "工友", employer: "用工方" };
const CATEGORIES = { pay: "工钱", fee: "收费、扣证件", false_posting: "活和说的不一样", unsafe: "不安全", treatment: "被打骂、被歧视", platform: "派单", other: "别的" };
const at = (ms) => `${dayWords(ms)} ${clockWords(ms)}`;

export class Appeals {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    this.queue = new Queue({
      title: "申诉", empty: () => "没有等着的申诉。", key: ({ id, penalty }) => `${id} ${penalty.id}`, line: (item) => this.#line(item), show: (item) => this.#show(item),
      read: async () => (await desk.api.get("/v1/appeals")).appeals,
    });
    this.element = this.queue.element;
    this.keys = [
      { key: "Y", words: "撤销记分", press: () => this.#decide(true) },
      { key: "N", words: "维持记分", press: () => this.#decide(false) },
    ];
  }

  load() {
    return this.queue.load();
  }

  #line({ role, penalty }) {
    return [
      h("span", { class: "row spread" }, h("b", {}, ROLES[role]), h("span", { class: "muted small" }, at(penalty.at_ms))),
      h("span", { class: "small" }, penalty.words),
    ];
  }

  #show({ role, id, penalty }) {
    return [
      h("h2", {}, penalty.words),
      h("p", { class: "muted" }, `${ROLES[role]} ${id} · 岗位 ${penalty.posting} · ${at(penalty.at_ms)} · 现在值 ${penalty.points} 分`),
      h("blockquote", {}, penalty.appeal),
      h(
        "div",
        { class: "row actions" },
        this.#desk.keys.button("撤销记分", "Y", () => this.#decide(true), { class: "yes" }),
        this.#desk.keys.button("维持", "N", () => this.#decide(false)),
      ),
    ];
  }

  async #decide(lift) {
    const item = this.queue.chosen;
    if (!item) return;
    const reason = await askSentence({ title: lift ? "撤销记分" : "维持记分", label: "理由(本人会看到)", send: lift ? "撤销" : "维持" });
    if (reason === null) return;
    const noun = item.role === "employer" ? "employers" : "profiles";
    await this.queue.act(
      () => this.#desk.api.post(`/v1/${noun}/${item.id}/penalties/decide`, { penalty: item.penalty.id, lift, reason }),
      lift ? "记分撤销了" : "记分维持",
    );
  }
}

export class Complaints {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    this.queue = new Queue({
      title: "投诉", empty: () => "没有等着答复的投诉。", key: ({ id }) => id, line: (item) => this.#line(item), show: (item) => this.#show(item),
      read: async () => (await desk.api.get("/v1/complaints")).complaints,
    });
    this.element = this.queue.element;
    this.keys = [{ key: "R", words: "答复", press: () => this.#answer() }];
  }

  load() {
    return this.queue.load();
  }

  #line({ category, text, at_ms: ms }) {
    return [
      h("span", { class: "row spread" }, h("b", {}, CATEGORIES[category]), h("span", { class: "muted small" }, at(ms))),
      h("span", { class: "small cut" }, text),
    ];
  }

  #show({ category, profile, posting, text, at_ms: ms }) {
    return [
      h("h2", {}, CATEGORIES[category]),
      h("p", { class: "muted" }, `工友 ${profile}${posting ? ` · 岗位 ${posting}` : ""} · ${at(ms)}`),
      h("blockquote", {}, text),
      category === "pay" && h("p", { class: "banner warn" }, "工钱的投诉没答复之前,这个人的资料不会删。拖欠工资可以转 12333。"),
      h("div", { class: "row actions" }, this.#desk.keys.button("答复", "R", () => this.#answer(), { class: "primary" })),
    ];
  }

  async #answer() {
    const item = this.queue.chosen;
    if (!item) return;
    const answer = await askSentence({ title: "答复", label: "怎么处理的(本人会看到)", send: "答复", most: "1000" });
    if (answer !== null) await this.queue.act(() => this.#desk.api.post(`/v1/complaints/${item.id}/answer`, { answer }), "答复了,本人马上看到");
  }
}
