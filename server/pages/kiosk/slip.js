/** The printed slip, 80 mm wide: what somebody needs on the way, and nothing that says who they are. */
import { h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, payWords, settlementWords } from "../lib/words.js";
import { qrPicture } from "../parts/qr.js";

const dateFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", dateStyle: "medium" });

/** Takes the slip out of the page. */
export function clearSlip() {
  document.getElementById("slip")?.remove();
}

/** Prints where and when to come, with the code to check in. `pass`: of /v1/assignments/{assignment}/pass. */
export function printSeat(posting, pass, site, ticket) {
  print(
    h("h1", {}, "录用单"),
    h("p", { class: "big" }, posting.trade_name),
    lines([
      ["岗位号", posting.id],
      ["时间", `${dateFormat.format(posting.start_ms)} ${clockWords(posting.start_ms)}-${clockWords(posting.end_ms)}`],
      ["地点", posting.place.text],
      ["集合", posting.meeting_point],
      ["工钱", `${payWords(posting.pay)} ${settlementWords(posting.settlement)}`],
      ["用工方", posting.employer_name],
      ["排队号", ticket ? String(ticket.queue_no) : ""],
    ]),
    qrPicture(pass.qr, "签到二维码"),
    h("p", { class: "big" }, `签到码 ${pass.code}`),
    h("p", {}, `到了给用工方看,${clockWords(pass.from_ms)} 起可签到`),
    foot(site),
  );
}

/** Prints a queue number with its PIN. */
export function printTicket(ticket, site) {
  print(
    h("h1", {}, "排队号"),
    h("p", { class: "huge" }, String(ticket.queue_no)),
    h("p", { class: "big" }, `密码 ${ticket.pin}`),
    h("p", {}, "叫到号时,用排队号和密码在自助机上看派单。密码不要给别人看。"),
    lines([["有效到", `${dateFormat.format(ticket.until_ms)} ${clockWords(ticket.until_ms)}`]]),
    foot(site),
  );
}

function print(...content) {
  clearSlip();
  document.body.append(h("section", { id: "slip", "aria-hidden": "true" }, content));
  addEventListener("afterprint", clearSlip, { once: true });
  window.print();
}

function lines(pairs) {
  return h("dl", {}, pairs.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function foot(site) {
  return h("footer", {}, h("p", {}, site.name), h("p", {}, `打印于 ${dateFormat.format(now())} ${clockWords(now())}`), h("p", {}, "找工作全程不收钱。有事打 12333(人社)或 12345(市民热线)"));
}
