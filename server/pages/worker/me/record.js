/** 记分和申诉: what a late release or a no-show left behind, what it is worth now, and what one has to say against it. */
import { button, fill, h } from "../../lib/dom.js";
import { field } from "../../parts/field.js";
import { now } from "../../lib/clock.js";
import { momentWords } from "../../lib/words.js";

const STATES = { counts: "计分中", appealed: "申诉中,等人复核", upheld: "复核过,维持", lifted: "已撤销" };

export async function show(app, place) {
  const path = `/v1/profiles/${app.state.id}/penalties`;
  const draw = async () => {
    const told = await app.api.get(path);
    fill(
      place,
      h("section", { class: "card stack" }, h("p", {}, h("b", { class: "figure" }, String(told.points)), " 分"), h("p", { class: "muted" }, "每两周减一半,不扣钱。分太高,派单先停一停,到时候自动恢复。")),
      told.suspended_until_ms > now() && h("p", { class: "banner warn" }, `派单暂停到${momentWords(told.suspended_until_ms)}`),
      told.penalties.length ? told.penalties.map((each) => penalty(each, draw)) : h("p", { class: "nothing muted" }, "没有记分"),
    );
  };

  function penalty(each, again) {
    return h(
      "section",
      { class: "card stack" },
      h("h2", {}, each.words),
      h("p", {}, `${momentWords(each.at_ms)} · 现在算 ${each.points} 分 · ${STATES[each.state]}`),
      each.appeal && h("p", {}, h("b", {}, "你说:"), each.appeal),
      each.decision && h("p", {}, h("b", {}, "答复:"), each.decision),
      each.state === "counts" && appeal(each, again),
    );
  }

  function appeal(each, again) {
    const said = field("不同意?说说当时的情况", { control: h("textarea", { rows: "3", maxlength: "200" }) });
    const send = async () => {
      if (!said.value) return said.refuse("请写一两句,好让人复核");
      try {
        await app.api.post(`${path}/appeal`, { penalty: each.id, reason: said.value });
        await again();
        app.say("申诉交上去了");
      } catch (error) {
        said.refuse(error.message);
      }
    };
    return h("details", {}, h("summary", {}, "申诉"), h("div", { class: "stack" }, said, button("交给工作人员复核", send, { class: "primary wide" })));
  }

  await draw();
}
