/** A link that a QR code at a place gives: /worker#check-in=POSTING:CODE. */
import { h } from "../lib/dom.js";
import { checkIn } from "./arrive.js";
import { sheet } from "./sheet.js";

const LINK = /^#check-in=([A-Za-z0-9][A-Za-z0-9_.-]{0,63}):(\d{6})$/;

/** What to do once the worker is in, or null. The code does not stay in the address. */
export function leftByCode(at) {
  const [, posting, code] = at.hash.match(LINK) ?? [];
  if (!posting) return null;
  history.replaceState(null, "", at.pathname);
  return (app) => {
    const waitForCards = () => {
      const card = app.state.cards.get(posting);
      if (!app.state.ready) return;
      app.state.removeEventListener("change", waitForCards);
      if (card) checkIn(app, card, code);
      else sheet("签到", async () => h("p", {}, "这个岗位没有录用你,签不了到。有误请找老板或零工之家。"));
    };
    app.state.addEventListener("change", waitForCards);
  };
}
