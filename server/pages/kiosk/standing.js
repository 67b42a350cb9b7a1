/** Where somebody stands with a posting, in words, and what they can do about it. */
import { now } from "../lib/clock.js";
import { button, h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { clockWords, dayWords } from "../lib/words.js";
import "../parts/countdown.js";

const HOLDS = new Set(["seated", "confirmed", "checked_in", "done"]);

/** Nodes that say it. `does.over`: something has run out, draw anew. */
export function status({ posting, entry }, does) {
  const timer = (untilMs, words) => {
    const timer = h("kz-countdown", { words });
    timer.until = untilMs;
    timer.from = entry.offered_ms;
    timer.addEventListener("kz-over", does.over, { once: true });
    return timer;
  };
  const said = (kind, name, ...words) => [h("p", { class: `banner ${kind}`, role: "status" }, picture(name), h("span", {}, words))];
  if (entry.assignment === "consent_due") return said("warn", "warn", "这个活改了,请看清上面的时间、地点、工钱,去不去? ", timer(entry.consent_deadline_ms, "还剩"));
  if (HOLDS.has(entry.assignment)) return said("yes", "ok", `录用了!${dayWords(posting.start_ms)} ${clockWords(posting.start_ms)} 在${posting.meeting_point || posting.place.text}`);
  if (entry.assignment) return said("", "info", { released: "这个活你已经退了", no_show: "开工时没见到你,名额给了下一位;有误请找工作人员", paid: "工钱收到了" }[entry.assignment] ?? "");
  if (entry.offer_state === "open") {
    if (entry.deadline_ms <= now()) return said("warn", "clock", "这个派单过时了,还想去可以再要一次");
    return [h("p", {}, timer(entry.deadline_ms, "请在时间内回复,还剩"))];
  }
  if (entry.acceptance === "waiting" && posting.window_until_ms > now()) return said("", "clock", "报名了。大家一起排队,到时间按公布的顺序录用 ", timer(posting.window_until_ms, "还有"));
  if (entry.acceptance === "gathering") return said("", "crew", "报名了,等同伴也答应");
  if (entry.acceptance === "standby") return said("", "queue", `名额刚好满了,这次没轮到你。你在候补里${entry.order ? `,报名排第${entry.order}` : ""};有人退出就按顺序叫你,排队号留着`);
  if (entry.acceptance === "called") return said("warn", "bell", "候补轮到你了!来不来? ", timer(entry.call_deadline_ms, "还剩"));
  if (entry.acceptance) return said("", "info", entry.words);
  return said("warn", "clock", { expired: "这个派单过时了,还想去可以再要一次", withdrawn: "名额刚满,或岗位有变动,这个派单收回了" }[entry.offer_state] ?? "");
}

/** Buttons. `does`: { path, ask, why, print, wish }. */
export function actions({ posting, entry }, does) {
  const offer = encodeURIComponent(entry.offer);
  const seat = `/v1/assignments/${encodeURIComponent(entry.assignment_id)}`;
  const press = (words, kind, work) => button(words, work, { class: kind, data: { does: `${[words].flat().at(-1)} ${posting.id}` } });
  const sure = (title, words, path, body) => async () => {
    const yes = await does.ask(title, h("p", {}, words), [{ words: "留着,我去", kind: "primary" }, { words: "不去了", value: true, kind: "stop" }]);
    if (yes) await does.path(path, body);
  };
  const why = press("为什么", "plain", does.why);
  if (entry.assignment === "consent_due") {
    const answer = (yes) => () => does.path(`${seat}/reconsent`, { terms: posting.terms, yes });
    return [press("可以,我去", "yes", answer(true)), press("不去了", "", answer(false))];
  }
  if (HOLDS.has(entry.assignment)) {
    return [
      press([picture("print"), "打印小票"], "primary", does.print),
      entry.assignment === "seated" ? press("我一定来", "yes", () => does.path(`${seat}/confirm`)) : null,
      ["seated", "confirmed"].includes(entry.assignment) ? press("去不了", "", sure("真的去不了吗?", "名额会马上给下一位。越早说越好。", `${seat}/release`, {})) : null,
    ].filter(Boolean);
  }
  if (entry.assignment) return [];
  if (entry.offer_state === "open" && entry.deadline_ms > now()) {
    return [press("接这个活", "yes", () => does.path(`/v1/offers/${offer}/accept`)), press("不去", "", () => does.path(`/v1/offers/${offer}/decline`, {}))];
  }
  if (entry.acceptance === "called") return [press("来", "yes", () => does.path(`${seat}/reconfirm`)), press("不去", "", () => does.path(`${seat}/withdraw`))];
  if (["waiting", "gathering", "standby"].includes(entry.acceptance)) return [why, press("不等了", "", () => does.path(`${seat}/withdraw`))];
  return entry.acceptance ? [why] : [press("再要一次", "primary", does.wish), why];
}
