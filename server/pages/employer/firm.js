/** What the page knows of the firm that is logged in: its record, names and sites, and its postings as they change. */
import { Board } from "../lib/board.js";
import { readTools } from "../lib/tools.js";

export class Firm {
  constructor(api, session) {
    this.api = api;
    this.id = session.subject;
    this.board = new Board();
  }

  /** Reads what does not change while somebody works, and begins to listen. */
  async load() {
    const [{ employer }, tools] = await Promise.all([this.api.get(`/v1/employers/${this.id}`), readTools(this.api)]);
    Object.assign(this, tools, { employer });
    this.board.open();
    return this;
  }
}

/** A worker as an employer knows them: no name until both have confirmed. */
export function calledAs(profile) {
  return `工友 ${profile.slice(-4).toUpperCase()}`;
}
