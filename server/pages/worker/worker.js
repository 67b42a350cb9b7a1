/** /worker: the page on a worker's phone. What it knows lies in memory only; the service worker keeps the shell. */
import { Api, line, LineLost } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { Inbox } from "../lib/inbox.js";
import { keyed } from "../lib/keyed.js";
import { drawing } from "../lib/svg.js";
import { payWords } from "../lib/words.js";
import { telephoneDoor } from "../parts/telephone.js";
import "../parts/line.js";
import { Find, seatsHeld, waitingAnswers } from "./find.js";
import { Me, recallLooks } from "./me.js";
import { Mine } from "./mine.js";
import { registration } from "./register.js";
import { sheet } from "./sheet.js";
import { State } from "./state.js";
import { leftByCode } from "./arrival.js";

const TABS = [
  ["find", "找活", "M10.5 3a7.5 7.5 0 0 1 5.9 12.1l5.1 5.1-1.4 1.4-5.1-5.1A7.5 7.5 0 1 1 10.5 3zm0 2a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"],
  ["mine", "我的活", "M7 2h2v2h6V2h2v2h3a1 1 0 0 1 1 1v15a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h3zM5 9v10h14V9zm5.8 8.4-3.2-3.2L9 12.8l1.8 1.8 4-4 1.4 1.4z"],
  ["me", "我", "M12 3a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zm0 2a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM4 21c0-4 3.6-7 8-7s8 3 8 7h-2c0-2.8-2.7-5-6-5s-6 2.2-6 5z"],
];
const page = document.getElementById("page");
const spoken = h("p", { class: "unseen", role: "status" });
const api = new Api();
const arrival = leftByCode(location);

/** Shows the door, and after it the page. */
async function start() {
  page.classList.remove("loading");
  page.ariaBusy = null;
  try {
    const session = await api.session();
    if (session?.role === "worker") return open(session.subject);
    return enter("");
  } catch (error) {
    return closedForNow(error);
  }
}

/** The server is not reached, or does not answer: the page opens by itself once it is there. */
function closedForNow(error) {
  const lost = error instanceof LineLost;
  const again = button("再试一次", start, { class: "primary" });
  fill(page, h("div", { class: "nothing stack" }, h("h1", {}, lost ? "网络断了" : "现在打不开"), h("p", {}, lost ? "连上网,这一页就自动打开。已经接的活都在,不会丢。" : error.message), h("p", {}, again)));
  if (lost) line.addEventListener("back", start, { once: true });
}

async function enter(notice) {
  document.querySelector("nav")?.remove();
  document.title = "快招 · 找活";
  const words = { title: "快招 · 找活", lead: "手机号就能进来。第一次来,接着登记,几分钟就好,不收钱。", notice };
  const { role, subject, telephone } = await telephoneDoor(api, "worker", page, words);
  open(role === "newcomer" ? (await registration(api, telephone, page)).subject : subject);
}

function open(id) {
  const app = new App(id);
  app.open();
}

class App {
  api = api;
  names = { trades: new Map(), hazards: new Map(), certificates: new Map() };
  #views;
  #view = null;
  #inbox = new Inbox();

  constructor(id) {
    this.state = new State(api, id);
    this.#views = { find: new Find(this), mine: new Mine(this), me: new Me(this) };
    this.route = this.route.bind(this);
    this.out = this.out.bind(this);
  }

