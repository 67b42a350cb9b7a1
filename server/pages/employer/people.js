/** 干过活的人: who worked here, favourites and blocks; who is chosen is asked first the next time. */
import { button, fill, h } from "../lib/dom.js";
import { dayWords } from "../lib/words.js";
import { calledAs } from "./firm.js";

export class People {
  #firm;
  #again;
  #chosen = new Set();
  #people = [];

  /** `again(first)` begins a posting that asks these people first. */
  constructor(firm, again) {
    this.#firm = firm;
    this.#again = again;
    this.said = h("div", { role: "status" });
    this.body = h("div");
    this.call = button("再叫他们", () => this.#again([...this.#chosen]), { class: "primary", disabled: true });
    this.element = h(
      "section",
      { class: "card stack", "aria-labelledby": "people", hidden: true },
      h("div", { class: "row spread" }, h("h2", { id: "people" }, "干过活的人"), this.call),
      h("p", { class: "muted" }, "选上的人,下次发岗位先叫他们。这里没有名字:双方确认之后,在岗位里可以看电话。"),
      this.said,
      this.body,
    );
  }

  async load() {
    fill(this.body, h("div", { class: "skeleton", "aria-hidden": "true" }));
    try {
      ({ people: this.#people } = await this.#firm.api.get(`/v1/employers/${this.#firm.id}/people`));
    } catch (error) {
      return fill(this.body, h("p", { class: "banner stop", role: "alert" }, error.message), button("再试一次", () => this.load()));
    }
    this.#draw();
  }

  #draw() {
    this.call.disabled = this.#chosen.size === 0;
    this.call.textContent = this.#chosen.size ? `再叫他们(${this.#chosen.size}人)` : "再叫他们";
    if (!this.#people.length) return fill(this.body, h("p", { class: "empty" }, "还没有人在你这里干过活。干完一次,就会记在这里。"));
    const head = h("tr", {}, ["选", "谁", "干过", "最近一次", "收藏", "以后不要"].map((words) => h("th", { scope: "col" }, words)));
    fill(this.body, h("table", {}, h("thead", {}, head), h("tbody", {}, this.#people.map((person) => this.#row(person)))));
  }

  #row({ profile, done, last_work_ms: last, favourite, block }) {
    const name = calledAs(profile);
    const box = h("input", { type: "checkbox", "aria-label": `再叫 ${name}`, disabled: Boolean(block) || !(done || favourite) });
    box.checked = this.#chosen.has(profile);
    box.addEventListener("change", () => {
      this.#chosen[box.checked ? "add" : "delete"](profile);
      this.#draw();
      this.body.querySelector(`[data-profile="${profile}"] input`)?.focus();
    });
    const favour = button(
      favourite ? "★ 已收藏" : "☆ 收藏",
      () => this.#put("favourites", profile, { favourite: !favourite }),
      { class: "plain", "aria-pressed": String(favourite), "aria-label": `收藏 ${name}` },
    );
    const refuse = button(
      block ? "已拉黑,恢复" : "以后不要",
      () => this.#put("blocks", profile, { blocked: !block }),
      { class: "plain", "aria-label": `${block ? "恢复" : "以后不要"} ${name}` },
    );
    return h(
      "tr",
      { data: { profile } },
      h("td", {}, box),
      h("td", {}, name),
      h("td", {}, done ? `${done} 次` : "还没"),
      h("td", {}, last ? dayWords(last) : "—"),
      h("td", {}, favour),
      h("td", {}, refuse),
    );
  }

  async #put(what, profile, body) {
    try {
      await this.#firm.api.put(`/v1/employers/${this.#firm.id}/${what}/${profile}`, body);
      if (body.blocked) this.#chosen.delete(profile);
      fill(this.said);
      ({ people: this.#people } = await this.#firm.api.get(`/v1/employers/${this.#firm.id}/people`));
      this.#draw();
    } catch (error) {
      fill(this.said, h("p", { class: "banner stop", role: "alert" }, error.message));
    }
  }
}
