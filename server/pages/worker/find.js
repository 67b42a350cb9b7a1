/** 找活: 今天能干, what wants an answer, what is waited for, what has just become of it, and what else there is today. */
import { button, fill, h } from "../lib/dom.js";
import { keyed } from "../lib/keyed.js";
import { now } from "../lib/clock.js";
import { drawing } from "../lib/svg.js";
import { clockWords, dayWords } from "../lib/words.js";
import { offer } from "../parts/offer.js";
import { signature, workCard } from "./cards.js";
import { holdsSeat, stage, wantsAnswer } from "./stages.js";
import { showWhy } from "./why.js";

/** A sun over the horizon: the market begins at dawn. */
const SUNRISE = "M16 44a16 16 0 0 1 32 0h-4a12 12 0 0 0-24 0zM4 48h56v4H4zM14 56h36v4H14zM30 8h4v10h-4zM8.5 22.3l2.8-2.8 7 7-2.8 2.8zM55.5 22.3l-2.8-2.8-7 7 2.8 2.8z";
const TODAY_FRESH_MS = 60_000;
const WAITS = new Set(["gathering", "waiting", "standby"]);

export class Find {
  #app;
  #today = null;
  #askedMs = 0;

  constructor(app) {
    this.#app = app;
    this.title = "找活";
    this.switch = h("section", { class: "card available", "aria-label": "今天能干" });
    this.notice = h("div", { class: "stack" });
    this.answer = section("要你答复");
    this.waiting = section("等结果");
    this.just = section("刚刚");
    this.empty = h("div", {});
    this.day = section("今天附近还有");
    this.near = section("差一点就合适");
    this.element = h("div", { class: "stack" }, this.switch, this.notice, this.answer.all, this.waiting.all, this.just.all, this.empty, this.day.all, this.near.all);
  }

