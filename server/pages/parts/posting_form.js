/**
 * The fields of a posting: filled from a sentence, each showing the words it came from, or from a posting that is there;
 * every one can be corrected, and what a person corrected stays. `values` is what stands there (lib/values.js).
 *
 * Events: "input" while something is changed; "corrected" once it was, with { name, words }: how the sentence would say it.
 */
import { button, fill, h, newId } from "../lib/dom.js";
import { payWords, settlementWords } from "../lib/words.js";
import { LEXICON } from "../lib/tools.js";
import { EMPTY, missing, nearestSite } from "../lib/values.js";
import * as controls from "./controls.js";

/** Field of the reading -> the fields of the form that come from it, where the names differ. */
const OF_READING = { time: ["days", "start", "end"], age: ["age_min", "age_max"] };
const READ_AS = { days: "time", start: "time", end: "time", age_min: "age", age_max: "age" };
const MAIN = ["trade", "headcount", "pay", "settlement", "days", "start", "end", "place", "meeting_point"];
const TITLES = {
  trade: "工种", headcount: "人数", days: "哪天", start: "开工", end: "收工", place: "干活地点", pay: "工资", settlement: "什么时候结",
  meeting_point: "在哪集合,找谁", meals: "管饭", transport: "接送", outdoor: "在户外", insurance: "保险", age_min: "最小年龄",
  age_max: "最大年龄", certificates: "要什么证", hazards: "有什么危险", award: "怎么定人", crews: "班组", site: "归哪个站点",
};
const AWARDS = { "": "系统定(1小时内开工先到先得)", fair: "公平:等30秒,按公布的顺序", instant: "先到先得" };
const CREWS = { none: "不收班组", whole: "整组:一起录用", split: "可拆:谁有空录谁" };

export class PostingForm extends EventTarget {
  #controls = {};
  #rows = {};
  #corrected = new Map();
  #read = {};
  #words = {};
  #sites;

