/** 代登记: a worker who does not use a telephone is registered at the desk, and gets a queue number. */
import { newKey } from "../lib/api.js";
import { button, fill, h } from "../lib/dom.js";
import { later } from "../lib/later.js";
import { LEXICON } from "../lib/tools.js";
import * as controls from "../parts/controls.js";
import { field } from "../parts/field.js";
import { form, refuseAt } from "./forms.js";

const TYPED_MS = 400;
const REACH = { 3000: "3公里内", 6000: "6公里内", 10000: "10公里内", 20000: "20公里内", 60000: "全市" };
const GROUPS = { "": "不是重点群体", 进城务工人员: "进城务工人员", 农村转移劳动力: "农村转移劳动力", 离校未就业高校毕业生: "离校未就业高校毕业生", 大龄和就业困难人员: "大龄和就业困难人员" };
const CHANNELS = [["inbox", "手机页面"], ["sms", "短信"], ["call", "打电话"], ["kiosk", "一体机"]];
const SURE = 0.5;

export class Register {
  #desk;
  #key = newKey();
  #heard = new Set(); // trades once heard in the person's words: the clerk who takes one away has asked

  constructor(desk) {
    this.#desk = desk;
    this.said = h("div", { role: "status" });
    this.done = h("div");
    this.element = h("section", { class: "columns", hidden: true, "aria-label": "代登记" });
    this.#build();
  }

  async load() {
    if (!this.consent) {
      this.consent = await this.#desk.api.get("/v1/consent").catch(() => null);
      fill(this.words, this.consent?.text ?? "同意书没有读到,请稍后再试");
    }
  }

  #build() {
    this.#heard.clear();
    const { sites, find } = this.#desk;
    const digits = { inputmode: "numeric" };
    this.fields = {
      name: field("姓名", { maxlength: "50" }), telephone: field("手机号", { ...digits, maxlength: "11" }), id: field(
        "身份证号",
        { maxlength: "18", hint: "有证件就填,出生日期自动算" },
      ),
      born: field("出生日期", { maxlength: "10", placeholder: "1968-05-01" }), skills: field(
        "会做什么(照他说的写)",
        { control: h("textarea", { rows: "2", maxlength: "2000" }), hint: "例:后厨帮忙会切菜,不做高空" },
      ),
    };
    this.trades = controls.several(LEXICON.trades, "加一个工种");
    this.place = controls.place(find.place);
    this.where = field("从哪出发", { control: this.place.element, hint: "街道、小区或路名" });
    this.reach = controls.choice(REACH);
    this.reach.set("10000");
    this.pay = controls.pay();
    this.group = controls.choice(GROUPS);
    this.channels = CHANNELS.map(([id, words]) => ({ id, toggle: controls.toggle(words) }));
    this.certificates = controls.several(LEXICON.certificates, "加一个证书");
    this.expiries = h("div", { class: "row" });
    this.certificates.element.addEventListener("change", () => this.#drawExpiries());
    this.site = controls.choice(Object.fromEntries(sites.map(({ id, site }) => [id, site.name])));
    this.words = h("p", { class: "small" });
    this.agreed = h("input", { type: "checkbox", id: "agreed" });
    this.wrong = h("p", { class: "wrong", role: "alert" });
    const recognise = later(TYPED_MS, (signal) => this.#recognise(signal));
    this.fields.skills.control.addEventListener("input", recognise);
    this.fields.id.control.addEventListener("input", () => this.#bornOf(this.fields.id.value));
    this.place.element.addEventListener("change", () => this.place.settle());
    const { name, telephone, id, born, skills } = this.fields;
    const named = (words, control) => h("div", {}, h("p", { class: "label" }, words), control.element);
    this.form = form(
      "替工友登记",
      [
        h("div", { class: "pair" }, name, telephone, id, born), skills, named("工种", this.trades),
        h(
          "div",
          { class: "pair" },
          this.where,
          field("最远", { control: this.reach.element }),
          h("fieldset", {}, h("legend", { class: "label" }, "至少要"), this.pay.element),
          field("重点群体", { control: this.group.element }),
          field("归哪个站点", { control: this.site.element }),
        ),
        named("证书(看过原件的)", this.certificates), this.expiries,
        h("fieldset", {}, h("legend", { class: "label" }, "怎么通知他"), h("div", { class: "row" }, this.channels.map(({ toggle }) => toggle.element))),
        h("div", { class: "consent stack" }, this.words, h("label", { class: "row", for: "agreed" }, this.agreed, "念给本人听了,本人同意"), this.wrong),
        this.said,
      ],
      () => this.#send(),
      "登记",
    );
    fill(this.element, this.form, this.done);
  }

  #bornOf(id) {
    const [, year, month, day] = id.match(/^\d{6}(\d{4})(\d{2})(\d{2})\d{3}[\dXx]$/) ?? [];
    if (year) this.fields.born.value = `${year}-${month}-${day}`;
  }

  async #recognise(signal) {
    const text = this.fields.skills.value;
    if (!text) return;
    const found = await this.#desk.find.trades(text, { signal });
    const sure = found.filter(({ id, confidence }) => confidence >= SURE && !this.#heard.has(id)).map(({ id }) => id);
    for (const id of sure) this.#heard.add(id);
    this.trades.set([...new Set([...this.trades.get(), ...sure])].slice(0, 20));
  }

  #drawExpiries() {
    const names = new Map(LEXICON.certificates.map(({ id, name }) => [id, name]));
    const had = new Map([...this.expiries.children].map((each) => [each.dataset.kind, each]));
    const made = (kind) => {
      const expiry = field(`${names.get(kind)} 到期`, { placeholder: "2027-12-31,长期不填", maxlength: "10" });
      expiry.dataset.kind = kind;
      return expiry;
    };
    fill(this.expiries, this.certificates.get().map((kind) => had.get(kind) ?? made(kind)));
  }

