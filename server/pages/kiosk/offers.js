/** Screen 4: what there is for you: offers, what you have said yes to, and what is still open near here. */
import { LineLost, Refused } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { ask } from "../parts/dialog.js";
import { offer } from "../parts/offer.js";
import { crews, mate } from "./mate.js";
import { printSeat, printTicket } from "./slip.js";
import { actions, status } from "./standing.js";

const SHOWN = 6;
const ORDERS = { fair: "录用按公布的顺序:最久没活干的在前,一样久看排队号,再一样抽签。", instant: "这个活急,先答应的先录用。" };
/** Kinds of messages that a card says by itself. */
const SHOWN_BY_CARD = new Set(["seated", "standby", "called", "consent_due", "released", "no_show"]);

export function offers(kiosk) {
  const screen = new Offers(kiosk);
  screen.start();
  return {
    title: "给你找的活",
    say: "这里是给你找的活。想去就按接这个活,不想去按不去。",
    content: [screen.element],
    next: null,
    leave: () => screen.stop(),
  };
}

class Offers {
  #kiosk;
  #cards = new Map();
  #today = null;
  #crews = [];
  #said = new Map();
  #timer = 0;
  #stopped = false;
  element = h("div", { class: "stack parts" });

  constructor(kiosk) {
    this.#kiosk = kiosk;
  }