  /** `sites`: of /v1/sites; `find`: { trade(words), place(words) }, as lib/tools.js gives them. */
  constructor({ sites, find }) {
    super();
    this.#sites = sites;
    const made = {
      trade: controls.trade(LEXICON.trades, find.trade), headcount: controls.number({ max: 500 }), days: controls.days(),
      start: controls.time(), end: controls.time(), place: controls.place(find.place), pay: controls.pay(),
      settlement: controls.choice(controls.SETTLEMENTS), meeting_point: controls.text(), meals: controls.toggle("管饭"),
      transport: controls.toggle("接送"), outdoor: controls.toggle("在户外"), insurance: controls.text(),
      age_min: controls.number({ min: 16, max: 100 }), age_max: controls.number({ min: 16, max: 100 }),
      certificates: controls.several(LEXICON.certificates, "加一个证书"), hazards: controls.several(LEXICON.hazards, "加一种危险"),
      award: controls.choice(AWARDS), crews: controls.choice(CREWS),
      site: controls.choice(Object.fromEntries(sites.map(({ id, site }) => [id, site.name]))),
    };
    for (const [name, control] of Object.entries(made)) this.#add(name, control);
    const others = Object.keys(made).filter((name) => !MAIN.includes(name));
    this.element = h(
      "div",
      { class: "posting-form" },
      h("div", { class: "fields" }, MAIN.map((name) => this.#rows[name].element)),
      h("details", {}, h("summary", {}, "更多:管饭、接送、保险、证书、班组…"), h("div", { class: "fields" }, others.map((name) => this.#rows[name].element))),
    );
    this.#draw();
  }

  /** What stands in the form. */
  get values() {
    const corrected = Object.fromEntries([...this.#corrected].map(([name, { value }]) => [name, value]));
    const values = { ...EMPTY, ...this.#read, ...corrected };
    values.site ||= values.place ? nearestSite(values.place, this.#sites) : (this.#sites[0]?.id ?? "");
    values.award ||= null;
    return values;
  }

  /** Whether anything is asked for yet: before somebody has said a word, nothing is. */
  set asking(yes) {
    this.element.classList.toggle("unasked", !yes);
  }

  /** Takes over what a sentence said: `said` as values, `words` by field of the reading. */
  read(said, words) {
    this.#read = said;
    this.#words = words;
    this.#draw();
  }

  /** Starts from what is there; nothing is corrected yet. */
  load(values) {
    this.#corrected.clear();
    this.read(values, {});
  }

  /** Forgets corrections whose words the sentence does not say any more: somebody has rewritten it. */
  heed(sentence) {
    for (const [name, { words }] of this.#corrected) if (words && !sentence.includes(words)) this.#corrected.delete(name);
    this.#draw();
  }

  /** Shows at its field what is missing, or what the server says of it; `focus` puts the caret there. */
  refuse(name, words, focus = true) {
    const row = this.#rows[name] ?? this.#rows.trade;
    row.element.closest("details")?.setAttribute("open", "");
    row.wrong.textContent = words;
    this.#controls[name]?.focusable.setAttribute("aria-invalid", "true");
    if (focus) this.#controls[name]?.focusable.focus();
  }

  /** Puts the caret where the first thing is missing; whether nothing is. */
  complete() {
    const [first] = Object.entries(missing(this.values));
    if (first) this.refuse(...first);
    return !first;
  }

  #add(name, control) {
    const id = newId(name);
    const source = h("p", { class: "source" });
    const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
    const typed = ["INPUT", "SELECT"].includes(control.focusable.tagName);
    const label = typed && h("label", { for: id }, TITLES[name]);
    const element = h("div", { class: `posting-field of-${name}`, data: { field: name } }, label || null, control.element, source, wrong);
    if (typed) control.focusable.id = id;
    control.focusable.setAttribute("aria-describedby", `${id}-wrong`);
    control.element.addEventListener("input", () => this.#input(name));
    control.element.addEventListener("change", () => this.#changed(name));
    this.#controls[name] = control;
    this.#rows[name] = { element, source, wrong };
  }

  #input(name) {
    const words = this.#corrected.get(name)?.words ?? "";
    this.#corrected.set(name, { value: this.#controls[name].get(), words });
    this.#controls[name].focusable.removeAttribute("aria-invalid");
    this.#rows[name].wrong.textContent = "";
    this.#say(name, missing(this.values));
    this.dispatchEvent(new Event("input"));
  }

  async #changed(name) {
    await this.#controls[name].settle?.();
    const value = this.#controls[name].get();
    const words = this.#sentence(name, value);
    for (const each of OF_READING[READ_AS[name]] ?? [name]) {
      if (each === name || this.#corrected.has(each)) this.#corrected.set(each, { value: this.#controls[each].get(), words });
    }
    if (value === null && this.#controls[name].focusable.value) {
      this.refuse(name, { trade: "没有找到这个工种,换个叫法试试", place: "没找到这个地点,写上街道、小区或路名" }[name] ?? "请核对这一项", false);
    }
    this.dispatchEvent(new CustomEvent("corrected", { detail: { name, was: this.#words[READ_AS[name] ?? name] ?? "", words } }));
    this.#draw();
  }

  /** How a sentence says it; empty where a sentence need not. */
  #sentence(name, value) {
    if (value === null) return "";
    if (READ_AS[name] === "time") return this.#timeWords();
    const say = {
      trade: () => value.name,
      headcount: () => `${value}人`,
      place: () => value.text,
      pay: () => payWords(value),
      settlement: () => settlementWords(value),
    };
    return say[name]?.() ?? "";
  }

  #timeWords() {
    const { days, start, end } = this.values;
    if (!days.length || !start || !end) return "";
    return `${days.map((day) => `${Number(day.slice(5, 7))}月${Number(day.slice(8))}日`).join("、")}${start}-${end}`;
  }

  #draw() {
    const values = this.values;
    const lacking = missing(values);
    for (const [name, control] of Object.entries(this.#controls)) {
      if (!control.element.contains(document.activeElement) || !this.#corrected.has(name)) control.set(values[name]);
      this.#say(name, lacking);
    }
  }

  #say(name, lacking) {
    const { element, source } = this.#rows[name];
    const corrected = this.#corrected.has(name);
    const words = this.#words[READ_AS[name] ?? name];
    element.classList.toggle("lacks", name in lacking);
    element.classList.toggle("known", !(name in lacking) && (corrected || (name in this.#read && Boolean(words))));
    const restore = corrected && button("还原", () => this.#restore(name), { class: "plain small" });
    if (name in lacking) return fill(source, h("span", {}, lacking[name]), name in this.#read && restore);
    if (corrected) return fill(source, h("span", {}, "你改的"), restore);
    if (name in this.#read && words) return fill(source, h("span", { title: words }, `来自“${words}”`));
    return fill(source);
  }

  #restore(name) {
    this.#corrected.delete(name);
    this.#rows[name].wrong.textContent = "";
    this.#draw();
    this.#controls[name].focusable.focus();
    this.dispatchEvent(new Event("input"));
  }
}
