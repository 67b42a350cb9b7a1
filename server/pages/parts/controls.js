/**
 * What the fields of a posting are typed or chosen in. Each control is { element, focusable, get(), set(value) }, where
 * the value is that of lib/values.js and null where nothing, or nothing of use, stands there; it fires "input" on its
 * element while it is changed and "change" once it was.
 */
import { now } from "../lib/clock.js";
import { button, fill, h, newId } from "../lib/dom.js";
import { dayOf, instant } from "../lib/values.js";
import { dayWords } from "../lib/words.js";

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 60;

export const UNITS = { hour: "小时", day: "天", shift: "班", piece: "件", month: "月" };
export const SETTLEMENTS = { daily: "日结", on_completion: "完工结", weekly: "周结", monthly: "月结" };

function simple(input, read = (text) => text || null, write = (value) => value ?? "") {
  return { element: input, focusable: input, get: () => read(input.value.trim()), set: (value) => (input.value = write(value)) };
}

export function text(properties = {}) {
  return simple(h("input", { autocomplete: "off", maxlength: "200", ...properties }), (words) => words);
}

export function number({ min = 1, max }) {
  const read = (words) => (/^\d+$/.test(words) && Number(words) >= min && Number(words) <= max ? Number(words) : null);
  return simple(h("input", { type: "number", inputmode: "numeric", min, max, autocomplete: "off" }), read);
}

/** A time of day as people type it (6, 6点半, 0630, 18:00), told as `06:00`. */
export function time() {
  const input = h("input", { inputmode: "numeric", autocomplete: "off", maxlength: "8", placeholder: "几点" });
  const read = (words) => {
    const [, hour, minute = "0", half] = words.match(/^(\d{1,2})(?:[::点时]?([0-5]\d)?分?|[点时](半))$/) ?? [];
    if (hour === undefined || Number(hour) > 24) return null;
    return `${hour.padStart(2, "0")}:${half ? "30" : minute.padStart(2, "0")}`;
  };
  const control = simple(input, read, (value) => value ?? "");
  input.addEventListener("change", () => control.get() && control.set(control.get()));
  return control;
}

export function choice(options) {
  const select = h("select", {}, Object.entries(options).map(([value, words]) => h("option", { value }, words)));
  return simple(select, (value) => value);
}

/** One of the names of the lexicon; `find` (words -> promise of { id, name } or null) knows how people call them. */
export function trade(names, find) {
  const list = h("datalist", { id: newId("trades") }, names.map(({ name }) => h("option", { value: name })));
  const input = h("input", { list: list.id, autocomplete: "off", maxlength: "60" });
  const byName = new Map(names.map((each) => [each.name, each]));
  let chosen = null;
  input.addEventListener("input", () => (chosen = byName.get(input.value.trim()) ?? null));
  const look = async () => {
    const words = input.value.trim();
    if (chosen || !words) return;
    const found = await find(words);
    if (input.value.trim() === words && found) {
      chosen = found;
      input.value = found.name;
    }
  };
  return {
    element: h("div", {}, input, list),
    focusable: input,
    settle: look,
    get: () => chosen,
    set: (value) => {
      chosen = value;
      input.value = value?.name ?? "";
    },
  };
}

/** A place by its name; `find` (words -> promise of { lat, lon, text } or null) puts it on the map. */
export function place(find) {
  const input = h("input", { autocomplete: "off", maxlength: "200" });
  let found = null;
  input.addEventListener("input", () => (found = found?.text === input.value.trim() ? found : null));
  return {
    element: input,
    focusable: input,
    settle: async () => {
      const words = input.value.trim();
      if (found || !words) return;
      const where = await find(words);
      if (input.value.trim() === words && where) found = { ...where, text: words };
    },
    get: () => found,
    set: (value) => {
      found = value;
      input.value = value?.text ?? "";
    },
  };
}