  open() {
    const { state } = this;
    this.nav = h("nav", { class: "tabs", "aria-label": "主要" });
    document.body.append(this.nav);
    state.addEventListener("change", () => this.show());
    state.addEventListener("arrived", ({ detail }) => this.#arrived(detail));
    state.follow(this.#inbox);
    this.#inbox.addEventListener("ended", ({ detail }) => this.out(detail.replaced ? "这个登记在别的地方打开了" : "登录已失效,请重新登录"));
    api.addEventListener("out", this.out);
    addEventListener("hashchange", this.route);
    this.route();
    this.#inbox.open();
    state.loadProfile().catch(() => addEventListener("online", () => state.loadProfile(), { once: true }));
    this.#learnNames();
    if (arrival) arrival(this);
  }

  /** The tab, and within it the page, that the address says. */
  route() {
    const [tab, ...rest] = location.hash.slice(1).split("/");
    const name = tab in this.#views ? tab : "find";
    const view = this.#views[name];
    const moved = this.#view !== view || rest.length > 0 || this.path;
    this.#view = view;
    this.path = rest.join("/");
    fill(page, h("h1", { class: "unseen", tabindex: "-1" }, view.title), view.element);
    view.open?.(rest);
    this.show();
    if (moved) {
      scrollTo(0, 0);
      page.querySelector("h1:last-of-type")?.focus({ preventScroll: true });
    }
  }

  /** A yes or no to an offer: on the socket, which is open already; where it says nothing, over HTTP. */
  async answer(operation, offer, body) {
    return (await this.#inbox.answer(operation, offer, body)) ?? api.post(`/v1/offers/${offer}/${operation}`, body);
  }

  go(address) {
    location.hash = address;
  }

  show() {
    const counts = { find: waitingAnswers(this.state), mine: seatsHeld(this.state) };
    const current = location.hash.slice(1).split("/")[0] || "find";
    keyed(this.nav, TABS, { key: ([id]) => id, sign: ([id]) => `${id === current} ${counts[id]}`, build: ([id, words, path]) => tab(id, words, path, id === current, counts[id]) });
    document.title = counts.find ? `(${counts.find}) 快招 · 找活` : "快招 · 找活";
    this.#view.show();
  }

  /** Says something to a screen reader, and nothing to the eye that it does not see anyway. */
  say(words) {
    spoken.textContent = "";
    requestAnimationFrame(() => {
      spoken.textContent = words;
    });
  }

  /** Who to ring up about a shift. */
  call(card) {
    return sheet("联系电话", async () => {
      const told = await api.get(`/v1/assignments/${card.entry.assignment_id}/contact`);
      const number = told.employer_contact.match(/1\d{10}|0\d{2,3}-?\d{7,8}/)?.[0];
      return [
        h("p", {}, told.employer),
        h("p", { class: "code" }, told.employer_contact || "没有留电话"),
        number ? h("a", { class: "button primary wide", href: `tel:${number}` }, "打电话") : null,
        told.confirmed ? null : h("p", { class: "muted" }, "点了“我会来”,才看得到完整的号码;对方也一样。"),
      ];
    });
  }

  /** Ends the page: everything that is known of a person goes. */
  async out(why = "") {
    removeEventListener("hashchange", this.route);
    api.removeEventListener("out", this.out);
    this.#inbox.close();
    this.nav.remove();
    history.replaceState(null, "", location.pathname);
    for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
    await enter(typeof why === "string" ? why : "登录已失效,请重新登录");
  }

  #arrived({ posting, entry }) {
    this.say(`${entry.acceptance === "called" ? "候补轮到你了" : "新派单"}:${posting.trade_name},${payWords(posting.pay)}`);
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(200); // a browser refuses it before the first touch
  }

  async #learnNames() {
    try {
      const told = await api.get("/v1/trades");
      for (const kind of Object.keys(this.names)) for (const { id, name } of told[kind]) this.names[kind].set(id, name);
    } catch {
      // ids are shown where names are missing
    }
  }
}

function tab(id, words, path, current, count) {
  const badge = count > 0 && h("span", { class: "count" }, String(count), h("span", { class: "unseen" }, id === "find" ? "个要答复" : "个活"));
  return h("a", { href: `#${id}`, class: id, "aria-current": current ? "page" : null }, drawing("0 0 24 24", path, { class: "tab-picture" }), words, badge);
}

recallLooks();
document.body.append(h("kz-line"), spoken);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.sw.js", { scope: "/worker" }).catch(() => {});
start();
