/** 发布: one sentence becomes a posting. What it says fills the fields, the rules are checked while it is typed. */
import { LineLost, line, newKey } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { later } from "../lib/later.js";
import { tradeName } from "../lib/tools.js";
import { documents, fromDraft, missing } from "../lib/values.js";
import { findings } from "../parts/findings.js";
import { field } from "../parts/field.js";
import { marked } from "../parts/marked.js";
import { PostingForm } from "../parts/posting_form.js";

const TYPED_MS = 350;
const DRAFT = "employer-sentence";
const EXAMPLE = "明早6点到14点 5个搬运工 200元/天 城阳区流亭 日结";

export class Compose extends EventTarget {
  #firm;
  #form;
  #reading = null;
  #key = newKey();
  #sentence;
  #first = [];
  #series = h("fieldset", { class: "series row", hidden: true });

  /** `firm`: what the page knows (firm.js). Event "posted", with { ids, state }. */
  constructor(firm) {
    super();
    this.#firm = firm;
    this.#form = new PostingForm(firm);
    const box = h("textarea", { rows: "3", maxlength: "2000", placeholder: `例:${EXAMPLE}` });
    box.value = sessionStorage.getItem(DRAFT) ?? "";
    this.#sentence = field("一句话说要什么人", { control: box, hint: "工种、几个人、几点到几点、在哪、多少钱,想到什么说什么" });
    this.marks = h("div", { class: "read-back" });
    this.rules = h("div", { class: "rules", role: "status" });
    this.outlook = h("p", { class: "outlook", role: "status" });
    this.said = h("div", { role: "status" });
    this.invited = h("div");
    this.publish = button("马上发布", () => this.#publish(), { class: "primary wide publish" });
    this.element = h(
      "section",
      { class: "card stack compose", "aria-labelledby": "compose" },
      h("h2", { id: "compose", class: "unseen" }, "发布岗位"),
      this.#sentence,
      this.marks,
      this.#form.element,
      this.#series,
      h("div", { class: "told" }, this.invited, this.rules, this.outlook),
      this.publish,
      this.said,
    );
    this.#wire(box);
    this.#form.asking = false;
    if (box.value) this.#understand();
  }

  /** Puts the caret into the sentence. */
  focus() {
    this.#sentence.control.focus();
  }

  /** Starts from a sentence, and asks these people first (再叫他们). */
  begin(text, first = []) {
    this.#first = first;
    this.#sentence.value = text;
    this.#form.load({});
    this.#drawInvited();
    this.#retype();
    this.focus();
  }

  #wire(box) {
    this.#understand = later(TYPED_MS, (signal) => this.#read(signal));
    this.#check = later(TYPED_MS, (signal) => this.#ask(signal));
    box.addEventListener("input", () => {
      this.#form.heed(box.value);
      this.#retype();
    });
    line.addEventListener("back", () => this.element.isConnected && box.value && !this.#reading && this.#understand());
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.publish.click();
    });
    this.#form.addEventListener("input", () => this.#check());
    this.#form.addEventListener("corrected", ({ detail }) => this.#rewrite(detail));
  }

  #understand = () => {};
  #check = () => {};

  #retype() {
    this.#key = newKey();
    sessionStorage.setItem(DRAFT, this.#sentence.control.value);
    this.#sentence.clear();
    if (!this.#sentence.value) this.#form.asking = false;
    this.#understand();
  }

  /** The sentence says what was corrected: workers read it. */
  #rewrite({ was, words }) {
    const box = this.#sentence.control;
    if (words && !box.value.includes(words)) {
      box.value = was && box.value.includes(was) ? box.value.replace(was, words) : `${box.value.trim()} ${words}`.trim();
      sessionStorage.setItem(DRAFT, box.value);
    }
    this.#key = newKey();
    this.#understand();
  }

  async #read(signal) {
    const text = this.#sentence.control.value;
    let reading;
    try {
      reading = await this.#firm.api.post("/v1/understand", { text }, { signal });
    } catch (error) {
      if (!signal.aborted) this.#unread(error);
      return;
    }
    this.#reading = reading;
    this.#form.asking = Boolean(text);
    const words = Object.fromEntries(reading.fields.map((each) => [each.field, each.words]));
    this.#form.read(fromDraft(reading.draft, tradeName(reading.draft.trade)), words);
    this.#draw(reading.findings);
    this.#check();
  }

  /** The sentence could not be read: what is missing from the fields is not the writer's fault. */
  #unread(error) {
    this.#reading = null;
    this.#form.asking = false;
    fill(this.outlook, error instanceof LineLost ? "网络断了。这句话还在,恢复后接着读" : h("span", { class: "wrong" }, error.message));
  }

  /** Marks in the sentence what rules stand against, and says how to mend it. */
  #draw(found) {
    const text = this.#sentence.control.value;
    const fields = (this.#reading?.fields ?? []).map(({ words, title }) => ({ words, kind: "field", title }));
    const rules = found.map(({ words, severity, message }) => ({ words, kind: severity, title: message }));
    fill(this.marks, text.trim() ? marked(text, [...rules, ...fields]) : null);
    fill(this.rules, findings(found));
    const blocks = found.filter(({ severity }) => severity === "block").length;
    this.publish.classList.toggle("blocked", blocks > 0);
    this.publish.textContent = blocks ? `先改好 ${blocks} 处,再发布` : "马上发布";
    this.#drawSeries();
  }

  async #ask(signal) {
    this.#drawSeries();
    if (!this.#sentence.value || Object.keys(missing(this.#form.values)).length) return fill(this.outlook, this.#lacking());
    const [posting] = this.#documents();
    let checked;
    try {
      checked = await this.#firm.api.post("/v1/postings/check", { posting }, { signal });
    } catch (error) {
      if (signal.aborted || error instanceof LineLost) return;
      return fill(this.outlook, h("span", { class: "wrong" }, error.message));
    }
    this.#draw(checked.findings);
    if (checked.verdict === "blocked") return fill(this.outlook, "改好上面几处,就能发布");
    const then = checked.verdict === "open" ? "" : ",发布后由工作人员先看一眼";
    try {
      const { words } = await this.#firm.api.post("/v1/postings/outlook", { posting }, { signal, tries: 1 });
      fill(this.outlook, h("b", {}, words), then);
    } catch (error) {
      if (!signal.aborted) fill(this.outlook, `可以发布${then}`);
    }
  }

  #lacking() {
    if (!this.#sentence.value) return null;
    return Object.values(missing(this.#form.values)).map((words) => h("span", { class: "badge lacking" }, words));
  }

  #documents() {
    const text = this.#sentence.value;
    return documents({ ...this.#form.values, first: this.#first }, { employer: this.#firm.id, text });
  }

  #drawSeries() {
    const { days } = this.#form.values;
    this.#series.hidden = days.length < 2;
    if (this.#series.hidden || this.#series.childElementCount) return;
    const one = (value, words, checked) => h("label", { class: "row" }, h("input", { type: "radio", name: "series", value, checked }), words);
    fill(this.#series, h("legend", {}, "这几天怎么招?"), one("whole", "全程:每天都要来", true), one("each", "可选:来几天都行", false));
  }

  #drawInvited() {
    const none = () => {
      this.#first = [];
      this.#drawInvited();
    };
    fill(
      this.invited,
      this.#first.length > 0 && h("p", { class: "banner yes" }, `先叫${this.#first.length}个干过活或收藏的人,再叫别人`, button("不用了", none, { class: "plain" })),
    );
  }

  async #publish() {
    fill(this.said);
    if (!this.#sentence.value) return this.#sentence.refuse("先用一句话说说要什么人");
    this.#form.asking = true;
    if (!this.#form.complete()) return;
    const postings = this.#documents();
    try {
      const posted = postings.length > 1 ? await this.#postSeries(postings) : await this.#postOne(postings[0]);
      this.#clear();
      this.dispatchEvent(new CustomEvent("posted", { detail: posted }));
    } catch (error) {
      if (error.findings?.length) this.#draw(error.findings);
      fill(this.said, h("p", { class: "banner stop", role: "alert" }, error.message));
    }
  }

  async #postOne(posting) {
    const { id, state } = await this.#firm.api.post("/v1/postings", { posting }, { key: this.#key });
    return { ids: [id], state };
  }

  async #postSeries(postings) {
    const whole = this.#series.querySelector("input:checked")?.value === "whole";
    const series = await this.#firm.api.post("/v1/series", { postings, whole }, { key: this.#key });
    return { ids: series.postings.map(({ id }) => id), state: series.postings[0].state };
  }

  #clear() {
    sessionStorage.removeItem(DRAFT);
    this.#key = newKey();
    this.#first = [];
    this.#reading = null;
    this.#sentence.value = "";
    this.#form.load({});
    this.#form.asking = false;
    this.#drawInvited();
    this.#draw([]);
    fill(this.outlook);
  }
}
