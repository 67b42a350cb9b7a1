/** 投诉: what one objects to, in one's own words, and what a clerk answered. */
import { newKey } from "../../lib/api.js";
import { button, fill, h } from "../../lib/dom.js";
import { field } from "../../parts/field.js";
import { momentWords } from "../../lib/words.js";

const CATEGORIES = { pay: "工钱没给、少给", fee: "收押金、收费、扣证件", false_posting: "说的和做的不一样", unsafe: "不安全", treatment: "骂人、歧视", platform: "派单、记分不公平", other: "别的事" };

/** `rest`: the category and the posting it is about, where the complaint is made from a card. */
export async function show(app, place, [category = "", posting = ""]) {
  let chosen = category in CATEGORIES ? category : "";
  let key = newKey();
  const about = app.state.cards.get(posting) ?? app.state.over.get(posting);
  const text = field("发生了什么?", { control: h("textarea", { rows: "5", maxlength: "1000", value: "" }), hint: "什么时候、谁、多少钱,想到什么写什么。只有工作人员看得到。" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const chips = h("div", { class: "row", role: "group", "aria-label": "哪方面的事" });
  const list = h("div", { class: "stack" });

  function choose(id) {
    chosen = id;
    wrong.textContent = "";
    fill(chips, Object.entries(CATEGORIES).map(([each, words]) => button(words, () => choose(each), { class: "chip", "aria-pressed": String(each === chosen) })));
  }

  async function send(event) {
    event.preventDefault();
    if (!chosen) {
      wrong.textContent = "请选是哪方面的事";
      chips.querySelector("button").focus();
      return;
    }
    if (!text.value) return text.refuse("请写几句,好让人去查");
    try {
      await app.api.post("/v1/complaints", { category: chosen, text: text.value, posting: posting || null }, { key });
    } catch (error) {
      return text.refuse(error.message);
    }
    key = newKey();
    text.value = "";
    app.say("投诉交上去了");
    await draw();
    list.scrollIntoView();
  }

  async function draw() {
    const { complaints } = await app.api.get("/v1/complaints");
    fill(list, complaints.length > 0 && h("h2", {}, "我的投诉"), complaints.map(card));
  }

  choose(chosen);
  const form = h(
    "form",
    { class: "card stack", novalidate: true },
    h("h2", {}, "哪方面的事?"),
    about && h("p", { class: "banner" }, `关于:${about.posting.trade_name},${momentWords(about.posting.start_ms)}`),
    chips,
    wrong,
    text,
    h("button", { class: "primary wide" }, "交给工作人员"),
    h("p", { class: "muted" }, "急事也可以打 12333(人社)、12345(市民热线)。"),
  );
  form.addEventListener("submit", send);
  fill(place, ...(category ? [form, list] : [list, form])); // who comes from a card comes to complain, others to read
  await draw();
}

function card({ category, text, at_ms: atMs, state, answer, answered_ms: answeredMs }) {
  return h(
    "section",
    { class: "card stack" },
    h("h3", {}, CATEGORIES[category]),
    h("p", {}, text),
    h("p", { class: "muted" }, `${momentWords(atMs)} · ${state === "answered" ? "已答复" : "工作人员在处理"}`),
    answer && h("div", { class: "banner yes" }, h("div", {}, h("p", {}, answer), h("small", {}, momentWords(answeredMs)))),
  );
}
