/**
 * The hall's screen: what is open at this home by start time, how many are missing, which numbers are called. Bound to
 * its home like a kiosk; shows only what anybody may know. It runs for weeks: what is on it is made once.
 */
import { Api, LineLost, Refused, line } from "../lib/api.js";
import { Board } from "../lib/board.js";
import { now } from "../lib/clock.js";
import { fill, h } from "../lib/dom.js";
import { setUp } from "../parts/set_up.js";
import { Head } from "./head.js";
import { ROWS, table } from "./rows.js";

const PAGE_MS = 12_000;
const FULL_SHOWN_MS = 5 * 60_000;
const LIVE = new Set(["open", "filled"]);

class Hall {
  #page = document.getElementById("page");
  #site = decodeURIComponent(location.pathname.split("/")[2]);
  #api = new Api();
  #board = new Board();
  #head = new Head();
  #table = table();
  #empty = h("p", { class: "empty", hidden: true }, "现在没有在招的活,新的活会马上显示在这里");
  #shownPage = 0;
  #turnedMs = 0;
  #held = false;

  async start() {
    for (;;) {
      const session = await this.#session();
      if (session?.role === "kiosk" && session.site === this.#site) break;
      await setUp(this.#page, "这块大屏还没启用");
    }
    const { site } = await this.#api.get(`/v1/sites/${encodeURIComponent(this.#site)}`);
    this.#head.name(site.name);
    document.title = `${site.name} · 大屏`;
    fill(this.#page, this.#head.element, this.#table.element, this.#empty, this.#head.foot);
    this.#listen();
    this.#board.open();
    this.#turnedMs = now();
    setInterval(() => this.#tick(), 1000);
  }

  async #session() {
    for (;;) {
      try {
        return await this.#api.session();
      } catch (error) {
        if (!(error instanceof LineLost || error instanceof Refused)) throw error;
      }
    }
  }

  #listen() {
    this.#board.addEventListener("changed", () => this.#changed());
    this.#board.addEventListener("hello", ({ detail }) => this.#head.called(detail.called));
    this.#board.addEventListener("called", ({ detail }) => {
      this.#head.called(detail.called);
      this.#head.touch();
    });
    this.#board.addEventListener("alive", () => this.#head.touch());
    this.#board.addEventListener("ended", () => location.reload());
    line.addEventListener("lost", () => this.#head.line(true));
    line.addEventListener("back", () => this.#head.line(false));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Space holds the page that is shown, arrows turn it: nothing moves that cannot be stopped. */
  #key({ key }) {
    if (key === " ") this.#held = !this.#held;
    else if (key === "ArrowRight" || key === "PageDown") this.#turn(1);
    else if (key === "ArrowLeft" || key === "PageUp") this.#turn(-1);
  }

  #changed() {
    for (const [id, view] of this.#board.postings) if (!LIVE.has(view.state)) this.#board.postings.delete(id);
    this.#head.touch();
    this.#draw();
  }

  #tick() {
    this.#head.tick();
    if (!this.#held && now() - this.#turnedMs > PAGE_MS) this.#turn(1);
    else this.#draw();
  }

  #turn(by) {
    this.#turnedMs = now();
    const pages = Math.max(1, Math.ceil(this.#postings().length / ROWS));
    this.#shownPage = (this.#shownPage + by + pages) % pages;
    this.#draw();
  }

  /** What is shown, by start: open ones, and those filled a moment ago. */
  #postings() {
    const recently = now() - FULL_SHOWN_MS;
    const shown = [...this.#board.postings.values()].filter((view) => view.state === "open" || view.filled_ms > recently);
    return shown.sort((a, b) => a.posting.start_ms - b.posting.start_ms || (a.id < b.id ? -1 : 1));
  }

  #draw() {
    if (!this.#board.ready) return;
    const shown = this.#postings();
    const pages = Math.max(1, Math.ceil(shown.length / ROWS));
    this.#shownPage = Math.min(this.#shownPage, pages - 1);
    this.#table.show(shown.slice(this.#shownPage * ROWS, (this.#shownPage + 1) * ROWS));
    this.#head.page(this.#shownPage, pages);
    this.#table.element.hidden = shown.length === 0;
    this.#empty.hidden = shown.length > 0;
  }
}

const page = document.getElementById("page");
page.classList.remove("loading");
page.ariaBusy = null;
new Hall().start();
