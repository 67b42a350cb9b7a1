/** 用工方: whom one has worked for, whom one likes, and whom one wants nothing more from; they are not told. */
import { button, fill, h } from "../../lib/dom.js";
import { refusal } from "../refusal.js";
import { momentWords } from "../../lib/words.js";

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}`;
  const draw = async () => {
    const { employers } = await app.api.get(`${path}/employers`);
    fill(
      place,
      h("p", { class: "muted" }, "收藏的,他的活在“今天附近还有”里排在前面;派单的先后不变。不想再去的,点“不再派给我”。两样他都不会知道,随时可以改回来。"),
      employers.length ? employers.map(card) : h("p", { class: "nothing muted" }, "还没有干过活的用工方"),
    );
  };

  function card({ employer, name, done, last_work_ms: lastMs, favourite, block }) {
    const wrong = h("p", { class: "wrong", role: "alert" });
    const put = async (what, body) => {
      try {
        await app.api.put(`${path}/${what}/${employer}`, body);
        await draw();
      } catch (error) {
        wrong.textContent = error.message;
      }
    };
    const away = async () => {
      const reason = await refusal(`不再接${name}的活?`, "原因只有工作人员看得到,可以不选。", "不再派给我");
      if (reason !== null) await put("blocks", { blocked: true, reason });
    };
    const favour = button(favourite ? "★ 已收藏" : "☆ 收藏", () => put("favourites", { favourite: !favourite }), { "aria-pressed": String(favourite) });
    return h(
      "section",
      { class: "card stack" },
      h("h2", {}, name || employer),
      h("p", {}, done ? `干过${done}次,上次${momentWords(lastMs)}` : "没有干过"),
      block ? [h("p", { class: "banner warn" }, "已不再派给你"), button("改回来,可以派", () => put("blocks", { blocked: false }))] : h("div", { class: "row" }, favour, button("不再派给我", away)),
      wrong,
    );
  }

  await draw();
}
