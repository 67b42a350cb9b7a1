/** 用工: the door, and the four places of the page. What was typed stays while somebody looks elsewhere. */
import { Api } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import "../parts/line.js";
import { telephoneDoor } from "../parts/telephone.js";
import { Compose } from "./compose.js";
import { Firm } from "./firm.js";
import { Live } from "./live.js";
import { People } from "./people.js";
import { PenaltiesView } from "./penalties.js";
import { PostingDetail } from "./posting.js";

const page = document.getElementById("page");
const api = new Api();
const DOOR = { title: "快招 · 用工", lead: "用登记过的手机号登录,一句话发布,招到人马上告诉你。" };
const CHECK_IN = /^#check-in=([A-Za-z0-9_.-]+):(\d{6})$/;

document.body.append(h("kz-line"));
api.addEventListener("out", () => document.body.dispatchEvent(new Event("kz-out")));

async function start(notice = "") {
  const session = await api.session().catch((error) => ({ error }));
  opened();
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
  if (session?.role === "employer") return home(session);
  const entered = await telephoneDoor(api, "employer", page, { ...DOOR, notice });
  return home(entered);
}

function opened() {
  page.classList.remove("loading");
  page.ariaBusy = null;
}

async function home(session) {
  fill(page, h("h1", { class: "unseen" }, "快招 · 用工"), h("div", { class: "skeleton" }));
  const firm = await new Firm(api, session).load();
  const places = { hire: "招人", people: "干过活的人", penalties: "记分和申诉" };
  const compose = new Compose(firm);
  const detail = new PostingDetail(firm, { back: () => show("hire"), again: (text, first) => again(text, first) });
  const live = new Live(firm, (id) => open(id));
  const people = new People(firm, (first) => again("", first));
  const penalties = new PenaltiesView(firm);
  const left = h("div", { class: "left" }, compose.element, detail.element);
  const views = { hire: h("div", { class: "columns" }, left, live.element), people: people.element, penalties: penalties.element };
  const tabs = h(
    "nav",
    { class: "tabs", "aria-label": "用工" },
    Object.entries(places).map(([name, words]) => button(words, () => show(name), { class: "plain", data: { place: name } })),
  );
  const out = async () => {
    firm.board.close();
    await api.end().catch(() => null);
    start();
  };
  const badge = firm.employer.verified ? h("span", { class: "badge yes" }, "已核验") : h("span", { class: "badge warn" }, "待核验:发布后先由工作人员看");
  fill(
    page,
    h("header", { class: "bar" }, h("h1", {}, "快招 · 用工"), h("b", {}, firm.employer.name), badge, tabs, button("退出", out, { class: "plain" })),
    Object.values(views),
  );

  function show(name) {
    for (const [each, element] of Object.entries(views)) element.hidden = each !== name;
    for (const tab of tabs.children) tab.ariaCurrent = tab.dataset.place === name ? "page" : null;
    compose.element.hidden = false;
    detail.close();
    live.draw("");
    if (name === "people") people.load();
    if (name === "penalties") penalties.load();
  }
  function open(id, code = "") {
    compose.element.hidden = true;
    detail.open(id, code);
    live.draw(id);
  }
  function again(text, first) {
    show("hire");
    compose.begin(text, first);
  }
  compose.addEventListener("posted", ({ detail: posted }) => open(posted.ids[0]));
  firm.board.addEventListener("ended", () => over(firm));
  document.body.addEventListener("kz-out", () => over(firm), { once: true });
  show("hire");
  const arrived = CHECK_IN.exec(location.hash);
  if (arrived) {
    history.replaceState(null, "", location.pathname);
    open(arrived[1], arrived[2]);
  } else compose.focus();
}

/** The session has ended: the sentence that was typed is kept, and the door says so. */
function over(firm) {
  firm.board.close();
  start("登录过期了,请重新登录。写好的那句话还在。");
}

start();
