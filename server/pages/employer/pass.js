/** The code that is shown at the place: workers enter it, or scan it, to check in. */
import { button, h } from "../lib/dom.js";
import { clockWords } from "../lib/words.js";
import { ask } from "../parts/dialog.js";
import { qrPicture } from "../parts/qr.js";

export async function passCard(firm, view) {
  let body;
  try {
    const pass = await firm.api.get(`/v1/postings/${view.id}/pass`);
    body = h(
      "div",
      { class: "stack pass" },
      qrPicture(pass.qr, "现场签到的二维码"),
      h("p", { class: "digits" }, pass.code),
      h("p", {}, `${clockWords(pass.from_ms)} 起可以签到。给工友看这一屏,或打印贴在门口。`),
      button("打印", () => print(), { class: "wide" }),
    );
  } catch (error) {
    body = h("p", { class: "wrong" }, error.message);
  }
  await ask("现场签到码", body, [{ words: "关上", value: null }]);
}
