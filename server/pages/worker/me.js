/** 我: who one is to the market, and everything that one may see, change or object to. Each part has an address. */
import { button, fill, h } from "../lib/dom.js";

const PARTS = [
  ["profile", "我的登记", "会干什么、在哪、什么时候、多少钱", () => import("./me/profile.js")],
  ["crew", "班组", "和同伴一起派单、一起录用", () => import("./me/crew.js")],
  ["employers", "用工方", "干过的;不想再去的", () => import("./me/employers.js")],
  ["record", "记分和申诉", "为什么记分、到什么时候、不同意怎么办", () => import("./me/record.js")],
  ["complain", "投诉", "工钱、收费、安全、说的和做的不一样", () => import("./me/complain.js")],
  ["messages", "消息", "最近二十条", () => import("./me/messages.js")],
  ["data", "我的数据", "看、存一份、删除;同意书", () => import("./me/data.js")],
];
const LOOKS = [["large-type", "大字"], ["high-contrast", "高对比"]];

export class Me {
  #app;

  constructor(app) {
    this.#app = app;
    this.title = "我";
    this.element = h("div", { class: "stack" });
  }

  /** The menu, or the part that the address names; `rest` is what follows the name. */
  async open([name, ...rest]) {
    const part = PARTS.find(([id]) => id === name);
    if (!part) return this.#menu();
    const [, title, , load] = part;
    this.title = title;
    const body = h("div", { class: "stack" }, h("div", { class: "skeleton", "aria-hidden": "true" }));
    fill(this.element, h("div", { class: "row back" }, h("a", { class: "button plain", href: "#me" }, "‹ 返回"), h("h1", { tabindex: "-1" }, title)), body);
    try {
      const { show } = await load();
      await show(this.#app, body, rest);
    } catch (error) {
      fill(body, h("p", { class: "wrong", role: "alert" }, error.message), button("再试一次", () => this.open([name, ...rest])));
    }
    return undefined;
  }

  show() {}

  #menu() {
    this.title = "我";
    const rows = PARTS.map(([id, title, lead]) => h("li", {}, h("a", { href: `#me/${id}`, class: "row-link" }, h("span", { class: "grow" }, h("b", {}, title), h("small", { class: "muted" }, lead)), h("span", { "aria-hidden": "true" }, "›"))));
    fill(
      this.element,
      h("ul", { class: "card menu" }, rows),
      h("section", { class: "card stack", "aria-label": "看得更清楚" }, h("h2", {}, "看得更清楚"), h("div", { class: "row" }, LOOKS.map(([name, words]) => look(name, words)))),
      h("section", { class: "stack", "aria-label": "退出" }, button("退出登录", () => this.#leave(false), { class: "wide" }), button("所有手机都退出", () => this.#leave(true), { class: "plain wide" })),
      h("p", { class: "muted" }, "求职不收钱。有人收押金、报名费、服装费,请投诉,或打 12333、12345。"),
    );
  }

  async #leave(everywhere) {
    await this.#app.api.end({ everywhere }).catch(() => {});
    await this.#app.out("");
  }
}

/** A switch of how the page looks, remembered on this phone: it says nothing about anybody. */
function look(name, words) {
  const on = () => document.body.classList.contains(name);
  const toggle = button(words, () => {
    document.body.classList.toggle(name);
    localStorage.setItem(name, String(on()));
    toggle.ariaPressed = String(on());
  }, { class: "chip", "aria-pressed": String(on()) });
  return toggle;
}

/** Looks as they were chosen on this phone. */
export function recallLooks() {
  for (const [name] of LOOKS) document.body.classList.toggle(name, localStorage.getItem(name) === "true");
}
