/** 工作台: the door, the queues and the forms. Every one of them works from the keyboard; ? says how. */
import { Api } from "../lib/api.js";
import { Board } from "../lib/board.js";
import { button, fill, h } from "../lib/dom.js";
import { readTools } from "../lib/tools.js";
import "../parts/line.js";
import { Calling } from "./calling.js";
import { Calls } from "./calls.js";
import { STAFF, staffDoor } from "./door.js";
import { Heat } from "./heat.js";
import { Keys } from "./keys.js";
import { Register } from "./register.js";
import { RegisterFirm } from "./register_firm.js";
import { Reviews } from "./reviews.js";
import { Merges, Quarantine } from "./rows.js";
import { Appeals, Complaints } from "./voices.js";

const page = document.getElementById("page");
const GATHERED_MS = 300;

document.body.append(h("kz-line"));

async function start(notice = "") {
  const api = new Api();
  const session = await api.session().catch((error) => ({ error }));
  page.classList.remove("loading");
  page.ariaBusy = null;
  if (session?.error) return fill(
    page,
    h(
      "div",
      { class: "card stack door" },
      h("h1", {}, "现在打不开"),
      h("p", {}, session.error.message),
      button("再试一次", () => start(notice), { class: "primary" }),
    ),
  );
  await work(api, STAFF.includes(session?.role) ? session : await staffDoor(api, page, notice));
}

/** The key of a place: 1 to 9, then 0. */
const digit = (n) => String((n + 1) % 10);

/** What there is to do: `waits` names its number among what waits. */
function places(desk, session) {
  return [
    { words: "审核", waits: "reviews", view: new Reviews(desk) },
    { words: "电话", waits: "calls", view: new Calls(desk) },
    { words: "申诉", waits: "appeals", view: new Appeals(desk) },
    { words: "投诉", waits: "complaints", view: new Complaints(desk) },
    { words: "隔离", waits: "quarantine", view: new Quarantine(desk) },
    { words: "合并", waits: "merges", view: new Merges(desk) },
    { words: "叫号", view: new Calling(desk) },
    { words: "登记", view: new Register(desk) },
    { words: "用工方", view: new RegisterFirm(desk) },
    ...(session.role === "manager" ? [{ words: "高温", view: new Heat(desk) }] : []),
  ];
}

async function work(api, session) {
  fill(page, h("h1", { class: "unseen" }, "快招 · 工作台"), h("div", { class: "skeleton" }));
  const keys = new Keys();
  const desk = { ...(await readTools(api)), keys };
  const board = new Board();
  const all = places(desk, session);
  let current = null;

  const tabs = all.map(({ words }, n) => button(
    [h("kbd", { "aria-hidden": "true" }, digit(n)), words, h("span", { class: "count" })],
    () => show(n),
    { class: "plain", "aria-keyshortcuts": digit(n) },
  ));
  const leave = async (notice = "") => {
    keys.close();
    board.close();
    await start(notice);
  };
  const out = async () => {
    await api.end().catch(() => null);
    await leave();
  };
  fill(
    page,
    h(
      "header",
      { class: "bar" },
      h("h1", {}, "快招 · 工作台"),
      h("span", { class: "muted" }, session.subject),
      h("nav", { class: "tabs", "aria-label": "工作台" }, tabs),
      keys.button("快捷键", "?", () => keys.help(), { class: "plain" }),
      button("退出", out, { class: "plain" }),
    ),
    all.map(({ view }) => view.element),
  );

  function show(n) {
    current = all[n];
    all.forEach(({ view }, each) => {
      view.element.hidden = each !== n;
      tabs[each].ariaCurrent = each === n ? "page" : null;
    });
    current.view.load();
    current.view.queue?.say("");
  }

  let gathering = 0;
  const changed = () => {
    all.forEach(({ words, waits }, n) => {
      const count = (waits && board.waiting?.[waits]) || 0;
      tabs[n].querySelector(".count").textContent = count ? ` ${count}` : "";
      tabs[n].ariaLabel = count ? `${words},${count} 件` : words;
    });
    clearTimeout(gathering);
    gathering = setTimeout(() => current.view.queue?.load(), GATHERED_MS);
  };

  keys.add(
    "去哪里",
    [...all.map(({ words }, n) => ({ key: digit(n), words, press: () => show(n) })), { key: "?", words: "这张表", press: () => keys.help() }],
  );
  keys.add("队列", [
    { key: "J", also: ["ArrowDown"], words: "下一个(也可以按 ↓)", press: () => current.view.queue.move(1) },
    { key: "K", also: ["ArrowUp"], words: "上一个(也可以按 ↑)", press: () => current.view.queue.move(-1) },
    { key: "Escape", words: "离开输入框", press: () => current.view.queue.focus() },
  ], () => Boolean(current.view.queue));
  for (const { words, view } of all) if (view.keys) keys.add(words, view.keys, () => current.view === view);
  board.addEventListener("changed", changed);
  board.addEventListener("ended", () => leave("登录过期了,请重新登录。"));
  api.addEventListener("out", () => leave("登录过期了,请重新登录。"), { once: true });
  show(0);
  board.open();
}

start();
