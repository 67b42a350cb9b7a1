/** One posting: how it fills, who is coming, and everything that can be done about it. */
import { button, fill, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, payWords, settlementWords, spanWords } from "../lib/words.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/field.js";
import { amend } from "./amend.js";
import { calledAs } from "./firm.js";
import { fillLine, stateBadge } from "./live.js";
import { passCard } from "./pass.js";
import { Seat } from "./seat.js";

const SEATED = ["seated", "confirmed", "consent_due", "checked_in", "done", "paid"];
const ENDED = ["closed", "withdrawn", "expired"];
const WAITING = ["gathering", "waiting", "standby", "called"];
const WAITS = { gathering: "等同伴答应", waiting: "报名了,等公布", standby: "候补", called: "候补,正在等他确认" };
const LEFT = { released: "退出了", no_show: "没来" };
const GATHERED_MS = 150;
const DAY_MS = 86_400_000;

export class PostingDetail {
  #firm;
  #options;
  #id = "";
  #entries = [];
  #reading = false;
  #again = false;
  #begins = 0;

  /** `back()` leaves it; `again(text, first)` posts once more and asks these people first. */
  constructor(firm, options) {
    this.#firm = firm;
    this.#options = options;
    this.head = h("div", { class: "stack" });
    this.code = h("div");
    this.people = h("div", { class: "stack" });
    this.said = h("div", { role: "status" });
    this.element = h(
      "section",
      { class: "card stack detail", hidden: true, "aria-labelledby": "posting" },
      this.head,
      this.said,
      this.code,
      this.people,
    );
    firm.board.addEventListener("changed", ({ detail }) => {
      if (detail.includes(this.#id)) this.#changed();
    });
  }

  async open(id, code = "") {
    clearTimeout(this.#begins);
    this.#id = id;
    this.#entries = [];
    this.element.hidden = false;
    fill(this.said);
    fill(this.people, h("div", { class: "skeleton", "aria-hidden": "true" }));
    if (!this.#firm.board.postings.has(id)) {
      try {
        this.#firm.board.put(await this.#firm.api.get(`/v1/postings/${id}`));
      } catch (error) {
        return fill(this.head, h("h2", { id: "posting" }, error.message), button("返回", this.#options.back));
      }
    }
    this.#drawHead();
    this.#drawCode(code);
    await this.#read();
  }

  close() {
    this.#id = "";
    clearTimeout(this.#begins);
    this.element.hidden = true;
  }

  get #view() {
    return this.#firm.board.postings.get(this.#id);
  }

  #changed() {
    if (!this.#view) return this.#options.back();
    this.#drawHead();
    this.#read();
  }

  /** Reads who was asked and what they said; what changes meanwhile is read once more, not once a change. */
  async #read() {
    if (this.#reading) return void (this.#again = true);
    this.#reading = true;
    const id = this.#id;
    try {
      const { entries } = await this.#firm.api.get(`/v1/postings/${id}/entries`);
      if (id === this.#id) {
        this.#entries = entries;
        this.#drawPeople();
      }
    } catch (error) {
      this.#say(error.message, "stop");
    } finally {
      this.#reading = false;
    }
    if (!this.#again) return;
    this.#again = false;
    setTimeout(() => this.#id && this.#read(), GATHERED_MS);
  }

  #say(words, kind = "yes") {
    fill(this.said, h("p", { class: `banner ${kind}` }, words));
  }

  /** Does something on the server; what it says against it is shown. */
  async #do(work, words) {
    try {
      await work();
      this.#say(words);
    } catch (error) {
      this.#say(error.message, "stop");
    }
    if (this.#id) await this.#read();
  }

  #drawHead() {
    const view = this.#view;
    const { posting } = view;
    const facts = [
      spanWords(posting.start_ms, posting.end_ms),
      posting.place.text,
      settlementWords(posting.settlement),
      posting.meals && "管饭",
      posting.transport && "接送",
      posting.meeting_point,
    ].filter(Boolean);
    this.code.hidden = view.taken === 0;
    const reason = view.review_reason && ["draft", "blocked", "awaiting_review"].includes(view.state);
    fill(
      this.head,
      h("div", { class: "row spread" }, button("← 发新的", this.#options.back, { class: "plain" }), stateBadge(view)),
      h(
        "div",
        { class: "row spread" },
        h("h2", { id: "posting", tabindex: "-1" }, `${view.trade_name} ${posting.headcount}人`),
        h("p", { class: "pay" }, payWords(posting.pay)),
      ),
      h("p", {}, facts.join(" · ")),
      h("p", { class: "muted small" }, posting.text),
      reason && h("p", { class: "banner warn" }, view.state === "awaiting_review" ? `工作人员在看:${view.review_reason}` : `要改:${view.review_reason}`),
      view.state === "awaiting_review" && !view.review_reason && h("p", { class: "banner" }, "工作人员先看一眼,通过后马上派单。"),
      view.held && h("p", { class: "banner warn" }, "天气太热,这个岗位要先改时间才能派单。"),
      ["draft", "awaiting_review", "blocked"].includes(view.state) ? null : fillLine(view),
      h("div", { class: "row actions" }, this.#actions(view)),
    );
  }

  #actions(view) {
    const { api } = this.#firm;
    const url = `/v1/postings/${view.id}`;
    const over = ENDED.includes(view.state);
    const change = () => this.#amend(view);
    return [
      !over && view.posting.end_ms > now() && button("改一改", change),
      ["draft", "blocked"].includes(view.state) && button("重新提交", () => this.#do(() => api.post(`${url}/submit`), "提交了"), { class: "primary" }),
      ["open", "filled"].includes(view.state) && button("够了,停招", () => this.#do(() => api.post(`${url}/close`), "不再招人,录用的人照常来")),
      !over && button("撤回岗位", () => this.#withdraw(view), { class: "stop" }),
      !["draft", "blocked", "awaiting_review"].includes(view.state) && button("再招一次", () => this.#repeat(view)),
    ].filter(Boolean);
  }

  async #amend(view) {
    const done = await amend(this.#firm, view, this.#entries.filter(({ assignment }) => SEATED.includes(assignment)));
    if (done) this.#say(done);
  }

  async #withdraw(view) {
    const seated = view.taken ? `录用的${view.taken}个人会马上知道,不影响他们。` : "";
    const late = view.taken ? "临近开工撤回会记分。" : "";
    const series = view.posting.series;
    const answers = [
      { words: "撤回这一天", value: "one", kind: "stop" },
      series && { words: "整个系列都撤回", value: "all", kind: "stop" },
      { words: "先不撤", value: null },
    ].filter(Boolean);
    const answer = await ask("撤回这个岗位?", h("p", {}, seated, late || "撤回后不能恢复,可以再招一次。"), answers);
    if (!answer) return;
    const path = answer === "all" ? `/v1/series/${series}/withdraw` : `/v1/postings/${view.id}/withdraw`;
    await this.#do(() => this.#firm.api.post(path), "撤回了");
  }

  #repeat({ posting }) {
    const came = this.#entries.filter(({ assignment }) => ["done", "paid"].includes(assignment)).map(({ profile }) => profile);
    this.#options.again(posting.text, came);
  }

  #drawCode(given) {
    const view = this.#view;
    if (["draft", "blocked", "awaiting_review", "withdrawn"].includes(view.state)) return fill(this.code);
    const input = field("签到码", { inputmode: "numeric", maxlength: "6", value: given, hint: "工友手机或凭条上的六位数字" });
    const enter = async () => {
      if (!/^\d{6}$/.test(input.value)) return input.refuse("签到码是六位数字");
      try {
        const { profile } = await this.#firm.api.post(`/v1/postings/${view.id}/check-in`, { code: input.value });
        input.value = "";
        this.#say(`${calledAs(profile)} 到了,已签到`);
      } catch (error) {
        input.refuse(error.message);
      }
    };
    const form = h(
      "form",
      { class: "row check-in", novalidate: true },
      input,
      h("button", { class: "primary" }, "签到"),
      button("现场的码", () => passCard(this.#firm, view)),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      enter();
    });
    fill(this.code, form);
    if (given) enter();
  }

  /** The people, and once more when the shift begins: from then on somebody can be missing. */
  #drawPeople() {
    clearTimeout(this.#begins);
    const until = (this.#view?.posting.start_ms ?? 0) - now();
    if (until > 0 && until < DAY_MS) this.#begins = setTimeout(() => this.#view && this.#drawPeople(), until + 1);
    const of = (test) => this.#entries.filter(test);
    const seated = of(({ assignment }) => SEATED.includes(assignment)).sort((a, b) => a.seated_ms - b.seated_ms);
    const waiting = of(({ acceptance, assignment }) => !assignment && WAITING.includes(acceptance)).sort((a, b) => (a.order ?? 1e9) - (b.order ?? 1e9));
    const left = of(({ assignment }) => assignment in LEFT);
    const declined = of(({ offer }) => offer === "declined").length;
    fill(
      this.people,
      this.#entries.length === 0 && h("p", { class: "empty" }, "还没有派给谁。派出去之后,谁接了马上显示在这里。"),
      this.#group("录用的人", seated, (entry) => new Seat(this.#firm, this.#view, entry, (work, words) => this.#do(work, words)).element),
      this.#group(
        "候补和报名",
        waiting,
        (entry, n) => h(
          "li",
          { class: "row person" },
          h("b", {}, calledAs(entry.profile)),
          h("span", {}, WAITS[entry.acceptance], entry.acceptance === "standby" ? `第${n + 1}位` : ""),
          entry.call_deadline_ms && h("span", { class: "muted" }, `到 ${clockWords(entry.call_deadline_ms)}`),
        ),
      ),
      this.#group(
        "退出和没来",
        left,
        (entry) => h("li", { class: "row person" }, h("b", {}, calledAs(entry.profile)), h("span", {}, LEFT[entry.assignment])),
      ),
      declined > 0 && h("p", { class: "muted small" }, `${declined} 人回复不去`),
    );
  }

  #group(title, entries, draw) {
    if (!entries.length) return null;
    return h("section", {}, h("h3", {}, `${title} ${entries.length}`), h("ul", { class: "people" }, entries.map(draw)));
  }
}
