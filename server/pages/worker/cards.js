/** One calm card for each posting that somebody has to do with: what it is, where one stands, and what can be done now. */
import { LineLost, Refused } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, payWords, spanWords } from "../lib/words.js";
import { offer } from "../parts/offer.js";
import "../parts/countdown.js";
import { checkIn } from "./arrive.js";
import { showOrder, standbyPlace } from "./order.js";
import { refusal } from "./refusal.js";
import { isCurrent, said, stage } from "./stages.js";
import { showWhy } from "./why.js";

/** What a card's look depends on; the same text, the same look. */
export function signature(card) {
  return JSON.stringify([card.v, stage(card), card.entry, card.posting]);
}

/** The card as an element; one of the `past` is only looked at. */
export function workCard(app, card, { past = false } = {}) {
  const is = stage(card);
  const wrong = h("p", { class: "wrong", role: "alert" });
  const act = (work) => attempt(app, card, wrong, work);
  const fresh = ["offered", "called"].includes(is);
  const element = offer(card.posting, {
    reasons: fresh ? card.entry.reasons : [],
    distanceM: card.entry.distance_m || null,
    status: [changes(app, card), more(app, card), wrong].filter(Boolean),
    actions: past ? [] : actions(app, card, act),
  });
  element.prepend(standing(app, card));
  element.classList.add("work", is);
  return element;
}

function standing(app, card) {
  const is = stage(card);
  const { title, text, tone } = said(card);
  const heading = h("p", { class: "standing" }, title);
  const box = h("div", { class: `stand ${tone}` }, heading, countdown(card, is), text && h("p", {}, text));
  if (is === "standby") {
    standbyPlace(app, card).then((place) => {
      if (place) heading.textContent = said(card, place).title;
    }, () => {});
  }
  return box;
}

/** The market's deadlines, by the server's clock. */
function countdown({ posting, entry }, is) {
  const [words, until, from = 0] = {
    offered: ["还剩", entry.deadline_ms, entry.offered_ms],
    waiting: ["公布还有", posting.window_until_ms],
    called: ["还剩", entry.call_deadline_ms],
    consent_due: ["还剩", entry.consent_deadline_ms],
  }[is] ?? [];
  if (!until || until <= now()) return null;
  return Object.assign(h("kz-countdown", { words, class: "left" }), { from, until });
}

/** What is different from the terms that were said yes to. */
function changes(app, card) {
  const before = app.state.before.get(card.posting.id);
  if (stage(card) !== "consent_due" || !before) return null;
  const { posting } = card;
  const told = [
    ["工钱", payWords(before.pay), payWords(posting.pay)],
    ["时间", spanWords(before.start_ms, before.end_ms), spanWords(posting.start_ms, posting.end_ms)],
    ["地点", before.place.text, posting.place.text],
    ["工种", before.trade_name, posting.trade_name],
    ["说明", before.text, posting.text],
  ].filter(([, was, is]) => was !== is);
  return h("dl", { class: "changes" }, told.map(([what, was, is]) => h("div", {}, h("dt", {}, what), h("dd", {}, h("del", {}, was), " → ", h("ins", {}, is)))));
}

