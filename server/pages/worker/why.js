/** 为什么: why a worker was asked, or was not, in the matcher's own words. */
import { h } from "../lib/dom.js";
import { sheet } from "./sheet.js";

const HOW = "先看规定(年龄、证书、时间、距离、工钱要求),都合适的再比:手艺、远近、等了多久、人到没到场。谁都一样算,不看名字、籍贯、男女。有不同意见可以投诉,由人来复核。";

/** Opens the reasons for a card, or for a posting of the day that was not offered. */
export function showWhy(app, { posting, entry }) {
  return sheet("为什么", async () => {
    const why = await app.api.get(`/v1/postings/${posting.id}/why`);
    const list = (title, reasons) => reasons.length > 0 && h("div", {}, h("h3", {}, title), h("ul", { class: "dots" }, reasons.map((reason) => h("li", {}, reason.words ?? reason))));
    return [
      h("p", {}, why.words),
      list("派给你是因为", entry?.reasons ?? []),
      why.wave === null && list("现在不合适的地方", why.excluded),
      list("排在前面的人多半", why.before),
      h("p", { class: "muted" }, HOW),
    ];
  });
}
