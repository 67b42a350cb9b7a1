/** 记分和申诉: what late withdrawals left behind, until when it counts, and what the firm has to say against it. */
import { button, fill, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, dayWords } from "../lib/words.js";
import { field } from "../parts/field.js";

const STATES = { counts: ["记分中", "warn"], appealed: ["申诉中,等工作人员", ""], upheld: ["申诉后维持", "warn"], lifted: ["已撤销", "yes"] };

export class PenaltiesView {
  #firm;

  constructor(firm) {
    this.#firm = firm;
    this.body = h("div", { class: "stack" });
    this.element = h(
      "section",
      { class: "card stack", "aria-labelledby": "penalties", hidden: true },
      h("h2", { id: "penalties" }, "记分和申诉"),
      h("p", { class: "muted" }, "临近开工撤回岗位或不要录用的人会记分。分数随时间减少,从不罚钱;分数高时,岗位先由工作人员看。"),
      this.body,
    );
  }

  async load(notice = "") {
    fill(this.body, h("div", { class: "skeleton", "aria-hidden": "true" }));
    try {
      const list = await this.#firm.api.get(`/v1/employers/${this.#firm.id}/penalties`);
      this.#draw(list, notice);
    } catch (error) {
      fill(this.body, h("p", { class: "banner stop", role: "alert" }, error.message), button("再试一次", () => this.load()));
    }
  }

  #draw({ points, suspended_until_ms: until, penalties }, notice) {
    const held = until > now() && h("p", { class: "banner warn" }, `到 ${dayWords(until)} ${clockWords(until)} 之前,新岗位先由工作人员看。`);
    const empty = !penalties.length && h("p", { class: "empty" }, "没有记分。");
    fill(
      this.body,
      notice && h("p", { class: "banner yes", role: "status" }, notice),
      held,
      penalties.length > 0 && h("p", {}, "现在一共 ", h("b", {}, `${points} 分`)),
      empty,
      h("ul", { class: "stack" }, penalties.map((one) => this.#one(one))),
    );
  }

  #one(penalty) {
    const [words, kind] = STATES[penalty.state];
    const box = h("div");
    const appeal = penalty.state === "counts" && button("我要申诉", () => this.#form(penalty, box), { "aria-label": `申诉:${penalty.words}` });
    return h(
      "li",
      { class: "card stack" },
      h("div", { class: "row spread" }, h("b", {}, penalty.words), h("span", { class: `badge ${kind}` }, words)),
      h(
        "p",
        { class: "muted" },
        `${dayWords(penalty.at_ms)} ${clockWords(penalty.at_ms)} · 现在值 ${penalty.points} 分 · ${dayWords(penalty.counts_until_ms)} 以后不算`,
      ),
      penalty.appeal && h("p", {}, "你说:", penalty.appeal),
      penalty.decision && h("p", {}, "答复:", penalty.decision),
      appeal || null,
      box,
    );
  }

  #form(penalty, box) {
    const reason = field("怎么回事?", { control: h("textarea", { rows: "2", maxlength: "200" }) });
    const send = async () => {
      if (!reason.value) return reason.refuse("写一句怎么回事,工作人员才好判断");
      try {
        await this.#firm.api.post(`/v1/employers/${this.#firm.id}/penalties/appeal`, { penalty: penalty.id, reason: reason.value });
        await this.load("申诉递上去了,结果会显示在这里。");
      } catch (error) {
        reason.refuse(error.message);
      }
    };
    fill(box, h("div", { class: "stack" }, reason, button("递上去", send, { class: "primary" })));
    reason.control.focus();
  }
}
