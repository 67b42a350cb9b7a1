/** 用工方: whom one has worked for, and whom one wants nothing more from; they are not told. */
import { button, fill, h } from "../../lib/dom.js";
import { refusal } from "../refusal.js";
import { momentWords } from "../../lib/words.js";

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}`;
  const draw = async () => {
    const { employers } = await app.api.get(`${path}/employers`);
    fill(
      place,
      h("p", { class: "muted" }, "不想再去的,点“不再派给我”:他的活不再派给你,他不会知道,随时可以改回来。"),
      employers.length ? employers.map(card) : h("p", { class: "nothing muted" }, "还没有干过活的用工方"),
    );
  };

  function card({ employer, name, done, last_work_ms: lastMs, block }) {
    const wrong = h("p", { class: "wrong", role: "alert" });
    const put = async (blocked, reason) => {
      try {
        await app.api.put(`${path}/blocks/${employer}`, { blocked, reason });
        await draw();
      } catch (error) {
        wrong.textContent = error.message;
      }
    };
    const away = async () => {
      const reason = await refusal(`不再接${name}的活?`, "原因只有工作人员看得到,可以不选。", "不再派给我");
      if (reason !== null) await put(true, reason);
    };
    return h(
      "section",
      { class: "card stack" },
      h("h2", {}, name || employer),
      h("p", {}, done ? `干过${done}次,上次${momentWords(lastMs)}` : "没有干过"),
      block ? [h("p", { class: "banner warn" }, "已不再派给你"), button("改回来,可以派", () => put(false, ""))] : button("不再派给我", away),
      wrong,
    );
  }

  await draw();
}
