/** The card reader is a keyboard that types an ID number and Enter, faster than any hand. */

const TYPED_WITHIN_MS = 600;

export class Card {
  #read = "";
  #began = 0;
  #found;

  /** Calls `found` with the ID number of each card. */
  constructor(found) {
    this.#found = found;
    addEventListener("keydown", this, { capture: true });
  }

  stop() {
    removeEventListener("keydown", this, { capture: true });
  }

  handleEvent(event) {
    if (event.timeStamp - this.#began > TYPED_WITHIN_MS) this.#read = "";
    if (!this.#read) this.#began = event.timeStamp;
    if (/^[\dxX]$/.test(event.key)) this.#read += event.key.toUpperCase();
    else if (event.key === "Enter" && /^\d{17}[\dX]$/.test(this.#read)) {
      event.preventDefault();
      event.stopPropagation();
      this.#found(this.#read);
      this.#read = "";
    }
  }
}
