/** What the kiosk knows of the person in front of it: this object and nothing else. It is let go of when they leave. */
import { Api, pause } from "../lib/api.js";
import { now } from "../lib/clock.js";
import { Inbox } from "../lib/inbox.js";
import { TRADES } from "../lib/trades.js";
import { weekdayOf } from "../lib/words.js";

/** What a visit may change of a profile. */
const WISHES = ["trades", "skills", "hours", "radius_m", "pay", "refused"];
/** Days of work at eight hours, of 21.75 a month, in a unit of pay. */
const A_DAY = { hour: 8, day: 1, shift: 1, month: 1 / 21.75 };
const LEAVING_MS = 2000;
/** The server ends a session at a kiosk that is not used for two minutes. */
const KEEP_EVERY_MS = 40_000;

export class Visit {
  /** Trades chosen, id -> name. */
  trades = new Map();
  words = "";
  day = "any";
  spans = new Set();
  /** Whether hours and pay were chosen here; else those of the profile stay. */
  choseHours = false;
  chosePay = false;
  radiusM = 6000;
  payYuan = 180;
  way = "telephone";
  telephone = "";
  idNumber = "";
  /** Requests as this person, once they have shown who they are; `role` is newcomer until they have registered. */
  person = null;
  role = "";
  id = "";
  profile = null;
  ticket = null;
  inbox = null;
  #keptMs = 0;

  /** Whether anything was said that another person should not find. */
  get isUntouched() {
    return !this.trades.size && !this.words && !this.telephone && !this.idNumber && !this.person;
  }

  /** Somebody who has said nothing yet wants what they wanted before. */
  wishAs(profile) {
    this.trades = new Map(profile.trades.map((id) => [id, TRADES[id]?.[0] ?? id]));
    this.words = profile.skills;
    this.radiusM = profile.radius_m;
    this.payYuan = Math.round((profile.pay.fen * (A_DAY[profile.pay.unit] ?? 1)) / 1000) * 10;
  }

  /** Takes over the session that somebody has opened at this kiosk; its token stays in memory. */
  enter(loggedIn) {
    this.person = new Api(loggedIn.token);
    this.role = loggedIn.role;
    this.id = loggedIn.role === "worker" ? loggedIn.subject : "";
    this.#keptMs = now();
  }

  /** Somebody is here and reads: their session goes on, however long they take. */
  keep() {
    if (!this.person || now() - this.#keptMs < KEEP_EVERY_MS) return;
    this.#keptMs = now();
    this.person.get("/v1/session", { tries: 1 }).catch(() => {}); // whether it has ended, the next request tells
  }

  /** Listens to what happens to this person. */
  listen() {
    this.inbox = new Inbox(this.person.token);
    return this.inbox;
  }

  /** Ends what is open; on the server at once where it can be reached, and by itself within two minutes where not. */
  async leave() {
    this.inbox?.close();
    const ended = this.person?.end().catch(() => {});
    await Promise.race([ended, pause(LEAVING_MS)]);
  }
}

/** The profile as this visit wants it. What is not asked at the kiosk stays as it was. */
export function wanted(visit, known) {
  return {
    ...known,
    trades: visit.trades.size ? [...visit.trades.keys()] : known.trades,
    skills: visit.words || known.skills || "",
    hours: visit.choseHours ? hours(visit.day, visit.spans) : (known.hours ?? []),
    radius_m: visit.radiusM,
    pay: visit.chosePay || !known.pay ? { fen: visit.payYuan * 100, unit: "day" } : known.pay,
    refused: (known.refused ?? []).filter((id) => !visit.trades.has(id)),
  };
}

/** Whether this visit wants something else than the profile says. */
export function changes(visit, known) {
  const now = wanted(visit, known);
  return WISHES.some((name) => JSON.stringify(now[name]) !== JSON.stringify(known[name]));
}

/** Parts of the day as people mean them: work that begins at dawn is of the morning. */
const SPANS = { morning: ["04:00", "13:00"], afternoon: ["11:00", "19:00"], evening: ["17:00", "04:00"] };
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

function hours(day, spans) {
  const weekday = weekdayOf(now());
  const days = { any: EVERY_DAY, today: [weekday], tomorrow: [(weekday % 7) + 1] }[day];
  if (!spans.size) return day === "any" ? [] : [{ days, start: "00:00", end: "24:00" }, { days, start: "18:00", end: "12:00" }];
  return [...spans].map((name) => ({ days, start: SPANS[name][0], end: SPANS[name][1] }));
}
