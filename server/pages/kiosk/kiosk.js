/** The kiosk: four screens, one person at a time, and nothing left behind. */
import { Api, line } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { canSpeak, hush, speak, speech } from "../lib/speech.js";
import "../parts/line.js";
import { pinyin } from "../parts/pinyin.js";
import { bind, setUp } from "../parts/set_up.js";
import { Idle } from "./idle.js";
import { offers } from "./offers.js";
import { Visit } from "./visit.js";
import { what } from "./what.js";
import { when } from "./when.js";
import { who } from "./who.js";
import { CLEARED, wipe } from "./wipe.js";

const SCREENS = { what, when, who, offers };
const ORDER = Object.keys(SCREENS);
const CLEARED_SHOWN_MS = 6000;

class Kiosk {
  /** Requests as the kiosk, which acts for nobody. */
  api = new Api();
  visit = new Visit();
  device = null;
  site = null;
  #page = document.getElementById("page");
  #bar = h("footer", { class: "bar" });
  #keyboard = null;
  #screen = null;
  #name = "what";

  async start() {
    document.body.prepend(h("kz-line")); // above the page, not over its keyboard
    document.body.append(this.#bar);
    document.addEventListener("focusin", ({ target }) => this.#keysFor(target));
    speech.addEventListener("change", () => this.#drawBar());
    const isUsed = () => !this.visit.isUntouched || this.#name !== "what";
    new Idle(isUsed, () => this.visit.keep(), () => this.leave());
    await this.#bind();
    this.api.addEventListener("out", () => location.reload()); // an operator has to bind it anew
    await this.show("what");
    if (location.search === new URL(CLEARED, location).search) this.#sayCleared();
  }

  /** Resolves once this browser is a kiosk of a site. */
  async #bind() {
    const token = location.hash.slice(1);
    if (token) {
      history.replaceState(null, "", location.pathname);
      await bind(token).catch(() => {});
    }
    for (;;) {
      this.device = await this.api.session().catch(() => null);
      if (this.device?.role === "kiosk") break;
      this.#ready();
      await (line.lost ? new Promise((back) => line.addEventListener("back", back, { once: true })) : setUp(this.#page, "这台自助机还没启用"));
    }
    this.site = (await this.api.get(`/v1/sites/${this.device.site}`)).site;
  }

  #ready() {
    this.#page.classList.remove("loading");
    this.#page.ariaBusy = null;
  }

  /** Shows a screen. */
  async show(name) {
    this.#screen?.leave?.();
    hush();
    this.#name = name;
    this.#screen = SCREENS[name](this);
    this.hideKeys();
    const step = ORDER.indexOf(name) + 1;
    const title = h("h1", { tabindex: "-1" }, this.#screen.title);
    const steps = h("p", { class: "muted steps" }, `${this.site.name} · 第${step}步,共${ORDER.length}步`);
    this.#ready();
    fill(this.#page, h("header", { class: "head" }, h("div", { class: "grow" }, steps, title), this.#listen()), this.#screen.content);
    this.#drawBar();
    scrollTo(0, 0);
    title.focus({ preventScroll: true });
    this.#screen.shown?.();
  }

  #listen() {
    const listen = button([picture("speaker"), "听一遍"], () => speak(this.#screen.say), { class: "listen" });
    listen.hidden = !canSpeak();
    return listen;
  }

  #drawBar() {
    const at = ORDER.indexOf(this.#name);
    const body = document.body.classList;
    const toggle = (words, name, style) => {
      const is = body.contains(style);
      return button([picture(name), words], () => {
        body.toggle(style);
        this.#drawBar();
      }, { "aria-pressed": String(is), class: "tool" });
    };
    const listen = this.#page.querySelector(".listen");
    if (listen) listen.hidden = !canSpeak();
    if (!this.site) return;
    fill(
      this.#bar,
      button([picture("exit"), "我好了,退出"], () => this.leave(), { class: "leave" }),
      toggle("大字", "letters", "large-type"),
      toggle("清晰", "contrast", "high-contrast"),
      at > 0 ? button([picture("back"), "上一步"], () => this.show(ORDER[at - 1 - (this.visit.id && at === 3 ? 1 : 0)])) : null,
      this.#screen?.next ? button(["下一步", picture("next")], () => this.#screen.next(), { class: "primary next" }) : null,
    );
  }

  // -- the keyboard in the page ---------------------------------------------------------------------------------------

  #keysFor(target) {
    const kind = target.dataset?.keys;
    if (!kind || target.closest("dialog")) return;
    if (this.#keyboard?.target === target) return;
    this.hideKeys();
    this.#keyboard = this.#keysOf(target);
    this.#bar.before(h("div", { class: "keyboard" }, this.#keyboard));
    document.body.classList.add("typing");
    target.scrollIntoView({ block: "center" });
  }

  #keysOf(target) {
    const kind = target.dataset.keys;
    const keys = pinyin(target, { api: this.api, about: kind === "number" ? "text" : kind, layout: kind === "number" ? "number" : "pinyin" });
    keys.addEventListener("done", () => this.hideKeys());
    return keys;
  }

  /** Puts the keyboard away. */
  hideKeys() {
    this.#keyboard?.parentElement.remove();
    this.#keyboard = null;
    document.body.classList.remove("typing");
  }

  /** A keyboard for the fields of a dialog, within it. */
  keyboardIn(dialog) {
    this.hideKeys();
    const place = h("div");
    dialog.append(place);
    const show = (target) => target.dataset?.keys && fill(place, this.#keysOf(target));
    dialog.addEventListener("focusin", ({ target }) => show(target));
    show(dialog.querySelector("[data-keys]"));
  }

  // -- leaving ----------------------------------------------------------------------------------------------------------

  /** Clears everything and begins anew. */
  async leave() {
    const { visit } = this;
    this.#screen?.leave?.();
    this.visit = new Visit();
    this.#screen = null;
    for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
    await this.show("what");
    await wipe(visit);
    this.#drawBar();
    if (line.lost) this.#sayCleared();
  }

  #sayCleared() {
    const said = h("p", { class: "banner yes", role: "status" }, picture("ok"), "上一位填的内容已经清除");
    this.#page.firstElementChild.after(said);
    setTimeout(() => said.remove(), CLEARED_SHOWN_MS);
  }
}

new Kiosk().start();
