/**
 * What the page knows, in memory only: the newest version of each card, what has just ended, messages, the profile.
 * Event "change" after whatever changed, "arrived" (detail: the card) for a new offer or a call.
 */
import { now } from "../lib/clock.js";
import { isCurrent, stage } from "./stages.js";

const MESSAGES_KEPT = 20;
const ABOUT_PROFILE = new Set(["suspended", "unsuspended", "paused", "penalised", "appeal_decided"]);

/** How an offer is shown while no answer to it is known: it may have been given in the last moment. */
const UNANSWERED = new Set(["open", "expired", "withdrawn"]);

export class State extends EventTarget {
  /** Posting -> card, of everything current. */
  cards = new Map();
  /** Posting -> card, of what ended while the page was open, until it is put away. */
  over = new Map();
  /** Posting -> the posting before its terms changed. */
  before = new Map();
  messages = [];
  profile = null;
  /** What was consented to, and whether it is asked anew (`ConsentView` of the API). */
  consent = null;
  ready = false;
  #api;
  #id;
  #timer = 0;

  constructor(api, id) {
    super();
    this.#api = api;
    this.#id = id;
  }

  get id() {
    return this.#id;
  }

  /** Follows a socket. */
  follow(inbox) {
    inbox.addEventListener("hello", ({ detail }) => this.#hello(detail));
    inbox.addEventListener("card", ({ detail }) => this.#take(detail));
    inbox.addEventListener("answered", ({ detail }) => this.apply(detail.answered));
    inbox.addEventListener("message", ({ detail }) => this.#tell([detail]));
  }

  async loadProfile() {
    const path = `/v1/profiles/${this.#id}`;
    [this.profile, this.consent] = await Promise.all([this.#api.get(path), this.#api.get(`${path}/consent`).catch(() => null)]);
    this.#changed();
  }

  /** Whether 今天能干 is on. */
  get available() {
    return Boolean(this.profile) && this.profile.presence !== "away" && this.profile.presence_until_ms > now() && !this.profile.paused;
  }

  async setAvailable(on) {
    await this.#api.put(`/v1/profiles/${this.#id}/presence`, { state: on ? "available" : "away" });
    await this.loadProfile();
  }

  /** An offer that was asked for, told by the request itself. */
  offered(card) {
    const had = this.cards.get(card.posting.id);
    if (!had || had.v <= card.v) this.#put(card);
    this.#changed();
  }

  /** What became of an answer, told by the request itself or on the socket: its card may be later, or not come at all. */
  apply(answered) {
    const card = this.cards.get(answered.posting) ?? this.over.get(answered.posting);
    if (!card || answered.v < card.v) return;
    const entry = { ...card.entry };
    if (UNANSWERED.has(entry.offer_state)) entry.offer_state = answered.acceptance ? "accepted" : "declined";
    for (const name of ["acceptance", "assignment"]) if (answered[name]) entry[name] = answered[name];
    if (answered.order !== null) entry.order = answered.order;
    const posting = { ...card.posting, window_until_ms: answered.window_until_ms || card.posting.window_until_ms };
    this.#put({ ...card, v: answered.v, entry, posting });
    this.#changed();
  }

  /** The server says that an offer is no more: shown as that. */
  end(posting, as) {
    const card = this.cards.get(posting);
    if (!card) return;
    this.#put({ ...card, entry: { ...card.entry, offer_state: as } });
    this.#changed();
  }

  putAway(posting) {
    this.over.delete(posting);
    this.#changed();
  }

  #hello(frame) {
    const old = this.cards;
    this.cards = new Map();
    for (const card of frame.cards) {
      const had = old.get(card.posting.id) ?? this.over.get(card.posting.id);
      const newer = had?.v > card.v ? had : card;
      if (!old.has(card.posting.id) && this.ready && newer === card) this.#arrived(card);
      this.#put(newer);
    }
    const missing = Array.from(old.values()).filter((card) => !this.cards.has(card.posting.id));
    for (const card of missing) this.#missing(card);
    this.ready = true;
    this.#tell(frame.messages);
    if (missing.some((card) => card.entry.acceptance)) this.#askWhatBecame(missing);
  }

  /** What was open before the line was lost and is not any more; what became of a yes is asked. */
  #missing(card) {
    if (card.entry.acceptance) return;
    const as = card.entry.deadline_ms <= now() ? "expired" : "withdrawn";
    this.over.set(card.posting.id, { ...card, entry: { ...card.entry, offer_state: as } });
  }

  async #askWhatBecame(missing) {
    const { cards } = await this.#api.get("/v1/assignments?over=true");
    const lost = new Set(missing.map((card) => card.posting.id));
    for (const card of cards) if (lost.has(card.posting.id)) this.over.set(card.posting.id, card);
    this.#changed();
  }

  #take(card) {
    const had = this.cards.get(card.posting.id);
    if ((had ?? this.over.get(card.posting.id))?.v > card.v) return;
    if (had && card.posting.terms > had.posting.terms) this.before.set(card.posting.id, had.posting);
    if (!had || (stage(card) === "called" && stage(had) !== "called")) this.#arrived(card);
    this.#put(card);
    this.#changed();
  }

  #put(card) {
    const id = card.posting.id;
    if (isCurrent(card)) {
      this.cards.set(id, card);
      this.over.delete(id);
    } else {
      this.cards.delete(id);
      this.over.set(id, card);
    }
  }

  #arrived(card) {
    if (["offered", "called"].includes(stage(card))) this.dispatchEvent(new CustomEvent("arrived", { detail: card }));
  }

  #tell(messages) {
    const known = new Set(this.messages.map((message) => message.seq));
    const fresh = messages.filter((message) => !known.has(message.seq));
    this.messages = [...this.messages, ...fresh].sort((a, b) => b.seq - a.seq).slice(0, MESSAGES_KEPT);
    if (this.profile && fresh.some((message) => ABOUT_PROFILE.has(message.kind))) this.loadProfile().catch(() => {});
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#timer);
    const ends = Array.from(this.cards.values()).filter((card) => stage(card) === "offered").map((card) => card.entry.deadline_ms);
    if (ends.length) this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.min(...ends) - now()) + 20);
    this.dispatchEvent(new Event("change"));
  }

  /** Offers whose time is over, by the server's clock. */
  #expire() {
    for (const card of Array.from(this.cards.values())) if (!isCurrent(card)) this.#put({ ...card, entry: { ...card.entry, offer_state: "expired" } });
    this.#changed();
  }
}
