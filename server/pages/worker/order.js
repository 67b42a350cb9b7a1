/** 顺序和抽签: one's place in the published order, what decided it, and the draw computed anew on this device. */
import { h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { check } from "./draw.js";
import { sheet } from "./sheet.js";

const DAY_MS = 86_400_000;
const STANDS = { seated: "录用", standby: "候补", out: "已退出" };

/** The place on standby, from 1; 0 where there is none. A crew that stays together has one place. */
export async function standbyPlace(app, card) {
  return placeIn(await app.api.get(`/v1/postings/${card.posting.id}`), app.state.id);
}

function placeIn(posting, me) {
  const units = posting.order.filter((line) => line.stands === "standby").map((line) => line.crew ?? line.profile);
  const mine = posting.order.find((line) => line.profile === me);
  return Array.from(new Set(units)).indexOf(mine?.crew ?? me) + 1;
}

export function showOrder(app, card) {
  return sheet("顺序和抽签", async () => {
    const posting = await app.api.get(`/v1/postings/${card.posting.id}`);
    const fair = posting.award === "fair";
    return [
      h("p", {}, fair ? "最久没活干的排前面;一样久,看大厅排号;再一样,抽签。" : "这个活急,先答应的先录用。"),
      h("p", {}, `招${posting.posting.headcount}人,已录用${posting.taken}人。名字不公开,用代号。`),
      h("ol", { class: "order" }, posting.order.map((each, n) => orderLine(each, n + 1, app.state.id, fair))),
      fair && posting.seed && drawn(posting),
    ];
  });
}

function orderLine(line, place, me, fair) {
  const mine = line.profile === me;
  const why = [waited(line.last_work_ms), line.queue_no && `排号${line.queue_no}`, line.round && `签 ${line.ticket.slice(0, 6)}`];
  return h(
    "li",
    { class: mine ? "mine" : "", "aria-current": mine ? "true" : null },
    h("b", {}, String(place)),
    h("span", { class: "grow" }, mine ? "你" : `…${line.profile.slice(-4)}`, fair && h("small", { class: "muted" }, ` ${why.filter(Boolean).join(" · ")}`)),
    h("span", { class: "badge" }, STANDS[line.stands]),
  );
}

function waited(lastMs) {
  if (!lastMs) return "还没接过活";
  const days = Math.floor((now() - lastMs) / DAY_MS);
  return days > 0 ? `${days}天没活` : "今天干过活";
}

function drawn(posting) {
  const result = h("p", { role: "status" }, "正在这台手机上重算…");
  check(posting).then((words) => {
    result.textContent = words;
  });
  return h(
    "details",
    {},
    h("summary", {}, "怎么知道抽签没作假?"),
    h("p", {}, "派单之前就公布了“承诺”:抽签用的数已经定好,谁也改不了,谁也不知道。公布结果时才把这个数公开,谁都能重算。"),
    result,
    h("dl", { class: "codes" }, [["承诺", posting.commitment], ["公开的数", posting.seed], ["第几轮", String(posting.rounds)]].map(([what, said]) => h("div", {}, h("dt", {}, what), h("dd", {}, said)))),
  );
}
