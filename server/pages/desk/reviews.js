/** 审核: postings that wait for a clerk, and those that the rules have stopped; the words that raised a rule are marked. */
import { fill, h } from "../lib/dom.js";
import { now } from "../lib/clock.js";
import { clockWords, dayWords, leftWords, payWords, settlementWords, spanWords } from "../lib/words.js";
import { changePosting } from "../parts/change.js";
import { findings } from "../parts/findings.js";
import { marked } from "../parts/marked.js";
import { Queue } from "./queue.js";
import { askSentence } from "./say.js";

const SOON_MS = 30 * 60_000;

export class Reviews {
  #desk;
  #order = "due";
  #told = new Map();

  constructor(desk) {
    this.#desk = desk;
    this.order = desk.keys.button("按风险排", "O", () => this.#switch(), { class: "plain" });
    this.queue = new Queue({
      title: "审核", empty: () => "没有要审的岗位。新来的会自动出现在这里。", tools: this.order,
      read: () => this.#read(), key: ({ posting }) => posting.id, line: (item) => line(item), show: (item) => this.#show(item),
    });
    this.element = this.queue.element;
    this.keys = [
      { key: "Y", words: "放行", press: () => this.#pass() },
      { key: "N", words: "退回并说明", press: () => this.#back() },
      { key: "E", words: "改这个岗位", press: () => this.#edit() },
      { key: "V", words: "核验用工方", press: () => this.#verify() },
      { key: "O", words: "按风险 / 按时间排", press: () => this.#switch() },
    ];
  }

  load() {
    return this.queue.load();
  }

  async #read() {
    const [{ postings }, blocked] = await Promise.all([
      this.#desk.api.get(`/v1/reviews?order=${this.#order}&limit=100`),
      this.#desk.api.get("/v1/postings?state=blocked&limit=100"),
    ]);
    const stopped = blocked.postings.map((posting) => ({ posting, due_ms: posting.posting.start_ms, risk: null, findings: null }));
    return [...postings, ...stopped.filter(({ due_ms: due }) => due > now())];
  }

  async #switch() {
    this.#order = this.#order === "due" ? "risk" : "due";
    this.order.firstChild.textContent = this.#order === "due" ? "按风险排" : "按时间排";
    await this.load();
  }

  #show(item) {
    const { posting: view } = item;
    const { posting } = view;
    const text = h("div");
    const rules = h("div", { class: "stack" });
    const who = h("p", {}, "用工方 …");
    this.#tell(item, { text, rules, who });
    return [
      h("div", { class: "row spread" }, h("h2", {}, `${view.trade_name} ${posting.headcount}人`), h("p", { class: "pay" }, payWords(posting.pay))),
      h(
        "p",
        {},
        [
          spanWords(posting.start_ms, posting.end_ms),
          posting.place.text,
          settlementWords(posting.settlement),
          posting.meals && "管饭",
          posting.transport && "接送",
          posting.meeting_point,
          posting.insurance,
        ].filter(Boolean).join(" · "),
      ),
      who,
      view.state === "blocked" && view.review_reason && h("p", { class: "muted" }, "拦下时:", view.review_reason),
      text,
      rules,
      h(
        "div",
        { class: "row actions" },
        this.#desk.keys.button(item.findings ? "放行" : "破例放行", "Y", () => this.#pass(), { class: "yes" }),
        this.#desk.keys.button("退回并说明", "N", () => this.#back(), { class: "stop" }),
        this.#desk.keys.button("改", "E", () => this.#edit()),
        this.#desk.keys.button("核验用工方", "V", () => this.#verify(), { class: "plain" }),
      ),
    ];
  }

  /** What is read for one posting: rules with signs of lures, and who posts. */
  async #tell(item, { text, rules, who }) {
    const { posting: view } = item;
    const draw = (found, signs) => {
      const marks = found.map(({ words, severity, message }) => ({ words, kind: severity, title: message }));
      fill(text, marked(view.posting.text, [...marks, ...signs.map(({ words, what }) => ({ words, kind: "warn", title: what }))]));
      const risky = signs.length > 0 && h("p", { class: "banner warn" }, `像招工陷阱的地方:${signs.map(({ what, words }) => `${what}“${words}”`).join("、")}`);
      fill(rules, findings(found) ?? h("p", { class: "muted" }, "规则没有意见:因为用工方还没核验,或分数高,要人看一眼。"), risky);
    };
    draw(item.findings ?? [], []);
    try {
      const why = encodeURIComponent(`审核岗位 ${view.id}`);
      const firm = this.#desk.api.get(`/v1/employers/${view.posting.employer}?reason=${why}`);
      const [review, { employer }] = await Promise.all([this.#desk.api.get(`/v1/postings/${view.id}/review`), firm]);
      this.#told.set(view.id, { findings: review.findings, employer });
      draw(review.findings, review.signs);
      const badge = employer.verified ? h("span", { class: "badge yes" }, "已核验") : h("span", { class: "badge warn" }, "没核验");
      fill(who, h("b", {}, employer.name), " ", badge, " ", h("span", { class: "muted" }, employer.credit_code || "个人", " · ", employer.contact));
    } catch (error) {
      fill(who, h("span", { class: "wrong" }, error.message));
    }
  }

  async #pass() {
    const item = this.queue.chosen;
    if (!item) return;
    const { posting: view } = item;
    let reason = "";
    if (view.state === "blocked") {
      reason = await askSentence({ title: "破例放行", label: "为什么可以破例?会记在审计里", send: "放行" });
      if (reason === null) return;
    }
    await this.queue.act(() => this.#desk.api.post(`/v1/postings/${view.id}/review`, { to: "open", reason }), `${view.trade_name} 放行了,开始派单`);
  }

  async #back() {
    const item = this.queue.chosen;
    if (!item) return;
    const { posting: view } = item;
    const found = item.findings ?? this.#told.get(view.id)?.findings ?? [];
    const text = [...new Set(found.map(({ mend }) => mend))].join(";").slice(0, 200);
    const reason = await askSentence({ title: "退回并说明", label: "怎么改(用工方会看到)", send: "退回", text });
    if (reason === null) return;
    await this.queue.act(() => this.#desk.api.post(`/v1/postings/${view.id}/review`, { to: "draft", reason }), `${view.trade_name} 退回了,用工方会看到怎么改`);
  }

  async #edit() {
    const item = this.queue.chosen;
    if (!item) return;
    const written = await changePosting(this.#desk, item.posting);
    if (written) await this.queue.act(async () => null, "改好了");
    this.queue.focus();
  }

  async #verify() {
    const view = this.queue.chosen?.posting;
    const employer = this.#told.get(view?.id)?.employer;
    if (!employer) return;
    const verified = !employer.verified;
    await this.queue.act(
      () => this.#desk.api.post(`/v1/employers/${view.posting.employer}/verify`, { verified }),
      verified ? `${employer.name} 核验过了` : `${employer.name} 改回没核验`,
    );
    if (this.queue.chosen) this.queue.choose(this.queue.chosen);
  }
}

function line({ posting: view, due_ms: due, risk, findings: found }) {
  const left = due - now();
  const when = left < SOON_MS ? h("b", { class: "due" }, `还剩 ${leftWords(left)}`) : h("span", {}, `${dayWords(due)} ${clockWords(due)} 前`);
  return [
    h(
      "span",
      { class: "row spread" },
      h("b", {}, `${view.trade_name} ${view.posting.headcount}人`),
      risk === null ? h("span", { class: "badge stop" }, "被拦下") : riskBadge(risk, found),
    ),
    h("span", { class: "row spread small" }, when, h("span", { class: "muted" }, payWords(view.posting.pay))),
  ];
}

function riskBadge(risk, found) {
  if (risk >= 60) return h("span", { class: "badge stop" }, `风险高 ${risk}`);
  if (risk >= 30) return h("span", { class: "badge warn" }, `风险中 ${risk}`);
  return h("span", { class: "badge" }, found.length ? `要看 ${found.length} 处` : "风险低");
}
