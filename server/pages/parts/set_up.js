/** Before a kiosk or a hall screen works: an operator enters, once, the token that `kuaizhao kiosk add` has printed. */
import { Api, Refused } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { field } from "./field.js";

/** Moves a token into this browser's cookie. Raises what the server refuses. */
export function bind(token) {
  return new Api(token).post("/v1/session/rotate?cookie=true");
}

/** Asks for the token; resolves once the device is bound. */
export function setUp(page, title) {
  return new Promise((resolve) => {
    const token = field("设备口令", {
      hint: "在服务器上运行 kuaizhao kiosk add 名称 --site 站点,把印出来的口令输在这里",
      maxlength: "200",
      spellcheck: "false",
    });
    const start = async () => {
      if (!token.value) return token.refuse("请输入口令");
      try {
        await bind(token.value);
        resolve();
      } catch (error) {
        token.refuse(error instanceof Refused && error.status === 401 ? "口令不对,或已经停用" : error.message);
      }
    };
    token.control.addEventListener("keydown", ({ key }) => key === "Enter" && start());
    const words = [h("h1", {}, title), h("p", {}, "请工作人员来启用。找活请到窗口。")];
    fill(page, h("section", { class: "setup stack card" }, words, token, button("启用", start, { class: "primary wide" })));
  });
}
