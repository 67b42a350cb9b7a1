/**
 * <kz-offer>: a posting as a worker reads it: pay, trade with its picture, when, where and how far, 为什么, and what can
 * be done. `offer(...)` builds one; what is done is up to the page.
 */
import { h, newId } from "../lib/dom.js";
import { pictogram } from "../lib/pictograms.js";
import { distanceWords, payWords, settlementWords, spanWords } from "../lib/words.js";

class Offer extends HTMLElement {}

customElements.define("kz-offer", Offer);

/**
 * A card for a posting (`Brief` of the API). `reasons`: why it was chosen; `missing`: what is lacking instead; `distanceM`;
 * `status`: nodes between the facts and the actions (a countdown, an outcome); `actions`: buttons.
 */
export function offer(posting, { reasons = [], missing = [], distanceM = null, status = [], actions = [] } = {}) {
  const id = newId("offer");
  const card = h("kz-offer", { role: "group", "aria-labelledby": id, data: { posting: posting.id } });
  const where = [posting.place.text, distanceM === null ? "" : `离你${distanceWords(distanceM)}`].filter(Boolean).join(" · ");
  card.append(
    h("div", { class: "head" }, pictogram(posting.trade), h("h2", { id }, posting.trade_name), h("p", { class: "pay" }, payWords(posting.pay))),
    h("div", { class: "facts" }, h("p", {}, h("b", {}, spanWords(posting.start_ms, posting.end_ms))), h("p", {}, where), h("p", {}, extras(posting))),
    ...why(reasons, missing),
    ...status,
  );
  if (actions.length) card.append(h("div", { class: "actions" }, actions));
  return card;
}

/** `日结 · 管饭 · 包车 · 招5人` */
function extras(posting) {
  const said = [settlementWords(posting.settlement), posting.meals && "管饭", posting.transport && "接送", `招${posting.headcount}人`];
  if (posting.days.length) said.push(`要连做${posting.days.length + 1}天`);
  return said.filter(Boolean).join(" · ");
}

function why(reasons, missing) {
  if (missing.length) return [h("p", { class: "why" }, h("b", {}, "差一点:"), missing.join(" · "))];
  return reasons.length ? [h("p", { class: "why" }, h("b", {}, "为什么给你:"), reasons.join(" · "))] : [];
}