  /** What is wrong is said at the field, before anything is sent. */
  async #ready() {
    const { name, telephone, id, born } = this.fields;
    await this.place.settle();
    const day = /^\d{4}-\d{2}-\d{2}$/;
    if (!name.value) return name.refuse("请写姓名");
    if (!/^1\d{10}$/.test(telephone.value)) return telephone.refuse("手机号是11位数字,请核对");
    if (id.value && !/^\d{17}[\dXx]$/.test(id.value)) return id.refuse("身份证号是18位,请核对");
    if (!day.test(born.value)) return born.refuse("照 1968-05-01 这样写");
    if (!this.place.get()) return this.where.refuse("没找到这个地方,写上街道、小区或路名");
    for (const each of this.expiries.children) if (each.value && !day.test(each.value)) return each.refuse("照 2027-12-31 这样写");
    this.wrong.textContent = this.agreed.checked && this.consent ? "" : "要本人同意才能登记";
    if (this.wrong.textContent) return this.agreed.focus();
    return true;
  }

  async #send() {
    fill(this.said);
    if (!(await this.#ready())) return;
    const { name, telephone, id, born, skills } = this.fields;
    const trades = this.trades.get();
    const profile = {
      site: this.site.get(), trades, refused: [...this.#heard].filter((each) => !trades.includes(each)).slice(0, 40), skills: skills.value, born: born.value, place: this.place.get(), radius_m: Number(this.reach.get()),
      pay: this.pay.get() ?? { fen: 0, unit: "day" }, group: this.group.get(), channels: this.channels.filter(({ toggle }) => toggle.get()).map(({ id: channel }) => channel),
      certificates: [...this.expiries.children].map((each) => ({ kind: each.dataset.kind, expires: each.value || null })),
    };
    const person = { name: name.value, telephone: telephone.value, id_number: id.value.toUpperCase(), consent: this.consent.version };
    try {
      const written = await this.#desk.api.post("/v1/profiles", { profile, person }, { key: this.#key });
      this.#registered(written.id, name.value);
    } catch (error) {
      refuseAt(
        error,
        { "person.name": name, "person.telephone": telephone, "person.id_number": id, born, "profile.born": born, "profile.skills": skills },
        this.said,
      );
    }
  }

  #registered(id, name) {
    this.#key = newKey();
    const told = h("div", { role: "status" });
    const act = async (work) => {
      try {
        fill(told, await work());
      } catch (error) {
        fill(told, h("p", { class: "banner stop", role: "alert" }, error.message));
      }
    };
    const ticket = () => act(async () => {
      const { queue_no: number, pin } = await this.#desk.api.post(`/v1/profiles/${id}/ticket`, {});
      return h("p", { class: "ticket" }, h("b", {}, `${number} 号`), ` 密码 ${pin}`);
    });
    const today = () => act(async () => {
      await this.#desk.api.put(`/v1/profiles/${id}/presence`, { state: "available" });
      return h("p", { class: "banner yes" }, "今天能干,有合适的活就派给他");
    });
    fill(
      this.done,
      h(
        "div",
        { class: "card stack" },
        h("h2", { tabindex: "-1" }, `${name} 登记好了`),
        h("p", { class: "muted" }, `编号 ${id}`),
        h(
          "div",
          { class: "row" },
          button("给排队号", ticket, { class: "primary" }),
          button("今天能干", today),
          button("登记下一个", () => this.#next(), { class: "plain" }),
        ),
        told,
      ),
    );
    this.done.querySelector("h2").focus();
  }

  #next() {
    fill(this.done);
    this.#build();
    fill(this.words, this.consent?.text ?? "");
    this.fields.name.control.focus();
  }
}
