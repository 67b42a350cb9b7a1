/** 用口令登录: a token that an operator was given by `kuaizhao token` is moved, once, into this browser's cookie. */
import { Api } from "../lib/api.js";
import { button, h } from "../lib/dom.js";
import { field } from "./field.js";

/** What unfolds at a door for whoever has a token of one of these roles; `enter` is given the session. */
export function byToken(api, roles, enter) {
  const token = field("口令", { hint: "运行 kuaizhao token 印出来的一串字", maxlength: "200", spellcheck: "false" });
  const use = async () => {
    const own = new Api(token.value);
    try {
      const session = token.value ? await own.session() : null;
      if (!session) return token.refuse("口令不对,或者已经失效");
      if (!roles.includes(session.role)) return token.refuse("这个口令不是给这一页的");
      enter(api.entered(await own.post("/v1/session/rotate?cookie=true")));
    } catch (error) {
      token.refuse(error.message);
    }
  };
  token.control.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    use();
  });
  return h("details", {}, h("summary", {}, "用口令登录"), h("div", { class: "stack" }, token, button("进入", use)));
}
