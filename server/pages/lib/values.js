/**
 * What stands in the form of a posting, and the documents that follow from it (pure). `values`: trade {id, name},
 * headcount, days ["2026-11-28"], start and end ("06:00"), place {lat, lon, text}, pay {fen, unit}, and the rest as the API
 * names it; null where nobody has said it.
 */
const ZONE = "+08:00";
const DAY_MS = 86_400_000;
const day = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });
const time = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });

export const EMPTY = {
  trade: null, headcount: null, days: [], start: "", end: "", place: null, pay: null, settlement: "daily", age_min: null,
  age_max: null, certificates: [], hazards: [], meals: false, transport: false, outdoor: false, insurance: "",
  meeting_point: "", award: null, crews: "none", valid_until_ms: null, listed_only: false, site: "", first: [],
};

/** What a posting needs, in the order in which it is asked for. */
const NEEDED = { trade: "做什么工种", headcount: "招几个人", days: "哪天干", start: "几点开工", end: "几点收工", place: "在哪干活", pay: "给多少钱" };

export function dayOf(ms) {
  return day.format(ms);
}

export function timeOf(ms) {
  return time.format(ms);
}

/** Epoch ms of a day and a time in the market's zone. */
export function instant(dayWords, timeWords) {
  return Date.parse(`${dayWords}T${timeWords}:00${ZONE}`);
}

/** Field -> what to say, of what is still missing. */
export function missing(values) {
  const absent = (name) => values[name] === null || values[name] === "" || (Array.isArray(values[name]) && !values[name].length);
  return Object.fromEntries(Object.keys(NEEDED).filter(absent).map((name) => [name, `请补全:${NEEDED[name]}`]));
}

/** What a sentence said (`Draft` of the API), as values; what it did not say is left out. */
export function fromDraft(draft, tradeName) {
  const said = {};
  if (draft.trade) said.trade = { id: draft.trade, name: tradeName };
  for (const name of ["headcount", "place", "pay", "settlement", "age_min", "age_max", "valid_until_ms"]) if (draft[name] !== null) said[name] = draft[name];
  for (const name of ["certificates", "hazards"]) if (draft[name].length) said[name] = draft[name];
  for (const name of ["meals", "transport", "outdoor", "listed_only", "insurance"]) if (draft[name]) said[name] = draft[name];
  if (draft.shifts.length) {
    said.days = draft.shifts.map((shift) => dayOf(shift.start_ms));
    said.start = timeOf(draft.shifts[0].start_ms);
    if (draft.shifts[0].end_ms !== null) said.end = timeOf(draft.shifts[0].end_ms);
  }
  return said;
}

/** A posting of the API as values. */
export function fromPosting(posting, tradeName) {
  const same = Object.fromEntries(Object.keys(EMPTY).filter((name) => name in posting).map((name) => [name, posting[name]]));
  return {
    ...EMPTY, ...same,
    trade: { id: posting.trade, name: tradeName },
    days: [dayOf(posting.start_ms)],
    start: timeOf(posting.start_ms),
    end: timeOf(posting.end_ms),
  };
}

/** One document a day. Without a validity of its own, a posting is valid until it starts. */
export function documents(values, { employer, text }) {
  const { trade, days, start, end, valid_until_ms: until, ...rest } = values;
  return days.map((one) => {
    const start_ms = instant(one, start);
    const sameDay = instant(one, end);
    const end_ms = sameDay > start_ms ? sameDay : sameDay + DAY_MS;
    const valid_until_ms = until && days.length === 1 && until <= end_ms ? until : start_ms;
    return { ...rest, employer, text, trade: trade.id, start_ms, end_ms, valid_until_ms };
  });
}

/** The site nearest to a place. */
export function nearestSite(place, sites) {
  const far = ({ lat, lon }) => (lat - place.lat) ** 2 + ((lon - place.lon) * 0.8) ** 2;
  return sites.reduce((best, each) => (!best || far(each.site.place) < far(best.site.place) ? each : best), null)?.id ?? "";
}
