/**
 * <kz-pinyin>: a keyboard in the page, for kiosks without an input method. Pinyin is typed by touch or on a keyboard with
 * keys; the server says which words it may mean. `pinyin(control, options)` builds one for an input or textarea.
 *
 * With a keyboard: letters compose while the field has the focus; 1 to 9 choose, Space takes the first, Page Up and Down
 * (or - and =) turn, Escape forgets the letters. Tells "done" when 完成 is pressed.
 */
import { fill, h } from "../lib/dom.js";
import { LineLost, Refused, pause } from "../lib/api.js";
import { CandidateRow } from "./candidates.js";
import { keys } from "./keys.js";

const FIRST = 60;
const ALL = 400;
const LONGEST = 60;
const WITHIN_MS = 2000; // who types waits for nothing longer: then words are asked for again, and chosen as they stand
const COMPOSING = /^([1-9' =-]|Backspace|Escape|Enter|PageDown|PageUp)$/;

export class Pinyin extends HTMLElement {
  #api = null;
  #about = "text";
  #target = null;
  #layout = "pinyin";
  #letters = "";
  #candidates = [];
  #asking = null;
  #asked = Promise.resolve();
  #turn = Promise.resolve();
  #typed = h("output", { class: "typed" });
  #said = h("p", { class: "unseen", role: "status" });
  #row = new CandidateRow((each) => this.#inTurn(() => this.#choose(each)), () => this.#ask(ALL));
  #keys = h("div");

  /** `about`: what the field is for, as in /v1/pinyin; `layout`: "pinyin", or "number" for digits alone. */
  build(target, { api, about = "text", layout = "pinyin" }) {
    Object.assign(this, { role: "group", ariaLabel: layout === "number" ? "数字键盘" : "拼音键盘" });
    this.#api = api;
    this.#about = about;
    this.#layout = layout;
    if (layout !== "number") this.append(this.#typed, this.#row.element, this.#said);
    this.append(this.#keys);
    this.#lay(layout);
    this.target = target;
    return this;
  }

  /** The field that is written into. */
  get target() {
    return this.#target;
  }

  set target(control) {
    this.#target?.removeEventListener("keydown", this);
    this.#target = control;
    this.#target?.addEventListener("keydown", this);
    this.#forget();
  }

  disconnectedCallback() {
    this.target = null;
  }

  // -- what is pressed ------------------------------------------------------------------------------------------------

  /** Presses act one after the other: what is pressed after a word waits until that is chosen. */
  #inTurn(act) {
    const before = this.#turn;
    this.#turn = new Promise((done) => before.then(() => this.#target && act()).finally(done));
  }

  handleEvent(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !this.#takes(event.key)) return;
    event.preventDefault();
    this.#inTurn(() => this.#pressed(event.key));
  }

  /** Whether a key of a keyboard with keys is meant for us. */
  #takes(key) {
    return this.#layout === "pinyin" && (/^[a-z]$/i.test(key) || (this.#letters !== "" && COMPOSING.test(key)));
  }

  #pressed(key) {
    if (/^[a-z]$/i.test(key)) this.#add(key.toLowerCase());
    else if (key === "Backspace") this.#back();
    else if (key === " ") return this.#space();
    else if (!this.#letters) this.#put(key.length === 1 ? key : ""); // pressed while the letters were becoming a word
    else if (key === "'") this.#add(key);
    else if (/^[1-9]$/.test(key)) return this.#choose(this.#row.shown[Number(key) - 1]);
    else if (key === "Escape") this.#forget();
    else if (key === "Enter") this.#write(this.#letters, "");
    else this.#row.turn(key === "PageDown" || key === "=" ? 1 : -1);
  }

  #press(name) {
    if (name === "done") return this.#done();
    if (name === "space") return this.#space();
    if (name === "backspace") this.#back();
    else if (name === "divide") this.#letters && this.#add("'");
    else if (name in { digits: 1, latin: 1, pinyin: 1 }) this.#lay(name, true);
    else if (this.#layout === "pinyin") this.#add(name);
    else this.#write(name, "");
  }

  #lay(layout, focus = false) {
    this.#forget();
    this.#layout = layout;
    fill(this.#keys, keys(layout, (name) => this.#inTurn(() => this.#press(name))));
    if (focus && document.activeElement !== this.#target) this.#keys.querySelector("button").focus();
  }

  #back() {
    if (this.#letters) return void this.#compose(this.#letters.slice(0, -1));
    const { selectionStart: start, selectionEnd: end } = this.#target;
    const before = [...this.#target.value.slice(0, start)].slice(0, -1).join("").length;
    this.#put("", start === end ? before : start, end);
  }

  async #space() {
    if (!this.#letters) return this.#put(" ");
    await this.#words();
    return this.#choose(this.#row.shown[0]);
  }

  async #done() {
    if (this.#letters) await this.#words();
    if (this.#letters) this.#write(this.#row.shown[0]?.text ?? this.#letters, "");
    this.dispatchEvent(new Event("done", { bubbles: true }));
  }

  // -- letters and words ----------------------------------------------------------------------------------------------

  #add(letter) {
    if (this.#letters.length < LONGEST) this.#compose(this.#letters + letter);
  }

  #compose(letters) {
    this.#letters = letters;
    this.#typed.textContent = letters;
    this.#asking?.abort();
    this.#candidates = [];
    if (letters.replaceAll("'", "")) {
      this.#asked = this.#ask(FIRST);
      return;
    }
    this.#row.show([]);
    this.#say("");
  }

  #forget() {
    this.#compose("");
  }

  /** The words of the letters typed so far have come, or take too long. */
  #words() {
    return Promise.race([this.#asked, pause(WITHIN_MS)]);
  }

  /**
   * Takes a word for the letters that it stands for; the rest is asked again. A word may be chosen before those of the
   * last letters have come; for how many of all the letters it stands is known only then.
   */
  async #choose(chosen) {
    if (!chosen) return;
    const letters = this.#letters;
    await this.#words();
    const { text, used } = this.#candidates.find((each) => each.text === chosen.text) ?? chosen;
    if (letters === this.#letters) this.#write(text, letters.slice(used).replace(/^'+/, ""));
  }

  #write(text, rest) {
    this.#put(text);
    this.#compose(rest);
  }

  /** Puts text where the caret is, as typing would. */
  #put(text, start = this.#target.selectionStart, end = this.#target.selectionEnd) {
    const field = this.#target;
    const room = field.maxLength < 0 ? text.length : Math.max(0, field.maxLength - field.value.length + (end - start));
    field.setRangeText(text.slice(0, room), start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  async #ask(limit) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const query = new URLSearchParams({ q: this.#letters, about: this.#about, fuzzy: "true", limit });
    try {
      const { candidates, more } = await this.#api.get(`/v1/pinyin?${query}`, { signal: asking.signal, withinMs: WITHIN_MS });
      if (asking.signal.aborted) return;
      const goesOn = limit === ALL && this.#candidates.length > 0;
      this.#candidates = candidates;
      if (goesOn) this.#row.go(candidates, false);
      else this.#row.show(candidates, more > 0);
      this.#say(candidates.length ? `候选:${this.#row.shown.map((each, n) => `${n + 1} ${each.text}`).join(",")}` : "没有这样的词,请看看拼音");
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof LineLost || error instanceof Refused)) throw error;
      this.#row.show([]);
      this.#say(error instanceof LineLost ? "网络断了,拼音还在,恢复后再按一个字母" : error.message);
    }
  }

  #say(words) {
    this.#said.textContent = words;
    this.#said.classList.toggle("unseen", !words || words.startsWith("候选"));
  }
}

customElements.define("kz-pinyin", Pinyin);

/** A keyboard that writes into a field. `api`: who asks for words; the rest as for `build`. */
export function pinyin(target, options) {
  return new Pinyin().build(target, options);
}
