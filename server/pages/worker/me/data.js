/** 我的数据: what is kept of one, a copy of it, its end, and what was consented to. */
import { button, fill, h } from "../../lib/dom.js";
import { ask } from "../../parts/dialog.js";

const KEPT = [
  "只收派活用得着的:姓名、电话、证件号、会干什么、在哪、什么时候、要多少钱。",
  "姓名、电话、证件号单独加密;老板在双方确认以前看不到完整电话。谁看过,都记着。",
  "派单由程序按公开的规则排,人人一样;不同意可以投诉,由人复核。不想让程序派,可以在“我的登记”里改成只打电话。",
  "干过的活留半年;两年没来,登记自动删除。",
];

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}`;
  const person = await app.api.get(`${path}/person`);
  const wrong = h("p", { class: "wrong", role: "alert" });

  async function save() {
    wrong.textContent = "";
    try {
      const copy = await app.api.get(`${path}/copy`);
      const address = URL.createObjectURL(new Blob([JSON.stringify(copy, null, 2)], { type: "application/json" }));
      h("a", { href: address, download: "快招-我的数据.json" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
      app.say("已存到手机");
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  async function erase() {
    const yes = await ask("删除全部数据?", h("p", {}, "登记、姓名、电话、投诉和消息都删掉,收不回来。还有没干完、没结钱的活,办完后再删。"), [
      { words: "不删了", value: false },
      { words: "删除,并撤回同意", value: true, kind: "stop" },
    ]);
    if (!yes) return;
    try {
      const { erased, waits } = await app.api.delete(path);
      if (erased) await app.out("数据已经全部删除。再来时重新登记就行。");
      else wrong.textContent = waits;
    } catch (error) {
      wrong.textContent = error.message;
    }
  }

  const told = [["姓名", person.name], ["电话", person.telephone], ["证件号", person.id_number || "没有登记"], ["同意书", `${person.consent} 版`]];
  fill(
    place,
    h("section", { class: "card stack" }, h("dl", {}, told.map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))), h("p", { class: "muted" }, "姓名、电话、证件号要改,请带身份证到零工之家。")),
    h("section", { class: "card stack" }, h("h2", {}, "你同意过的"), h("ul", { class: "dots" }, KEPT.map((each) => h("li", {}, each)))),
    h("section", { class: "card stack" }, button("存一份到手机", save, { class: "wide" }), button("删除全部,撤回同意", erase, { class: "stop wide" }), wrong),
  );
}
