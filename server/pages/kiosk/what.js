/** Screen 1: what can you do today? By pictures, or in one's own words. */
import { LineLost, Refused } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { picture, pictogram } from "../lib/pictograms.js";
import { field } from "../parts/field.js";

/** The pictures: what is asked for most in the halls, in people's words. */
const FIRST = {
  porter: "搬运", home_cleaner: "保洁", kitchen_helper: "后厨", construction_labourer: "工地小工",
  express_sorter: "分拣", water_electric_worker: "水电", elderly_carer: "护理", farm_labourer: "农活",
  delivery_driver: "送货", sewing_worker: "缝纫", sales_guide: "导购",
};
const MORE = {
  loader: "装卸", mover: "搬家", warehouse_helper: "仓库", line_worker_factory: "工厂普工",
  packer: "打包", waiter: "服务员", dishwasher: "洗碗", cook: "厨师",
  bricklayer: "瓦工", painter: "油漆", welder: "电焊", interior_carpenter: "木工",
  electrician: "电工", forklift_driver: "叉车", truck_driver: "货车", designated_driver: "代驾",
  courier: "快递", food_courier: "外卖", security_guard: "保安", gardener: "绿化",
  hotel_room_attendant: "客房", nanny_live_in: "保姆", maternity_nurse: "月嫂", childcare_nanny: "带孩子",
  fish_handler: "海鲜分拣", seafood_processor: "海产加工", fruit_picker: "采摘", flyer_distributor: "发传单",
};
const SURE = 0.35;
const MOST_CHIPS = 6;
const TYPING_MS = 350;

export function what(kiosk) {
  const { visit } = kiosk;
  const grid = h("div", { class: "pictures", role: "group", "aria-label": "工种" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const chips = h("div", { class: "row", role: "group", "aria-label": "是不是这些活" });
  const own = field("或者用自己的话说", { hint: "比如:后厨帮忙,会切菜", value: visit.words, maxlength: "200", data: { keys: "trade" } });
  const toggle = (id, name) => {
    if (!visit.trades.delete(id)) visit.trades.set(id, name);
    wrong.textContent = "";
    draw();
  };
  const tile = ([id, name]) => {
    const tile = h("button", { type: "button", class: "tile", "aria-pressed": String(visit.trades.has(id)) }, pictogram(id), name);
    tile.addEventListener("click", () => toggle(id, name));
    return tile;
  };
  let all = Object.keys(MORE).some((id) => visit.trades.has(id));
  let found = [];
  const draw = () => {
    const focused = document.activeElement?.dataset?.trade;
    const more = h("button", { type: "button", class: "tile", "aria-expanded": String(all) }, picture(all ? "up" : "more"), all ? "收起" : "更多");
    more.addEventListener("click", () => {
      all = !all;
      draw();
      grid.querySelector("[aria-expanded]").focus();
    });
    fill(grid, Object.entries(FIRST).map(tile), all ? Object.entries(MORE).map(tile) : null, more);
    const shown = new Map([...found, ...[...visit.trades].filter(([id]) => !(id in FIRST) && !(all && id in MORE))]);
    fill(chips, shown.size ? h("span", { class: "muted" }, "是不是:") : null, [...shown].map(([id, name]) => chip(id, name)));
    if (focused) chips.querySelector(`[data-trade="${focused}"]`)?.focus();
  };
  const chip = (id, name) => {
    const chip = h("button", { type: "button", class: "chip", "aria-pressed": String(visit.trades.has(id)), data: { trade: id } }, name);
    chip.addEventListener("click", () => toggle(id, name));
    return chip;
  };
  const recognise = typingStops(async (signal) => {
    if (!visit.words) found = [];
    else {
      try {
        const { trades } = await kiosk.api.post("/v1/recognise", { text: visit.words }, { signal });
        found = trades.filter((each) => each.confidence >= SURE).slice(0, MOST_CHIPS).map((each) => [each.id, each.name]);
        if (!found.length) own.refuse("没听懂,换个说法,或点上面的图");
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof LineLost || error instanceof Refused)) throw error;
        own.refuse(error.message);
      }
    }
    draw();
  });
  own.control.addEventListener("input", () => {
    visit.words = own.value;
    recognise();
  });
  if (visit.words) recognise();
  draw();
  return {
    title: "你今天能干什么活?",
    say: "你今天能干什么活?点图片,可以点几个;也可以用自己的话打字。然后点下一步。",
    content: [grid, wrong, own, chips, button("我登记过,直接看活", () => kiosk.show("who"), { class: "wide" })],
    next: () => {
      if (visit.trades.size) return kiosk.show("when");
      const words = found.length ? "请点一下“是不是”后面的活" : "请点一个你能干的活";
      wrong.textContent = words;
      wrong.scrollIntoView({ block: "center" });
      return undefined;
    },
  };
}

/** Calls back once typing pauses; a call that a later one overtakes is told by its signal. */
function typingStops(call) {
  let timer = 0;
  let working = new AbortController();
  return () => {
    clearTimeout(timer);
    working.abort();
    working = new AbortController();
    const { signal } = working;
    timer = setTimeout(() => call(signal), TYPING_MS);
  };
}
