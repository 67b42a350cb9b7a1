/** 签到: one's own code for the employer or the kiosk to read, or the code that is shown at the place. */
import { h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, dayWords } from "../lib/words.js";
import { field } from "../parts/field.js";
import { qrPicture } from "../parts/qr.js";
import { sheet } from "./sheet.js";

/** Both ways of checking in; `code`: of the place, where it is known already. */
export function checkIn(app, card, code = "") {
  return sheet("签到", async (dialog) => {
    if (code) return [h("p", {}, `${card.posting.trade_name} · ${card.posting.employer_name}`), byPlace(app, card, dialog, code)];
    const pass = await app.api.get(`/v1/assignments/${card.entry.assignment_id}/pass`);
    return [
      h("p", {}, pass.from_ms > now() ? `${dayWords(pass.from_ms)} ${clockWords(pass.from_ms)}起可以签到。` : "到了现场,给老板看,或在大厅自助机上扫。"),
      qrPicture(pass.qr, "签到码的二维码"),
      h("p", { class: "code" }, h("span", { class: "unseen" }, "签到码 "), `${pass.code.slice(0, 3)} ${pass.code.slice(3)}`),
      h("details", {}, h("summary", {}, "现场贴着码?输入现场的码"), byPlace(app, card, dialog)),
    ];
  });
}

function byPlace(app, card, dialog, code = "") {
  const digits = field("现场的六位数字", { inputmode: "numeric", maxlength: "6", value: code });
  const form = h("form", { class: "stack", novalidate: true }, digits, h("button", { class: "primary wide" }, "签到"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!/^\d{6}$/.test(digits.value)) return digits.refuse("签到码是六位数字");
    try {
      app.state.apply(await app.api.post(`/v1/postings/${card.posting.id}/check-in`, { code: digits.value }));
      dialog.close();
      app.say("签到好了");
    } catch (error) {
      digits.refuse(error.code === "too_early" ? "还没到签到的时间,请晚点再来" : error.message);
    }
    return undefined;
  });
  return form;
}