  get #visit() {
    return this.#kiosk.visit;
  }

  start() {
    const inbox = this.#visit.listen();
    inbox.addEventListener("hello", ({ detail }) => {
      this.#cards = new Map(detail.cards.map((card) => [card.posting.id, card]));
      this.#soon();
    });
    inbox.addEventListener("card", ({ detail }) => this.#put(detail));
    inbox.addEventListener("message", ({ detail }) => {
      if (!SHOWN_BY_CARD.has(detail.kind)) this.#said.set(detail.posting, detail.words);
      this.draw();
    });
    inbox.addEventListener("ended", () => this.#kiosk.leave());
    inbox.open();
    this.draw();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#visit.inbox?.close();
  }

  #put(card) {
    const known = this.#cards.get(card.posting.id);
    if (known && known.v > card.v) return;
    this.#cards.set(card.posting.id, card);
    this.draw();
    this.#soon();
  }

  /** What is open near here has changed with what this person has; asked once for many changes. */
  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), 150);
  }

  async #look() {
    try {
      const { person } = this.#visit;
      const [today, { crews }] = await Promise.all([person.get("/v1/today"), person.get("/v1/crews")]);
      if (!this.#stopped) [this.#today, this.#crews] = [today, crews];
    } catch (error) {
      if (!(error instanceof LineLost || error instanceof Refused)) throw error;
      this.#today ??= { fits: [], out_of_reach: [], failed: error.message };
    }
    if (!this.#stopped) this.draw();
  }

  /** Does something with a posting, and says at its card what the server refuses. */
  async #try(posting, work) {
    try {
      this.#said.delete(posting);
      await work();
    } catch (error) {
      if (!(error instanceof LineLost || error instanceof Refused)) throw error;
      this.#said.set(posting, error.message);
      this.draw();
    }
  }

  draw() {
    const focused = document.activeElement?.dataset?.does;
    const cards = [...this.#cards.values()].filter(({ entry }) => entry.offer_state !== "declined");
    const waiting = cards.filter(({ entry }) => entry.offer_state === "open");
    const mine = cards.filter(({ entry }) => entry.offer_state !== "open").sort((a, b) => Boolean(b.entry.assignment) - Boolean(a.entry.assignment));
    fill(
      this.element,
      this.#ticket(),
      crews(this.#kiosk, this.#crews, (work) => this.#try("", work).then(() => this.#look())),
      this.#words(""),
      part("派给你的", waiting.map((card) => this.#card(card))),
      part("你报名的", mine.map((card) => this.#card(card))),
      this.#near(),
    );
    if (focused) this.element.querySelector(`[data-does="${CSS.escape(focused)}"]`)?.focus();
  }

  #ticket() {
    const { ticket, person } = this.#visit;
    return h("section", { class: "ticket" },
      h("p", {}, "你的排队号 ", h("b", { class: "number" }, String(ticket.queue_no))),
      button([picture("print"), "打印排队号"], () => this.#try("", () => this.#printTicket())),
      button([picture("couple"), "和同伴一起"], () => mate(this.#kiosk, person, () => this.#look())),
    );
  }

  #card(card) {
    const { posting, entry } = card;
    const does = {
      path: (path, body) => this.#try(posting.id, () => this.#visit.person.post(path, body)),
      ask,
      why: () => this.#why(card),
      print: () => this.#try(posting.id, () => this.#print(card)),
      wish: () => this.#wish(posting.id),
      over: () => this.draw(),
    };
    return offer(posting, {
      reasons: entry.offer_state === "open" ? entry.reasons : [],
      distanceM: entry.distance_m,
      status: [...status(card, does), ...this.#words(posting.id)],
      actions: actions(card, does),
    });
  }

  #words(posting) {
    const words = this.#said.get(posting);
    return words ? [h("p", { class: "banner warn", role: "status" }, words)] : [];
  }

  #near() {
    if (!this.#today) return h("div", { class: "skeleton", role: "status", "aria-label": "正在找" });
    const known = (posting) => {
      const card = this.#cards.get(posting);
      return card && card.entry.offer_state !== "declined";
    };
    const fits = this.#today.fits.filter(({ posting }) => !known(posting.id)).slice(0, SHOWN);
    const near = this.#today.out_of_reach.filter(({ posting }) => !known(posting.id)).slice(0, SHOWN);
    if (this.#today.failed) return h("p", { class: "banner warn", role: "status" }, this.#today.failed);
    if (!fits.length && !near.length && !this.#cards.size) return nothing();
    return [part("还在招人的,你也能干", fits.map((each) => this.#fitting(each))), part("差一点就合适", near.map((each) => this.#almost(each)))];
  }

  #fitting({ posting, distance_m: distanceM, reasons }) {
    const take = button("接这个活", () => this.#wish(posting.id), { class: "yes", data: { does: `wish ${posting.id}` } });
    return offer(posting, { reasons, distanceM, status: this.#words(posting.id), actions: [take] });
  }

  #almost({ posting, distance_m: distanceM, missing }) {
    return offer(posting, { missing: missing.map((reason) => reason.words), distanceM });
  }

  /** Asks for an offer and accepts it: this person has read what it is. */
  #wish(posting) {
    return this.#try(posting, async () => {
      const card = await this.#visit.person.post(`/v1/postings/${encodeURIComponent(posting)}/wish`);
      this.#put(card);
      if (card.entry.offer_state === "open") await this.#visit.person.post(`/v1/offers/${encodeURIComponent(card.entry.offer)}/accept`);
    });
  }

  async #why({ posting, entry }) {
    const { words, before } = await this.#visit.person.get(`/v1/postings/${encodeURIComponent(posting.id)}/why`);
    const order = entry.acceptance && h("p", {}, ORDERS[posting.award]);
    await ask("为什么", h("div", { class: "stack" }, h("p", {}, words), order, before.length ? h("p", {}, `排在前面的人:${before.map((each) => each.words).join(",")}`) : null), [{ words: "知道了", kind: "primary" }]);
  }

  /** A number that was given before gets a new PIN: the old one is on a slip that may be lost, and known to nobody here. */
  async #printTicket() {
    const { ticket, person, id } = this.#visit;
    this.#visit.ticket = ticket.pin ? ticket : await person.post(`/v1/profiles/${encodeURIComponent(id)}/ticket`);
    printTicket(this.#visit.ticket, this.#kiosk.site);
  }

  async #print({ posting, entry }) {
    const pass = await this.#visit.person.get(`/v1/assignments/${encodeURIComponent(entry.assignment_id)}/pass`);
    printSeat(posting, pass, this.#kiosk.site, this.#visit.ticket);
  }
}

function part(title, cards) {
  return cards.length ? h("section", { class: "stack" }, h("h2", {}, title), cards) : null;
}

function nothing() {
  return h("section", { class: "card nothing stack" }, picture("clock"), h("h2", {}, "现在没有合适的活"), h("p", {}, "你已经排上队了。一有合适的活,这里和大屏马上告诉你。"), h("p", { class: "muted" }, "想多看几个,可以按“上一步”,把路程放远一点,或多选几种活。"));
}
