/** 我的数据: what is kept of one, a copy of it, its end, and what was consented to. */
import { button, fill, h } from "../../lib/dom.js";
import { dayWords } from "../../lib/words.js";
import { ask } from "../../parts/dialog.js";

const KEPT = [
  "干过的活留半年;两年没来,登记自动删除。谁看过你的姓名和电话,都记着。",
  "不想让程序派活,可以在“我的登记”里只选“打电话”,由工作人员打给你;对派单不满意可以投诉,由人复核。",
];

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}`;
  const [person, consent] = await Promise.all([app.api.get(`${path}/person`), app.api.get(`${path}/consent`)]);
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
      { words: "马上删除", value: true, kind: "stop" },
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

  async function consenting(work) {
    try {
      await work();
      await app.state.loadProfile();
      await show(app, place);
    } catch (error) {
      wrong.textContent = error.code === "new_consent" ? "同意书刚换了新的,请返回再看一遍" : error.message;
    }
  }

  async function withdraw() {
    const yes = await ask("撤回同意?", h("p", {}, "不再派活给你,还没录用的接单取消;已录用的照旧。过些日子数据全部删除,在那以前再同意就恢复。"), [
      { words: "不撤回", value: false },
      { words: "撤回同意", value: true, kind: "stop" },
    ]);
    if (yes) await consenting(() => app.api.delete(`${path}/consent`));
  }

  const agree = () => consenting(() => app.api.put(`${path}/consent`, { version: consent.version }));
  const told = [["姓名", person.name], ["电话", person.telephone], ["证件号", person.id_number || "没有登记"], ["同意书", `${consent.given} 版`]];
  fill(
    place,
    h("section", { class: "card stack" }, h("dl", {}, told.map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))), h("p", { class: "muted" }, "姓名、电话、证件号要改,请带身份证到零工之家。")),
    h(
      "section",
      { class: "card stack" },
      h("h2", {}, consent.asked ? "请看一遍同意书" : "你同意过的"),
      consent.withdrawn_ms && h("p", { class: "banner warn" }, `同意已撤回,不再派活;数据在${dayWords(consent.erased_ms)}删除`),
      h("p", {}, consent.text),
      h("ul", { class: "dots" }, KEPT.map((each) => h("li", {}, each))),
      consent.asked ? button("同意", agree, { class: "primary wide" }) : button("撤回同意", withdraw, { class: "wide" }),
    ),
    h("section", { class: "card stack" }, h("h2", {}, "你的数据"), button("存一份到手机", save, { class: "wide" }), button("删除全部", erase, { class: "stop wide" }), wrong),
  );
}
