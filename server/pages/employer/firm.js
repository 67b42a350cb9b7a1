/** What the page knows of the firm that is logged in: its record, names and sites, and its postings as they change. */
import { Board } from "../lib/board.js";

export class Firm {
  constructor(api, session) {
    this.api = api;
    this.id = session.subject;
    this.board = new Board();
    this.find = {
      trade: (words) => this.#findTrade(words),
      place: (words) => this.#findPlace(words),
    };
  }

  /** Reads what does not change while somebody works. */
  async load() {
    const [record, lexicon, { sites }] = await Promise.all([this.api.get(`/v1/employers/${this.id}`), this.api.get("/v1/trades"), this.api.get("/v1/sites")]);
    Object.assign(this, { employer: record.employer, lexicon, sites });
    this.names = new Map(lexicon.trades.map(({ id, name }) => [id, name]));
    this.board.open();
    return this;
  }

  tradeName(id) {
    return this.names.get(id) ?? id;
  }

  async #findTrade(words) {
    const { trades } = await this.api.post("/v1/recognise", { text: words });
    return trades[0] ? { id: trades[0].id, name: trades[0].name } : null;
  }

  async #findPlace(words) {
    const { draft } = await this.api.post("/v1/understand", { text: `地点:${words}` });
    return draft.place;
  }
}

/** A worker as an employer knows them: no name until both have confirmed. */
export function calledAs(profile) {
  return `工友 ${profile.slice(-4).toUpperCase()}`;
}
