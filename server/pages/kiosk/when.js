/** Screen 2: when, how far, and for how much at least. */
import { button, fill, h, newId } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { arrive } from "./arrive.js";

/** Words and picture of each choice. */
const DAYS = { any: ["哪天都行", "ok"], today: ["今天", "sun"], tomorrow: ["明天", "calendar"] };
const SPANS = { "": ["全天都行", "clock"], morning: ["上午", "sunrise"], afternoon: ["下午", "sun"], evening: ["晚上", "moon"] };
const RADII = { 3000: ["3公里内", "place"], 6000: ["6公里内", "bike"], 50000: ["全市都行", "bus"] };
const STEP = 10;
const LEAST = 50;
const MOST = 1000;

export function when(kiosk) {
  const { visit } = kiosk;
  return {
    title: "什么时候、在哪干?",
    say: "什么时候干,多远能去,一天最少要多少钱?不改也行,点下一步。",
    content: [
      one("哪天", DAYS, () => visit.day, (day) => {
        visit.choseHours = true;
        visit.day = day;
      }),
      some("什么时段", SPANS, visit),
      one(`离${kiosk.site.name}多远`, RADII, () => String(visit.radiusM), (metres) => (visit.radiusM = Number(metres))),
      pay(visit),
    ],
    next: () => {
      if (visit.id) return arrive(kiosk);
      visit.choseHours = visit.chosePay = true; // seen, and gone on with
      return kiosk.show("who");
    },
  };
}

/** One of several. */
function one(label, choices, chosen, choose) {
  return group(label, "radiogroup", choices, (value) => ({ role: "radio", "aria-checked": String(chosen() === value) }), choose);
}

/** Several of many; none means any. */
function some(label, choices, visit) {
  const chosen = visit.spans;
  const is = (value) => ({ "aria-pressed": String(value ? chosen.has(value) : !chosen.size) });
  return group(label, "group", choices, is, (value) => {
    visit.choseHours = true;
    if (!value) chosen.clear();
    else if (!chosen.delete(value)) chosen.add(value);
  });
}

/** A row of pictures with words. `state`: a choice's attributes; `press`: what pressing it does. */
function group(label, role, choices, state, press) {
  const id = newId("choices");
  const row = h("div", { class: "choices", role, "aria-labelledby": id });
  const values = Object.keys(choices);
  const draw = () =>
    fill(row, values.map((value) => {
      const tile = h("button", { type: "button", class: "tile", ...state(value) }, picture(choices[value][1]), choices[value][0]);
      tile.addEventListener("click", () => {
        press(value);
        draw();
        row.children[values.indexOf(value)].focus();
      });
      return tile;
    }));
  draw();
  return h("section", { class: "stack" }, h("h2", { id }, label), row);
}

function pay(visit) {
  const id = newId("pay");
  const figure = h("output", { class: "pay", "aria-live": "polite" });
  const draw = () => fill(figure, `${visit.payYuan}元/天`);
  const move = (by) => {
    visit.chosePay = true;
    visit.payYuan = Math.min(MOST, Math.max(LEAST, visit.payYuan + by));
    draw();
  };
  draw();
  return h("section", { class: "stack" }, h("h2", { id }, "一天最少要多少钱"), h("div", { class: "row stepper", role: "group", "aria-labelledby": id }, button("−", () => move(-STEP), { "aria-label": "少10元" }), figure, button("+", () => move(STEP), { "aria-label": "多10元" })), h("p", { class: "hint" }, "低于这个数的活不会派给你"));
}