  /** Shows what the state says now. */
  show() {
    const { state } = this.#app;
    const cards = Array.from(state.cards.values());
    const wanted = cards.filter(wantsAnswer).sort((a, b) => deadline(a) - deadline(b));
    const waiting = cards.filter((card) => WAITS.has(stage(card)));
    const just = [...cards.filter((card) => stage(card) === "seated"), ...state.over.values()];
    this.#showSwitch();
    this.#showNotice();
    this.#list(this.answer, wanted);
    this.#list(this.waiting, waiting);
    this.#list(this.just, just);
    fill(this.empty, ...(state.ready && !wanted.length && !waiting.length && !just.length ? [nothing(state.available)] : []));
    if (!state.ready) fill(this.empty, h("div", { class: "skeleton", "aria-hidden": "true" }), h("p", { class: "muted" }, "正在看有没有你的派单…"));
    if (state.ready && now() - this.#askedMs > TODAY_FRESH_MS) this.#askToday();
  }

  #list({ all, list }, cards) {
    all.hidden = !cards.length;
    keyed(list, cards, { key: (card) => card.posting.id, sign: signature, build: (card) => workCard(this.#app, card) });
  }

  #showSwitch() {
    const { state } = this.#app;
    const { profile, available } = state;
    if (!profile) return fill(this.switch, h("div", { class: "skeleton thin", "aria-hidden": "true" }));
    const said = available ? `开着,${dayWords(profile.presence_until_ms - 1)}有效,有活马上派给你` : "关着。打开后,有合适的活优先派给你";
    if (this.switch.dataset.said === said) return undefined;
    this.switch.dataset.said = said;
    const wrong = h("p", { class: "wrong", role: "alert" });
    const toggle = button([h("span", { class: "knob", "aria-hidden": "true" }), h("span", {}, available ? "开" : "关")], async () => {
      try {
        await state.setAvailable(!available);
        this.#askedMs = 0;
        this.#app.say(available ? "今天能干:关了" : "今天能干:开了");
      } catch (error) {
        wrong.textContent = error.message;
      }
    }, { class: "switch", role: "switch", "aria-checked": String(available), "aria-label": "今天能干" });
    const had = this.switch.contains(document.activeElement);
    fill(this.switch, h("div", { class: "grow" }, h("h2", {}, "今天能干"), h("p", { class: "muted" }, said), wrong), toggle);
    if (had) toggle.focus();
    return undefined;
  }

  #showNotice() {
    const { profile, consent } = this.#app.state;
    if (!profile) return;
    const told = [];
    if (consent?.asked) told.push(h("p", { class: "banner warn" }, h("span", { class: "grow" }, consent.withdrawn_ms ? "同意已撤回,不再派活" : "同意书换了新的,请看一遍"), h("a", { class: "button", href: "#me/data" }, "去看")));
    if (profile.suspended_until_ms > now() && !consent?.withdrawn_ms) told.push(h("p", { class: "banner warn" }, `派单暂停到${dayWords(profile.suspended_until_ms)} ${clockWords(profile.suspended_until_ms)}:${profile.suspended_reason}`));
    else if (profile.paused) told.push(h("p", { class: "banner warn" }, "几次没答复,派单先停了,不扣分。点“今天能干”就恢复。"));
    fill(this.notice, told);
  }

  async #askToday() {
    this.#askedMs = now();
    if (!this.#today) fill(this.day.list, h("div", { class: "skeleton", "aria-hidden": "true" }));
    this.day.all.hidden = false;
    try {
      this.#today = await this.#app.api.get("/v1/today");
      this.#showToday();
    } catch (error) {
      this.#askedMs = 0;
      fill(this.day.list, h("p", { class: "muted" }, error.message), button("再看一次", () => this.#askToday()));
    }
  }

  #showToday() {
    const known = (each) => !this.#app.state.cards.has(each.posting.id);
    const fits = this.#today.fits.filter(known);
    const near = this.#today.out_of_reach.filter(known);
    this.day.all.hidden = false;
    fill(this.day.list, fits.length ? fits.map((each) => this.#dayCard(each)) : h("p", { class: "muted" }, "眼下没有别的合适的活。有了会派给你。"), button("刷新", () => this.#askToday(), { class: "wide" }));
    this.near.all.hidden = !near.length;
    fill(this.near.list, near.map((each) => this.#dayCard(each)));
  }

  #dayCard({ posting, distance_m: distanceM, favourite = false, reasons = [], waits = [], missing = [] }) {
    const waiting = waits.length > 0 && h("p", { class: "why" }, h("b", {}, "还没派给你:"), waits.map((each) => each.words).join(" · "));
    const known = favourite && h("p", {}, `★ ${posting.employer_name},你收藏的`);
    const wrong = h("p", { class: "wrong", role: "alert" });
    const wish = async () => {
      wrong.textContent = "";
      try {
        const card = await this.#app.api.post(`/v1/postings/${posting.id}/wish`);
        this.#app.state.offered(card);
        this.#showToday();
        scrollTo({ top: 0 });
        this.#app.say("派给你了,请看清再接");
      } catch (error) {
        wrong.textContent = error.message;
      }
    };
    const why = button("为什么没问我", () => showWhy(this.#app, { posting }), { class: "plain" });
    const actions = missing.length ? [why] : [why, button("我想去", wish, { class: "primary" })];
    return offer(posting, { reasons, distanceM, missing: missing.map((each) => each.words), status: [known, waiting, wrong].filter(Boolean), actions });
  }
}

function section(title) {
  const list = h("div", { class: "stack" });
  const all = h("section", { class: "stack", "aria-label": title, hidden: true }, h("h2", { class: "over" }, title), list);
  return { all, list };
}

function deadline({ entry }) {
  return entry.call_deadline_ms ?? entry.consent_deadline_ms ?? entry.deadline_ms;
}

function nothing(available) {
  return h(
    "div",
    { class: "nothing" },
    drawing("0 0 64 64", SUNRISE, { class: "picture-large" }),
    h("h2", {}, available ? "还没有你的派单" : "先打开“今天能干”"),
    h("p", { class: "muted" }, available ? "有合适的活,这里马上显示。派单按规则轮着来,不用一直盯着手机。" : "打开后,附近有活就派给你;不想干了随时关上。"),
  );
}

/** How many cards want an answer. */
export function waitingAnswers(state) {
  return Array.from(state.cards.values()).filter(wantsAnswer).length;
}

/** How many shifts are somebody's. */
export function seatsHeld(state) {
  return Array.from(state.cards.values()).filter(holdsSeat).length;
}
