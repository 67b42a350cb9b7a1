/** Two people before one kiosk: the second shows who they are too, and agrees; from then on both are offered work together. */
import { Api, LineLost, Refused, newKey } from "../lib/api.js";
import { button, h, newId } from "../lib/dom.js";
import { field } from "../parts/field.js";
import { ask } from "../parts/dialog.js";

/** Asks for the mate and makes them a crew with `person`, who is here already. */
export function mate(kiosk, person) {
  const id = newId("mate");
  const number = field("同伴的排队号", { inputmode: "numeric", maxlength: "5", data: { keys: "number" } });
  const pin = field("同伴的密码", { inputmode: "numeric", maxlength: "6", data: { keys: "number" }, hint: "印在同伴的排队小票上。没有小票,请同伴先在这台机器上登记" });
  const dialog = h("dialog", { class: "stack", "aria-labelledby": id },
    h("h2", { id }, "和同伴一起接活"),
    h("p", {}, "结成班组后,能一起去的活会同时派给你们,要么都录用,要么都等。请同伴自己输排队号和密码,输了就是同意。"),
    number, pin,
    button("同伴同意,一起接活", () => join(), { class: "primary wide" }),
    button("不用了", () => dialog.close(), { class: "wide" }));
  const key = newKey();
  const join = async () => {
    if (!/^[1-9]\d*$/.test(number.value)) return number.refuse("请输同伴的排队号");
    if (!/^\d{6}$/.test(pin.value)) return pin.refuse("请输6个数字");
    try {
      await together(kiosk, person, { queue_no: Number(number.value), pin: pin.value }, key);
    } catch (error) {
      if (!(error instanceof LineLost || error instanceof Refused)) throw error;
      return pin.refuse(error.message);
    }
    dialog.close();
    await ask("好了", h("p", {}, "你们是一个班组了。能一起去的活会同时派给你们。"), [{ words: "知道了", kind: "primary" }]);
    return undefined;
  };
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  kiosk.keyboardIn(dialog);
}

async function together(kiosk, person, slip, key) {
  const entered = await kiosk.api.post("/v1/login/ticket", slip, { tries: 1 });
  const other = new Api(entered.token);
  try {
    const { crews } = await person.get("/v1/crews");
    const led = crews.find((crew) => crew.leader === kiosk.visit.id);
    const member = { profile: entered.subject };
    if (led) await person.post(`/v1/crews/${led.id}/invite`, member);
    const id = led?.id ?? (await person.post("/v1/crews", { leader: kiosk.visit.id, invited: [entered.subject] }, { key })).id;
    await other.post(`/v1/crews/${id}/join`, member);
  } finally {
    await other.end().catch(() => {});
  }
}
