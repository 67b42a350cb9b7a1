/** Figures as people say them: pay, time, distance. The market's zone, whatever the device is set to. */
import { now } from "./clock.js";

const ZONE = "Asia/Shanghai";
const DAY_MS = 86_400_000;
const UNITS = { hour: "小时", day: "天", shift: "班", piece: "件", month: "月" };
const SETTLED = { daily: "日结", weekly: "周结", monthly: "月结", on_completion: "完工结" };

const clockFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour: "numeric", minute: "2-digit", hour12: false });
const dayFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });
const dateFormat = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "numeric", day: "numeric", weekday: "short" });

/** `200元/天` */
export function payWords({ fen, unit }) {
  const yuan = fen % 100 ? (fen / 100).toFixed(fen % 10 ? 2 : 1) : String(fen / 100);
  return `${yuan}元/${UNITS[unit] ?? unit}`;
}

/** `日结` */
export function settlementWords(settlement) {
  return SETTLED[settlement] ?? "";
}

/** `06:00` */
export function clockWords(ms) {
  return clockFormat.format(ms);
}

/** `今天`, `明天`, `后天`, else `11月23日周一` */
export function dayWords(ms) {
  const days = (Date.parse(dayFormat.format(ms)) - Date.parse(dayFormat.format(now()))) / DAY_MS;
  return { "-1": "昨天", 0: "今天", 1: "明天", 2: "后天" }[days] ?? dateFormat.format(ms);
}

/** 1 (Monday) to 7. */
export function weekdayOf(ms) {
  return ((new Date(dayFormat.format(ms)).getUTCDay() + 6) % 7) + 1;
}

/** `今天 06:00-14:00`; says so where the end is on another day. */
export function spanWords(startMs, endMs) {
  const sameDay = dayFormat.format(startMs) === dayFormat.format(endMs);
  return `${dayWords(startMs)} ${clockWords(startMs)}-${sameDay ? "" : "次日"}${clockWords(endMs)}`;
}

/** `2.1公里`, `800米` */
export function distanceWords(metres) {
  if (metres < 950) return `${Math.max(50, Math.round(metres / 50) * 50)}米`;
  return `${(metres / 1000).toFixed(metres < 9_950 ? 1 : 0)}公里`;
}

/** `2:41` for what is left. */
export function leftWords(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s >= 3600) return `${Math.floor(s / 3600)}小时${Math.floor((s % 3600) / 60)}分`;
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** `今天 06:00`; nothing for no moment. */
export function momentWords(ms) {
  return ms ? `${dayWords(ms)} ${clockWords(ms)}` : "";
}
