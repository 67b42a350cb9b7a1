/** 我的登记: what one can and wants to do. Trades are proposed from one's own words, for a yes. */
import { Refused } from "../../lib/api.js";
import { button, fill, h } from "../../lib/dom.js";
import { later } from "../../lib/later.js";
import { several } from "../../parts/controls.js";
import { field } from "../../parts/field.js";

const PAUSE_MS = 500;
const RADII = [[3_000, "3公里"], [6_000, "6公里"], [10_000, "10公里"], [20_000, "20公里"], [200_000, "全市"]];
const HOURS = [["05:00", "12:00", "上午"], ["12:00", "18:00", "下午"], ["18:00", "24:00", "晚上"], ["22:00", "06:00", "夜里"]];
const CHANNELS = [["inbox", "这个网页"], ["sms", "短信"], ["call", "打电话"]];
const UNITS = [["hour", "每小时"], ["day", "每天"]];
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}`;
  const [record, names] = await Promise.all([app.api.get(path), app.api.get("/v1/trades")]);
  const doc = record.profile;
  const tradeName = new Map(names.trades.map(({ id, name }) => [id, name]));
  const trades = chosen(doc.trades);
  const heard = names.trades.filter(({ id }) => doc.recognised.includes(id));
  const neverDone = [...names.hazards, ...heard, ...names.trades.filter(({ id }) => doc.refused.includes(id))];
  const refused = several(neverDone, "＋ 加一样不做的");
  refused.set(doc.refused);
  const hours = chosen(HOURS.map(([start]) => start).filter((start) => doc.hours.some((each) => each.start === start)));
  const channels = chosen(doc.channels);
  let radius = RADII.find(([metres]) => metres >= doc.radius_m)[0];
  let unit = UNITS.some(([id]) => id === doc.pay.unit) ? doc.pay.unit : "hour";

  const words = field("我会干的(用自己的话)", { control: h("textarea", { rows: "3", maxlength: "2000", value: doc.skills }), hint: "如:搬家具、会开叉车、不做高空" });
  const tradeChips = h("div", { class: "row", role: "group", "aria-label": "我的工种" });
  const found = h("div", { class: "row", role: "group", "aria-label": "听出来的工种,点一下加上" });
  const pay = field("最少要多少钱(元)", { inputmode: "decimal", value: String(doc.pay.fen / 100) });
  const said = h("p", { role: "status" });

  const chip = (text, on, press) => button(text, press, { class: "chip", "aria-pressed": String(on) });
  const group = (title, ...inside) => h("section", { class: "card stack", "aria-label": title }, h("h2", {}, title), ...inside);
  const some = (label, options, set) => redrawn(label, () => options.map(([id, text]) => chip(text, set.has(id), () => set.toggle(id))));
  const one = (label, options, get, put) => redrawn(label, () => options.map(([id, text]) => chip(text, get() === id, () => put(id))));

  function redrawn(label, build) {
    const box = h("div", { class: "row", role: "group", "aria-label": label });
    const draw = () => {
      const at = Array.from(box.children).indexOf(document.activeElement);
      fill(box, build());
      box.children[at]?.focus();
    };
    box.addEventListener("click", () => queueMicrotask(draw));
    draw();
    return box;
  }

  function drawTrades() {
    fill(tradeChips, trades.list().map((id) => chip(tradeName.get(id) ?? id, true, () => (trades.toggle(id), drawTrades()))));
    if (!trades.list().length) fill(tradeChips, h("p", { class: "muted" }, "还没有选工种,在下面写几个字"));
  }

  const listen = later(PAUSE_MS, async (signal) => {
    const heard = words.value ? await app.api.post("/v1/recognise", { text: words.value }, { signal }) : { trades: [] };
    const fresh = heard.trades.filter(({ id }) => !trades.has(id)).slice(0, 6);
    fill(found, fresh.length > 0 && h("span", { class: "muted" }, "是不是:"), fresh.map(({ id, name }) => chip(`＋ ${name}`, false, () => (trades.toggle(id), drawTrades(), listen()))));
  });
  words.control.addEventListener("input", () => listen());

  async function save(event) {
    event.preventDefault();
    const yuan = Number(pay.value);
    if (!trades.list().length) return words.refuse("请至少加上一个工种");
    if (!pay.value || !(yuan >= 0 && yuan <= 100_000)) return pay.refuse("请填数字,如 25");
    const changed = {
      ...doc, skills: words.value, trades: trades.list(), refused: refused.get().filter((id) => !trades.has(id)), radius_m: radius,
      pay: { fen: Math.round(yuan * 100), unit }, channels: channels.list(),
      hours: HOURS.filter(([start]) => hours.has(start)).map(([start, end]) => ({ days: EVERY_DAY, start, end })),
    };
    if (sameHours(doc.hours, hours)) changed.hours = doc.hours;
    try {
      await app.api.put(path, { profile: changed, expected_v: record.v });
      await app.state.loadProfile();
      said.textContent = "记下了";
      record.v = app.state.profile.v;
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "stale_version") return words.refuse(error.message);
      said.textContent = "别处刚改过,请返回再打开一次";
    }
    return undefined;
  }

  const form = h(
    "form",
    { class: "stack", novalidate: true },
    group("会干什么", tradeChips, words, found),
    group(
      "不做的",
      heard.length > 0 && h("p", { class: "hint" }, `从你的话里还听出:${heard.map(({ name }) => name).join("、")}。听错了、不想做的,加在这里。`),
      refused.element,
    ),
    group("走多远", one("走多远", RADII, () => radius, (id) => { radius = id; })),
    group("什么时候", h("p", { class: "hint" }, "都不选,就是什么时候都行"), some("什么时候", HOURS.map(([start, , text]) => [start, text]), hours)),
    group("工钱", pay, one("按什么算", UNITS, () => unit, (id) => { unit = id; })),
    group("怎么告诉你", h("p", { class: "hint" }, "只选“打电话”,就由工作人员打给你"), some("怎么告诉你", CHANNELS, channels)),
    said,
    h("button", { class: "primary wide" }, "存下来"),
    h("p", { class: "muted" }, "证书和出生日期要看原件,请到零工之家改。"),
  );
  form.addEventListener("submit", save);
  drawTrades();
  fill(place, form);
}

/** A set that remembers its order and can be switched. */
function chosen(ids) {
  const held = new Set(ids);
  return {
    has: (id) => held.has(id),
    list: () => Array.from(held),
    toggle: (id) => (held.has(id) ? held.delete(id) : held.add(id)),
  };
}

/** Whether the hours are as they were: then windows that this form does not know stay. */
function sameHours(before, hours) {
  return hours.list().length === before.length && before.every((each) => hours.has(each.start));
}