function more(app, card) {
  const { posting, entry } = card;
  const lines = [
    ["用工方", posting.employer_name], ["干什么", posting.text], ["集合", posting.meeting_point],
    ["要证", posting.certificates.map((id) => app.names.certificates.get(id) ?? id).join("、")],
    ["当心", posting.hazards.map((id) => app.names.hazards.get(id) ?? id).join("、")],
    ["保险", posting.insurance], ["同伴", entry.mates.length ? `${entry.mates.length}人,${entry.together ? "一起录用或都不录用" : "各自录用"}` : ""],
  ].filter(([, said]) => said);
  const days = posting.days.map((day) => h("li", {}, spanWords(day.start_ms, day.end_ms), " ", payWords(day.pay)));
  const asks = [isCurrent(card) && button("为什么", () => showWhy(app, card), { class: "plain" })];
  if (entry.order !== null && entry.acceptance !== "waiting") asks.push(button("看顺序和抽签", () => showOrder(app, card), { class: "plain" }));
  return h(
    "details",
    { class: "more" },
    h("summary", {}, "看清楚"),
    h("dl", {}, lines.map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))),
    days.length > 0 && h("div", {}, h("p", {}, "答应了就是这几天都干:"), h("ul", { class: "days" }, days)),
    stage(card) === "offered" && h("p", { class: "muted" }, `这个派单给你留到${clockWords(entry.deadline_ms)},过后问下一位。不答复、不去都不扣分;时间由市场定,对谁都一样。`),
    h("div", { class: "row" }, asks),
  );
}

/** Runs what a button does; what goes wrong is said on the card, which stays as it was. */
async function attempt(app, card, wrong, work) {
  wrong.textContent = "";
  try {
    const answered = await work();
    if (answered?.posting) app.state.apply(answered);
    followCard(card.posting.id);
  } catch (error) {
    const gone = { offer_expired: "expired", offer_withdrawn: "withdrawn", posting_not_open: "withdrawn", offer_declined: "declined" }[error.code];
    if (gone && stage(card) === "offered") app.state.end(card.posting.id, gone);
    else if (error instanceof LineLost || error instanceof Refused) wrong.textContent = error.message;
    else throw error;
  }
}

/** A card whose answer moved it to another list takes the focus, and the eye, along. */
function followCard(posting) {
  if (document.activeElement !== document.body) return;
  const heading = document.querySelector(`kz-offer[data-posting="${CSS.escape(posting)}"] h2`);
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  heading.closest("kz-offer").scrollIntoView({ block: "nearest" });
}

function actions(app, card, act) {
  const path = `/v1/assignments/${card.entry.assignment_id}`;
  const { api } = app;
  const press = (words, kind, work) => button(words, () => act(work), { class: kind });
  const accept = () => app.answer("accept", card.entry.offer);
  const decline = async () => {
    const reason = await refusal("不去,是因为?", "说不说都行,不扣分。说了,下次派得更准。", "不去");
    return reason === null ? null : app.answer("decline", card.entry.offer, { reason });
  };
  const release = async () => {
    const reason = await refusal("真的来不了?", "名额马上给下一位。离开工越近,越难补人:临近开工退出会记分,两周减一半,不扣钱。", "来不了,退出");
    return reason === null ? null : api.post(`${path}/release`, { reason });
  };
  const standBack = () => api.post(`${path}/withdraw`);
  const consent = (yes) => () => api.post(`${path}/reconsent`, { terms: card.posting.terms, yes });
  const putAway = button("知道了", () => app.state.putAway(card.posting.id), { class: "wide" });
  return {
    offered: [press("不去", "", decline), press("接这个活", "primary", accept)],
    gathering: [press("退出", "", standBack)],
    waiting: [press("不等了", "", standBack)],
    standby: [press("退出候补", "", standBack)],
    called: [press("不去", "", standBack), press("我来", "primary", () => api.post(`${path}/reconfirm`))],
    consent_due: [press("不同意,退出", "", consent(false)), press("同意", "primary", consent(true))],
    seated: [press("来不了", "", release), press("我会来", "primary", () => api.post(`${path}/confirm`))],
    confirmed: [...here(app, card), press("来不了", "", release)],
    checked_in: [button("电话", () => app.call(card))],
    done: [button("没收到", () => app.go(`me/complain/pay/${card.posting.id}`)), press("已收到工钱", "yes", () => api.post(`${path}/paid`))],
  }[stage(card)] ?? (app.state.over.has(card.posting.id) ? [putAway] : []);
}

/** What is needed on arrival. */
function here(app, card) {
  return [button("签到", () => checkIn(app, card), { class: "yes" }), button("电话", () => app.call(card))];
}
