/** 登记用工方: a firm or a person who posts, verified by whoever has looked at the papers, and who may log in for it. */
import { newKey } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { field } from "../parts/field.js";
import { form, refuseAt } from "./forms.js";

export class RegisterFirm {
  #desk;
  #key = newKey();

  constructor(desk) {
    this.#desk = desk;
    this.name = field("名称(执照上的,或个人姓名)", { maxlength: "100" });
    this.code = field("统一社会信用代码", { maxlength: "18", hint: "18位;个人用工不填" });
    this.contact = field("联系人和电话", { maxlength: "200", hint: "双方确认后工友看得到" });
    this.telephone = field("登录用的手机号", { inputmode: "numeric", maxlength: "11" });
    this.verified = h("input", { type: "checkbox", id: "verified" });
    this.said = h("div", { role: "status" });
    const parts = [
      h("div", { class: "pair" }, this.name, this.code, this.contact, this.telephone),
      h("label", { class: "row", for: "verified" }, this.verified, "看过证照,核验通过(岗位不用再审)"),
      this.said,
    ];
    this.element = h("section", { class: "columns", hidden: true, "aria-label": "登记用工方" }, form("登记用工方", parts, () => this.#send(), "登记"));
  }

  load() {}

  async #send() {
    fill(this.said);
    if (!this.name.value) return this.name.refuse("请写名称");
    if (this.code.value && !/^[0-9A-Za-z]{18}$/.test(this.code.value)) return this.code.refuse("统一社会信用代码是18位字母和数字");
    if (!/^1\d{10}$/.test(this.telephone.value)) return this.telephone.refuse("手机号是11位数字,请核对");
    const employer = {
      name: this.name.value,
      credit_code: this.code.value.toUpperCase(),
      contact: this.contact.value,
      verified: this.verified.checked,
    };
    try {
      const { id } = await this.#desk.api.post("/v1/employers", { employer }, { key: this.#key });
      await this.#desk.api.post(`/v1/employers/${id}/logins`, { telephone: this.telephone.value });
      this.#key = newKey();
      fill(this.said, h("p", { class: "banner yes" }, `${employer.name} 登记好了,可以用 ${this.telephone.value} 登录 /employer`));
      for (const each of [this.name, this.code, this.contact, this.telephone]) each.value = "";
      this.verified.checked = false;
    } catch (error) {
      refuseAt(
        error,
        { "employer.name": this.name, "employer.credit_code": this.code, "employer.contact": this.contact, telephone: this.telephone },
        this.said,
      );
    }
  }
}
