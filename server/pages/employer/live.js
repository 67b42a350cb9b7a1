/** 正在招: every posting with its seats as they fill, by start. */
import { fill, h } from "../lib/dom.js";
import { payWords, spanWords } from "../lib/words.js";
import { now } from "../lib/clock.js";
import { pictogram } from "../lib/pictograms.js";
import "../parts/countdown.js";
import { seats } from "../parts/seats.js";

export const STATES = {
  draft: "退回待改", blocked: "不合规", awaiting_review: "待审核", open: "招人中", filled: "已招满", closed: "已停招",
  withdrawn: "已撤回", expired: "已到期",
};
const KINDS = { draft: "warn", blocked: "stop", awaiting_review: "warn", open: "primary", filled: "yes" };

/** The state of a posting as a badge. */
export function stateBadge({ state, posting }) {
  const over = posting.end_ms < now() && ["closed", "expired", "filled"].includes(state);
  return h("span", { class: `badge ${over ? "" : (KINDS[state] ?? "")}` }, over ? "已收工" : STATES[state]);
}

/** ●●●○○ 3/5, what stands by and whom it has reached. */
export function fillLine(view) {
  const said = [
    view.standby + view.called > 0 && `候补 ${view.standby + view.called}`,
    `已通知 ${view.offered} 人`,
    view.wave > 0 && `第 ${view.wave} 批`,
    view.open_offers > 0 && `${view.open_offers} 人还没回复`,
    view.waiting > 0 && `${view.waiting} 人报了名`,
  ].filter(Boolean);
  return h("div", { class: "fill" }, seats(view.taken, view.posting.headcount), h("p", { class: "muted small" }, said.join(" · ")), awaiting(view));
}

function awaiting(view) {
  if (view.state !== "open" || view.window_until_ms <= now()) return null;
  return Object.assign(h("kz-countdown", { words: "公布结果还有", class: "small" }), { until: view.window_until_ms });
}

export class Live {
  #firm;
  #open;

  /** `open(id)` shows one posting. */
  constructor(firm, open) {
    this.#firm = firm;
    this.#open = open;
    this.list = h("ul", { class: "live" });
    this.empty = h("p", { class: "empty", hidden: true }, "还没有岗位。写一句话发布,招到人会马上显示在这里。");
    this.loading = h("div", { class: "skeleton", "aria-hidden": "true" });
    this.element = h("section", { class: "stack", "aria-labelledby": "live" }, h("h2", { id: "live" }, "我的岗位"), this.loading, this.empty, this.list);
    firm.board.addEventListener("changed", () => this.draw());
  }

  draw(chosen = this.chosen) {
    this.chosen = chosen;
    const views = [...this.#firm.board.postings.values()].sort((a, b) => order(a) - order(b) || a.posting.start_ms - b.posting.start_ms || (a.id < b.id ? -1 : 1));
    this.loading.hidden = this.#firm.board.ready;
    this.empty.hidden = !this.#firm.board.ready || views.length > 0;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.closest("li").dataset.posting : "";
    fill(this.list, views.map((view) => this.#item(view)));
    if (focused) this.list.querySelector(`[data-posting="${focused}"] button`)?.focus();
  }

  #item(view) {
    const { posting } = view;
    const current = view.id === this.chosen;
    const head = h(
      "button",
      { type: "button", class: "plain title", "aria-current": current && "true", on: { click: () => this.#open(view.id) } },
      pictogram(posting.trade),
      h("span", { class: "grow" }, h("b", {}, view.trade_name), h("span", { class: "small muted" }, spanWords(posting.start_ms, posting.end_ms))),
      h("span", { class: "pay" }, payWords(posting.pay)),
    );
    const why = ["draft", "blocked"].includes(view.state) && view.review_reason ? h("p", { class: "banner warn small" }, view.review_reason) : null;
    return h(
      "li",
      { class: `card ${current ? "current" : ""}`, data: { posting: view.id } },
      head,
      h("div", { class: "row spread" }, h("span", { class: "small" }, posting.place.text), stateBadge(view)),
      ["draft", "awaiting_review"].includes(view.state) ? null : fillLine(view),
      why,
    );
  }
}

/** What needs the firm first, then what is going on, then what is over. */
function order({ state, posting }) {
  if (state === "draft" || state === "blocked") return 0;
  return posting.end_ms < now() || state === "withdrawn" ? 2 : 1;
}
