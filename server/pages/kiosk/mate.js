/** Two people before one kiosk: the second shows who they are too, and agrees; from then on both are offered work together. */
import { Api, LineLost, Refused, newKey } from "../lib/api.js";
import { button, h, newId } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { field } from "../parts/field.js";
import { ask } from "../parts/dialog.js";

/** Asks for the mate and makes them a crew with `person`, who is here already; `done` is told. */
export function mate(kiosk, person, done) {
  const id = newId("mate");
  const number = field("同伴的排队号", { inputmode: "numeric", maxlength: "5", data: { keys: "number" } });
  const pin = field("同伴的密码", { inputmode: "numeric", maxlength: "6", data: { keys: "number" }, hint: "印在同伴的排队小票上。没有小票,请同伴先在这台机器上登记" });
  const dialog = h("dialog", { class: "stack", "aria-labelledby": id },
    h("h2", { id }, "和同伴一起接活"),
    h("p", {}, "结成班组后,能一起去的活会同时派给你们。请同伴自己输排队号和密码,输了就是同意。"),
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
    done();
    await ask("好了", h("p", {}, "你们是一个班组了。能一起去的活会同时派给你们。"), [{ words: "知道了", kind: "primary" }]);
    return undefined;
  };
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  kiosk.keyboardIn(dialog);
}

/** What there is of crews: invitations to answer, and the crew that one is in. `attempt` does what is pressed. */
export function crews(kiosk, found, attempt) {
  const { person, id: me } = kiosk.visit;
  const act = (words, kind, crew, what) => button(words, () => attempt(() => person.post(`/v1/crews/${crew.id}/${what}`, { profile: me })), { class: kind });
  return found.map((crew) => {
    const size = Object.values(crew.members).filter((state) => state === "consented").length;
    const isIn = crew.members[me] === "consented";
    const words = isIn ? `你在一个${size}人的班组里,能一起去的活会同时派给你们` : `有人邀请你加入${size}人的班组,一起接活`;
    const answers = isIn ? [act("退出班组", "", crew, "leave")] : [act("加入", "yes", crew, "join"), act("不加入", "", crew, "leave")];
    return h("section", { class: "banner crew" }, picture("crew"), h("p", { class: "grow" }, words), answers);
  });
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
