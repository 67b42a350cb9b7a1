/** The door of workers and employers: telephone and one-time code. */
import { button, fill, h } from "../lib/dom.js";
import { field } from "./field.js";
import { byToken } from "./token.js";

/** Shows the door in `place`, and resolves with the session once somebody has come in. `words`: { title, lead, notice }. */
export function telephoneDoor(api, door, place, { title, lead, notice = "" }) {
  return new Promise((resolve) => {
    const telephone = field("手机号", { type: "tel", inputmode: "numeric", maxlength: "11", autocomplete: "tel" });
    const code = field("验证码", { inputmode: "numeric", maxlength: "6", autocomplete: "one-time-code", hint: "短信里的六位数字,5分钟内有效" });
    const said = h("p", { role: "status" });
    const choices = h("div", { class: "stack" });

    async function ask() {
      if (!/^1\d{10}$/.test(telephone.value)) return telephone.refuse("手机号是11位数字,请核对");
      try {
        const { again_s: againS } = await api.post("/v1/login/code", { telephone: telephone.value, door }, { tries: 1 });
        said.textContent = `${door === "employer" ? "如果这个号码登记过," : ""}验证码马上就到。没收到?${againS}秒后可以再发`;
        code.control.focus();
      } catch (error) {
        telephone.refuse(error.message);
      }
    }

    async function enter(who = {}) {
      if (!/^1\d{10}$/.test(telephone.value)) return telephone.refuse("手机号是11位数字,请核对");
      if (!/^\d{6}$/.test(code.value)) return code.refuse("验证码是6位数字");
      try {
        const body = { telephone: telephone.value, code: code.value, door, cookie: true, ...who };
        resolve({ ...api.entered(await api.post("/v1/login/telephone", body, { tries: 1 })), telephone: telephone.value });
      } catch (error) {
        if (error.code !== "several_people") return code.refuse(error.code === "bad_login" ? "号码或验证码不对,请核对后再试" : error.message);
        const known = error.detail.split(";").map((each) => each.split(/ (.*)/));
        fill(
          choices,
          h("p", {}, door === "employer" ? "这个号码登记了几家,请选:" : "这个号码登记了几个人,你是哪一位?"),
          known.map(([id, name]) => button(name, () => enter({ subject: id }), { class: "wide" })),
          door === "worker" && button("都不是我,我是第一次来", () => enter({ newcomer: true }), { class: "plain wide" }),
        );
        choices.querySelector("button").focus();
      }
    }

    const form = h(
      "form",
      { class: "card stack door", novalidate: true },
      h("h1", {}, title),
      h("p", { class: "muted" }, lead),
      notice && h("p", { class: "banner warn" }, notice),
      telephone,
      button("发验证码", ask),
      code,
      said,
      h("button", { class: "primary wide" }, "登录"),
      choices,
      byToken(api, [door], resolve),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      enter();
    });
    fill(place, form);
    telephone.control.focus();
  });
}