export function pay() {
  const yuan = h("input", { inputmode: "decimal", autocomplete: "off", "aria-label": "多少元" });
  const unit = h("select", { "aria-label": "按什么算" }, Object.entries(UNITS).map(([value, words]) => h("option", { value }, `元/${words}`)));
  unit.value = "day";
  return {
    element: h("div", { class: "joined" }, yuan, unit),
    focusable: yuan,
    get: () => (/^\d{1,6}(\.\d{1,2})?$/.test(yuan.value.trim()) ? { fen: Math.round(Number(yuan.value) * 100), unit: unit.value } : null),
    set: (value) => {
      yuan.value = value ? String(value.fen / 100) : "";
      if (value) unit.value = value.unit;
    },
  };
}

/** Days of a series, the first one always there; each is chosen among those of the next two months. */
export function days() {
  const box = h("div", { class: "days" });
  const selects = () => [...box.querySelectorAll("select")];
  const told = (...types) => types.forEach((type) => box.dispatchEvent(new Event(type, { bubbles: true })));
  const one = (value, n) => {
    const offered = Array.from({ length: DAYS_AHEAD }, (_, ahead) => dayOf(now() + ahead * DAY_MS));
    if (value && !offered.includes(value)) offered.unshift(value);
    const options = offered.map((day) => h("option", { value: day }, dayWords(instant(day, "12:00"))));
    const select = h("select", { "aria-label": n ? `第${n + 1}天` : "哪天" }, n === 0 && h("option", { value: "" }, "哪天"), options);
    select.value = value;
    return h("div", { class: "joined" }, select, n > 0 && button("去掉", () => drop(n), { class: "plain", "aria-label": `去掉第${n + 1}天` }));
  };
  const draw = (values) => {
    const more = values.length > 0 && values.length < 31 && button("+ 再加一天", add, { class: "plain small" });
    fill(box, (values.length ? values : [""]).map(one), more);
  };
  const get = () => [...new Set(selects().map(({ value }) => value).filter(Boolean))].sort();
  function add() {
    draw([...get(), dayOf(instant(get().at(-1), "12:00") + DAY_MS)]);
    told("input", "change");
  }
  function drop(n) {
    draw(get().filter((_, at) => at !== n));
    told("input", "change");
  }
  draw([]);
  return {
    element: box,
    get focusable() {
      return selects()[0];
    },
    get,
    set: (values) => {
      if (get().join() !== values.join() || !values.length) draw(values);
    },
  };
}

/** Yes or no, as a chip. */
export function toggle(words) {
  const chip = h("button", { type: "button", class: "chip", "aria-pressed": "false" }, words);
  chip.addEventListener("click", () => {
    chip.ariaPressed = String(chip.ariaPressed !== "true");
    chip.dispatchEvent(new Event("input", { bubbles: true }));
    chip.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return { element: chip, focusable: chip, get: () => chip.ariaPressed === "true", set: (value) => (chip.ariaPressed = String(Boolean(value))) };
}

/** Several of some names: those chosen as chips that go when they are pressed, and a list to choose more from. */
export function several(names, words) {
  const box = h("div", { class: "row several" });
  let chosen = [];
  const change = (ids) => {
    chosen = ids;
    draw();
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const draw = () => {
    const more = h(
      "select",
      { "aria-label": words },
      h("option", { value: "" }, words),
      names.filter(({ id }) => !chosen.includes(id)).map(({ id, name }) => h("option", { value: id }, name)),
    );
    for (const type of ["input", "change"]) more.addEventListener(type, (event) => event.stopPropagation());
    more.addEventListener("change", () => change([...chosen, more.value]));
    const nameOf = (id) => names.find((each) => each.id === id)?.name ?? id;
    fill(
      box,
      chosen.map((id) => button(
        nameOf(id),
        () => change(chosen.filter((each) => each !== id)),
        { class: "chip", "aria-pressed": "true", "aria-label": `${nameOf(id)},按下去掉` },
      )),
      more,
    );
  };
  draw();
  return {
    element: box,
    get focusable() { return box.querySelector("select"); },
    get: () => chosen,
    set: (value) => { chosen = value ?? []; draw(); },
  };
}
