/** The keys of the keyboard in the page: three layouts, one stop of the Tab key, arrows go from key to key. */
import { h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";

/** What a key does besides writing its own letter; `press` of `keys` is told the name. */
const NAMED = {
  backspace: { says: "退格", picture: "backspace" },
  divide: { says: "分开", shows: "'" },
  space: { says: "空格" },
  digits: { says: "数字" },
  latin: { says: "英文" },
  pinyin: { says: "拼音" },
  done: { says: "完成" },
};

const letters = (first, second, third, left, last) => [
  [...first],
  [...second],
  [left, ...third, "backspace"],
  last,
];

export const LAYOUTS = {
  pinyin: letters("qwertyuiop", "asdfghjkl", "zxcvbnm", "divide", ["digits", "latin", "space", "done"]),
  latin: letters("qwertyuiop", "asdfghjkl", "zxcvbnm", "-", ["digits", "pinyin", "space", "done"]),
  digits: [[..."12345"], [..."67890"], [..."。,-:", "backspace"], ["pinyin", "space", "done"]],
  number: [[..."123"], [..."456"], [..."789"], ["backspace", "0", "done"]],
};

/** Buttons in rows for a layout. `press` is told a letter, or the name of what a key does. */
export function keys(layout, press) {
  const rows = LAYOUTS[layout].map((row) => row.map((name) => key(name, press)));
  const grid = h("div", { class: "keys", data: { layout } }, rows.map((row) => h("div", { class: "keys-row" }, row)));
  rows[0][0].tabIndex = 0;
  grid.addEventListener("keydown", (event) => move(event, rows));
  return grid;
}

function key(name, press) {
  const special = NAMED[name];
  const element = h(
    "button",
    { type: "button", class: "key", tabindex: "-1", "aria-label": special?.says ?? false, data: { key: name } },
    special?.picture ? picture(special.picture) : (special?.shows ?? special?.says ?? (name === "v" ? "v ü" : name)),
  );
  element.addEventListener("pointerdown", (event) => event.preventDefault()); // the caret stays in the field
  element.addEventListener("click", () => press(name));
  return element;
}

/** Arrows, Home and End go from key to key; where a row is shorter, to the key nearest below or above. */
function move(event, rows) {
  const y = rows.findIndex((row) => row.includes(event.target));
  const x = rows[y]?.indexOf(event.target);
  const to = {
    ArrowLeft: () => rows[y][x - 1],
    ArrowRight: () => rows[y][x + 1],
    ArrowUp: () => nearest(rows[y - 1], event.target),
    ArrowDown: () => nearest(rows[y + 1], event.target),
    Home: () => rows[y][0],
    End: () => rows[y].at(-1),
  }[event.key];
  if (y < 0 || !to) return;
  event.preventDefault();
  event.stopPropagation();
  const next = to();
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function nearest(row, from) {
  const middle = (element) => element.getBoundingClientRect().left + element.offsetWidth / 2;
  return row?.reduce((best, each) => (Math.abs(middle(each) - middle(from)) < Math.abs(middle(best) - middle(from)) ? each : best));
}
