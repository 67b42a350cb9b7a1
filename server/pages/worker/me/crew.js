/** 班组: who goes to work together. Everybody agrees for themselves; the leader asks people by the code they show. */
import { newKey } from "../../lib/api.js";
import { button, fill, h } from "../../lib/dom.js";
import { field } from "../../parts/field.js";
import { ask } from "../../parts/dialog.js";

export async function show(app, place) {
  const me = app.state.id;
  const wrong = h("p", { class: "wrong", role: "alert" });
  const key = newKey();

  async function act(work) {
    wrong.textContent = "";
    try {
      await work();
      await draw();
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  async function draw() {
    const { crews } = await app.api.get("/v1/crews");
    const own = crews.find((crew) => crew.members[me] === "consented");
    const asked = crews.filter((crew) => crew.members[me] === "invited");
    fill(
      place,
      h("p", { class: "muted" }, "夫妻、老乡一起干:派单一起派,说好“整组”的一起录用或都不录用。每个人自己点头才算。"),
      asked.map(invitation),
      own ? crewCard(own) : none(),
      wrong,
      h("section", { class: "card stack" }, h("h2", {}, "我的代号"), h("p", { class: "code small-code" }, me), h("p", { class: "muted" }, "组长要邀你,把这个代号告诉他。")),
    );
  }

  function none() {
    return h("section", { class: "card stack" }, h("h2", {}, "你还没有班组"), button("我来当组长,建一个", () => act(() => app.api.post("/v1/crews", { leader: me, invited: [] }, { key })), { class: "primary wide" }));
  }

  function invitation(crew) {
    return h(
      "section",
      { class: "card stack" },
      h("h2", {}, "有人邀你加入班组"),
      h("p", {}, `组长 ${short(crew.leader)},现在${Object.keys(crew.members).length}人`),
      h("div", { class: "row" }, button("不加入", () => act(() => app.api.post(`/v1/crews/${crew.id}/leave`, {})), { class: "grow" }), button("加入", () => act(() => app.api.post(`/v1/crews/${crew.id}/join`, {})), { class: "primary grow" })),
    );
  }

  function crewCard(crew) {
    const leads = crew.leader === me;
    const members = Object.entries(crew.members).map(([id, state]) => h("li", { class: "row spread" }, h("span", {}, id === me ? "你" : short(id), id === crew.leader ? " · 组长" : ""), h("span", { class: "badge" }, state === "consented" ? "已加入" : "等他点头")));
    return h("section", { class: "card stack" }, h("h2", {}, "我的班组"), h("ul", { class: "stack members" }, members), leads ? inviting(crew) : null, button(leads ? "解散班组" : "退出班组", () => leave(crew, leads)));
  }

  function inviting(crew) {
    const who = field("邀一个人", { hint: "他的代号,在他的“我 → 班组”里", autocapitalize: "off", spellcheck: "false" });
    const invite = async () => {
      if (!who.value) return who.refuse("请填他的代号");
      try {
        await app.api.post(`/v1/crews/${crew.id}/invite`, { profile: who.value });
        await draw();
      } catch (error) {
        who.refuse(error.code === "no_profile" || error.code === "bad_field" ? "没有这个代号,请核对" : error.message);
      }
    };
    return h("div", { class: "stack" }, who, button("邀他", invite, { class: "primary wide" }));
  }

  async function leave(crew, leads) {
    const yes = await ask(leads ? "解散班组?" : "退出班组?", h("p", {}, "还没录用的,这次整组的接单取消;已经录用的名额还是各人自己的。"), [{ words: "先不", value: false }, { words: leads ? "解散" : "退出", value: true, kind: "stop" }]);
    if (yes) await act(() => app.api.post(`/v1/crews/${crew.id}/${leads ? "dissolve" : "leave"}`, leads ? undefined : {}));
  }

  await draw();
}

function short(id) {
  return `…${id.slice(-6)}`;
}
