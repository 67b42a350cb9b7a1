/** One seated worker as the employer sees them, and what can be done: arrived, did not come, done, no more, telephone. */
import { button, fill, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords } from "../lib/words.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/field.js";
import { calledAs } from "./firm.js";

const STATES = {
  seated: ["录用了,等他确认", "warn"], confirmed: ["会来", "yes"], consent_due: ["等他重新同意", "warn"],
  checked_in: ["到了", "yes"], done: ["干完了,等他确认收到工钱", "warn"], paid: ["工钱已收到", "yes"],
};

/** Names that were shown in this window: they are not asked for, and logged, again. */
const known = new Map();

export class Seat {
  #firm;
  #entry;
  #url;
  #do;

  /** `act(work, words)` does something on the server, says so, and reads the people again. */
  constructor(firm, view, entry, act) {
    this.#firm = firm;
    this.#entry = entry;
    this.#url = `/v1/assignments/${view.id}:${entry.profile}`;
    this.#do = act;
    const [words, kind] = STATES[entry.assignment];
    this.reach = h("span", { class: "reach" });
    this.#drawReach();
    const until = entry.assignment === "consent_due" && entry.consent_deadline_ms ? `,到 ${clockWords(entry.consent_deadline_ms)}` : "";
    this.element = h(
      "li",
      { class: "row person", data: { profile: entry.profile } },
      h("b", {}, known.get(entry.profile)?.worker ?? calledAs(entry.profile)),
      h("span", { class: `badge ${kind}` }, words, until),
      entry.crew && h("span", { class: "badge" }, "班组"),
      this.reach,
      h("span", { class: "row actions" }, this.#actions(view)),
    );
  }

  #actions(view) {
    const { assignment, profile } = this.#entry;
    const post = (what, body) => this.#firm.api.post(`${this.#url}/${what}`, body);
    const expected = ["seated", "confirmed"].includes(assignment);
    const begun = now() >= view.posting.start_ms;
    const name = calledAs(profile);
    return [
      expected && button("签到", () => this.#do(() => post("check-in"), `${name} 到了`), { "aria-label": `${name} 签到` }),
      expected && begun && button("没来", () => this.#noShow(name, post), { class: "stop", "aria-label": `${name} 没来` }),
      assignment === "checked_in" && button(
        "干完了",
        () => this.#do(() => post("done"), `${name} 干完了`),
        { class: "primary", "aria-label": `${name} 干完了` },
      ),
      (expected || assignment === "consent_due") && button("不要了", () => this.#release(name, post), { class: "plain", "aria-label": `不要 ${name} 了` }),
      button("电话", () => this.#reveal(), { class: "plain", "aria-label": `${name} 的电话` }),
      ["checked_in", "done", "paid"].includes(assignment) && button("收藏", () => this.#favour(name), { class: "plain", "aria-label": `收藏 ${name}` }),
      ["checked_in", "done", "paid"].includes(assignment) && button(
        "以后不要",
        () => this.#block(name),
        { class: "plain", "aria-label": `以后不要 ${name}` },
      ),
    ].filter(Boolean);
  }

  async #noShow(name, post) {
    const body = h("p", {}, "他会知道,也可以申诉。名额马上给下一位。");
    if (await ask(`${name} 真的没来?`, body, [{ words: "没来", value: true, kind: "stop" }, { words: "再等等", value: null }])) await this.#do(() => post("no-show"), `${name} 记为没来,正在补人`);
  }

  async #release(name, post) {
    const reason = field("为什么(他会看到)", { maxlength: "200" });
    const body = h("div", { class: "stack" }, h("p", {}, "不影响他。临近开工不要人会给你记分。"), reason);
    if (await ask(`不要 ${name} 了?`, body, [{ words: "不要了", value: true, kind: "stop" }, { words: "留下", value: null }])) await this.#do(() => post("release", { reason: reason.value }), "名额空出来了,正在补人");
  }

  #favour(name) {
    return this.#do(
      () => this.#firm.api.put(`/v1/employers/${this.#firm.id}/favourites/${this.#entry.profile}`, { favourite: true }),
      `收藏了 ${name},下次可以先叫`,
    );
  }

  async #block(name) {
    const reason = field("为什么(只有工作人员看得到)", { maxlength: "200" });
    const body = h("div", { class: "stack" }, h("p", {}, "以后不再派给他,他不会知道。"), reason);
    const yes = await ask(`以后不要 ${name}?`, body, [{ words: "以后不要", value: true, kind: "stop" }, { words: "算了", value: null }]);
    if (yes) await this.#do(
      () => this.#firm.api.put(`/v1/employers/${this.#firm.id}/blocks/${this.#entry.profile}`, { blocked: true, reason: reason.value }),
      "记下了",
    );
  }

  /** Name and telephone; masked until both have confirmed. Every look is logged. */
  async #reveal() {
    try {
      known.set(this.#entry.profile, await this.#firm.api.get(`${this.#url}/contact`));
      this.#drawReach();
    } catch (error) {
      fill(this.reach, h("span", { class: "wrong" }, error.message));
    }
  }

  #drawReach() {
    const contact = known.get(this.#entry.profile);
    if (!contact) return;
    const number = contact.confirmed ? h("a", { href: `tel:${contact.worker_telephone}` }, contact.worker_telephone) : contact.worker_telephone;
    fill(this.reach, contact.worker, " ", number, !contact.confirmed && h("span", { class: "muted small" }, "(他确认会来后显示全号)"));
  }
}
