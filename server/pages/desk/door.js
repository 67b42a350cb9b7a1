/** The door of clerks and managers: name, password, and the code of their authenticator. */
import { fill, h } from "../lib/dom.js";
import { field } from "../parts/field.js";
import { byToken } from "../parts/token.js";

export const STAFF = ["clerk", "manager"];

/** Shows the door in `place`, and resolves with the session once somebody has come in. */
export function staffDoor(api, place, notice = "") {
  return new Promise((resolve) => {
    const name = field("账号", { autocomplete: "username", maxlength: "64" });
    const password = field("口令", { type: "password", autocomplete: "current-password", maxlength: "200" });
    const code = field("动态码", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "6", hint: "验证器上的六位数字" });
    const form = h(
      "form",
      { class: "card stack door", novalidate: true },
      h("h1", {}, "快招 · 工作台"),
      notice && h("p", { class: "banner warn" }, notice),
      name,
      password,
      code,
      h("button", { class: "primary wide" }, "登录"),
      byToken(api, STAFF, resolve),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!name.value) return name.refuse("请写账号");
      if (!password.control.value) return password.refuse("请写口令");
      if (!/^\d{6}$/.test(code.value)) return code.refuse("动态码是6位数字");
      const body = { name: name.value, password: password.control.value, code: code.value, cookie: true };
      try {
        resolve(api.entered(await api.post("/v1/login/staff", body, { tries: 1 })));
      } catch (error) {
        code.value = "";
        code.refuse(error.code === "bad_login" ? "三样里有一样不对,请核对后再试;动态码每个只能用一次" : error.message);
      }
    });
    fill(place, form);
    name.control.focus();
  });
}
