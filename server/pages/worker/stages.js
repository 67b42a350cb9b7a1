/** Where somebody stands with a posting, and how that is said (pure). A card is what the API calls one. */
import { now } from "../lib/clock.js";
import { clockWords, dayWords } from "../lib/words.js";

const OVER = new Set(["paid", "released", "no_show"]);
const OPEN = new Set(["gathering", "waiting", "standby", "called"]);

/** The one word for it: the seat's state, else the acceptance's, else the offer's; `taken` where the seats were faster. */
export function stage({ posting, entry }) {
  if (entry.assignment) return entry.assignment;
  if (entry.acceptance) return entry.acceptance;
  if (entry.offer_state === "open") return entry.deadline_ms > now() ? "offered" : "expired";
  if (entry.offer_state === "withdrawn") return posting.state === "filled" || posting.state === "open" ? "taken" : "gone";
  return entry.offer_state;
}

/** Whether there is still something to do or to wait for. The server's rule. */
export function isCurrent({ entry }) {
  if (entry.assignment) return !OVER.has(entry.assignment);
  if (entry.acceptance) return OPEN.has(entry.acceptance);
  return entry.offer_state === "open" && entry.deadline_ms > now();
}

/** `今天 06:00 在东门` */
export function meeting(posting) {
  return `${dayWords(posting.start_ms)} ${clockWords(posting.start_ms)} 在${posting.meeting_point || posting.place.text || "工作地点"}`;
}

/** Stage -> what stands over a card, what is said below it, and which colour goes with it. */
const SAID = {
  offered: () => ["新派单", "", ""],
  gathering: () => ["报名了,等同伴", "同伴都答应了,你们就一起排队", "wait"],
  waiting: () => ["报名了,等公布", "时间到了按公布的顺序录用,谁先按都一样", "wait"],
  standby: () => ["这次没轮到你", "有人退出,就按顺序补上;候补不占你的时间,照样可以接别的活", "wait"],
  called: () => ["候补轮到你了", "有空位了,给你留着,请快点答复", "act"],
  seated: (p) => ["录用了", `${meeting(p)}。请点“我会来”,让老板放心`, "yes"],
  confirmed: (p) => ["录用了,说好了", `${meeting(p)}`, "yes"],
  consent_due: () => ["岗位有变动", "请看清再答;不同意就退出,不影响你", "act"],
  checked_in: () => ["已签到", "干完活由老板登记完工,之后在这里点“已收到工钱”", "yes"],
  done: () => ["干完了", "工钱到手了再点“已收到工钱”;没给、少给,点“没收到”", "act"],
  paid: () => ["工钱已收到", "", "done"],
  released: () => ["已退出", "这个名额给了下一位", "done"],
  no_show: () => ["记为没到", "开工时没有见到你。有误可以申诉:我 → 记分和申诉", "done"],
  passed_over: () => ["这次没有安排你", "这个时间你已经有别的活", "done"],
  lapsed: () => ["候补的时间过了", "没等到你的答复,名额给了下一位,不扣分", "done"],
  withdrawn: () => ["已退出排队", "", "done"],
  declined: () => ["回复了不去", "不扣分,有别的活再问你", "done"],
  expired: () => ["这个派单过时间了", "没来得及答复,不扣分;有合适的活再问你", "done"],
  taken: () => ["名额刚刚满了", "别人先定下了。不是你慢,也不扣分", "done"],
  gone: () => ["这个岗位收回了", "用工方不招了,或条件变了;不影响你", "done"],
};

/** `{ title, text, tone }` of a card; `place` is the place on standby, where it is known. */
export function said(card, place = 0) {
  const is = stage(card);
  const [title, text, tone] = SAID[is](card.posting);
  return { title: is === "standby" && place ? `${title},你排第 ${place} 候补` : title, text, tone };
}

/** Cards of the first tab: what wants an answer, what is waited for. */
export function wantsAnswer(card) {
  return ["offered", "called", "consent_due"].includes(stage(card));
}

/** Whether a card stands in the calendar: a shift that is somebody's. */
export function holdsSeat(card) {
  return ["seated", "confirmed", "consent_due", "checked_in", "done"].includes(stage(card));
}
