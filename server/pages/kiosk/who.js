/** Screen 3: who are you? Telephone and code, the ID card, or queue number and PIN. New here: name, number, consent. */
import { Refused } from "../lib/api.js";
import { now } from "../lib/clock.js";
import { button, fill, h } from "../lib/dom.js";
import { picture } from "../lib/pictograms.js";
import { field } from "../parts/field.js";
import { arrive } from "./arrive.js";
import { Card } from "./card.js";
import { wanted } from "./visit.js";

const WAYS = { telephone: ["phone", "手机号"], card: ["card", "身份证"], ticket: ["queue", "排队号"] };

export function who(kiosk) {
  const { visit } = kiosk;
  const body = h("div", { class: "stack" });
  const tabs = h("div", { class: "row ways", role: "radiogroup", "aria-label": "怎么证明是你" });
  const ways = Object.keys(WAYS).filter((way) => way !== "card" || kiosk.device.card_reader);
  let step = null;
  const choose = (way) => {
    visit.way = way;
    fill(tabs, ways.map((each) => tab(each, each === way, choose)));
    step?.leave?.();
    step = { telephone: byTelephone, card: byCard, ticket: byTicket }[way](kiosk, next);
    fill(body, step.content);
    const input = body.querySelector("input");
    if (!input) kiosk.hideKeys();
    else if (body.isConnected) input.focus();
  };
  const next = (following) => {
    step?.leave?.();
    step = following;
    tabs.hidden = true;
    fill(body, step.content);
    body.querySelector("input")?.focus();
  };
  if (visit.role === "newcomer") next(newcomer(kiosk));
  else choose(ways.includes(visit.way) ? visit.way : "telephone");
  return {
    title: "你是谁?",
    say: "你是谁?用手机号收验证码,或者刷身份证,或者用排队号和密码。",
    content: [tabs, body],
    next: () => step.next(),
    shown: () => body.querySelector("input")?.focus(),
    leave: () => step.leave?.(),
  };
}

function tab(way, is, choose) {
  const tab = h("button", { type: "button", class: "tile", role: "radio", "aria-checked": String(is) }, picture(WAYS[way][0]), WAYS[way][1]);
  tab.addEventListener("click", () => choose(way));
  return tab;
}

// -- telephone and code --------------------------------------------------------------------------------------------------

function byTelephone(kiosk, next) {
  const { visit } = kiosk;
  const telephone = field("手机号", { inputmode: "numeric", maxlength: "11", value: visit.telephone, data: { keys: "number" } });
  const code = field("验证码", { inputmode: "numeric", maxlength: "6", data: { keys: "number" }, hint: "短信里的6个数字,5分钟内有效" });
  const sent = h("p", { class: "hint", role: "status" });
  telephone.control.addEventListener("input", () => (visit.telephone = telephone.value));
  let timer = 0;
  const again = (untilMs, ask) => {
    const left = Math.ceil((untilMs - now()) / 1000);
    ask.textContent = left > 0 ? `${left}秒后可再发` : "再发一次";
    ask.disabled = left > 0;
    if (left > 0) timer = setTimeout(() => again(untilMs, ask), 1000);
  };
  const ask = button("发验证码", async () => {
    if (!/^1\d{10}$/.test(telephone.value)) return telephone.refuse("手机号是11个数字,以1开头");
    await tried(telephone, async () => {
      const { again_s: againS } = await kiosk.api.post("/v1/login/code", { telephone: telephone.value }, { tries: 1 });
      fill(sent, `发到 ${telephone.value} 了,请看短信`);
      again(now() + againS * 1000, ask);
      code.control.focus();
    });
  }, { class: "primary" });
  const enter = (more = {}) =>
    tried(code, async () => {
      const given = { telephone: telephone.value, code: code.value, ...more };
      visit.enter(await kiosk.api.post("/v1/login/telephone", given, { tries: 1 }));
      if (visit.role === "newcomer") next(newcomer(kiosk));
      else await arrive(kiosk);
    }, { several_people: () => severalPeople(code, () => enter({ newcomer: true })) });
  return {
    content: [h("div", { class: "beside" }, telephone, ask), sent, code],
    next: () => {
      if (!/^1\d{10}$/.test(telephone.value)) return telephone.refuse("请输手机号,11个数字");
      if (!/^\d{6}$/.test(code.value)) return code.refuse("请输短信里的6个数字;没收到就按“发验证码”");
      return enter();
    },
    leave: () => clearTimeout(timer),
  };
}

function severalPeople(code, asNewcomer) {
  code.refuse("这个号码登记了几个人,请刷身份证,或用排队号");
  code.append(button("都不是我,我是第一次来", asNewcomer, { class: "plain" }));
}

// -- the ID card ---------------------------------------------------------------------------------------------------------

function byCard(kiosk) {
  const { visit } = kiosk;
  const said = h("p", { class: "banner", role: "status" }, picture("card"), "请把身份证放在读卡器上");
  const card = new Card(async (idNumber) => {
    fill(said, "读到了,正在查…");
    try {
      visit.enter(await kiosk.api.post("/v1/login/card", { id_number: idNumber }, { tries: 1 }));
      await arrive(kiosk);
    } catch (error) {
      if (!(error instanceof Refused)) return void fill(said, error.message);
      visit.idNumber = error.code === "bad_login" ? idNumber : "";
      fill(said, error.code === "bad_login" ? "这张身份证还没登记。请按“手机号”,用手机号登记,身份证号已经替你填好" : error.message);
    }
  });
  return { content: [said], next: () => fill(said, "请先把身份证放在读卡器上"), leave: () => card.stop() };
}

// -- queue number and PIN ------------------------------------------------------------------------------------------------

function byTicket(kiosk) {
  const number = field("排队号", { inputmode: "numeric", maxlength: "5", data: { keys: "number" } });
  const pin = field("密码", { inputmode: "numeric", maxlength: "6", data: { keys: "number" }, hint: "印在排队小票上的6个数字" });
  return {
    content: [number, pin],
    next: () => {
      if (!/^[1-9]\d*$/.test(number.value)) return number.refuse("请输小票上的排队号");
      if (!/^\d{6}$/.test(pin.value)) return pin.refuse("请输小票上的6个数字");
      return tried(pin, async () => {
        kiosk.visit.enter(await kiosk.api.post("/v1/login/ticket", { queue_no: Number(number.value), pin: pin.value }, { tries: 1 }));
        await arrive(kiosk);
      });
    },
  };
}

// -- new here ------------------------------------------------------------------------------------------------------------

function newcomer(kiosk) {
  const { visit } = kiosk;
  const name = field("姓名", { maxlength: "50", data: { keys: "name" } });
  const idNumber = field("身份证号", { maxlength: "18", value: visit.idNumber, data: { keys: "number" }, hint: "18位;用来核对年龄,加密保存" });
  const x = button("X", () => {
    idNumber.value += "X";
    idNumber.control.focus();
  }, { "aria-label": "身份证号末位X" });
  idNumber.control.addEventListener("input", () => (visit.idNumber = idNumber.value.toUpperCase()));
  const consent = h("input", { type: "checkbox", id: "consent" });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const text = h("p", { id: "consent-text" }, "…");
  kiosk.api.get("/v1/consent").then((found) => {
    visit.consent = found;
    fill(text, found.text);
  }, (error) => fill(text, error.message));
  consent.addEventListener("change", () => fill(wrong));
  return {
    content: [
      h("p", { class: "banner yes" }, `第一次来,登记一下就好。手机号 ${visit.telephone} 已确认`),
      name,
      h("div", { class: "beside" }, idNumber, x),
      h("section", { class: "consent stack" }, text, h("label", { class: "row tick", for: "consent" }, consent, "我同意"), wrong),
    ],
    next: () => {
      if (!name.value) return name.refuse("请输姓名");
      const born = bornOf(idNumber.value.toUpperCase());
      if (!born) return idNumber.refuse("身份证号不对,请核对18位");
      if (!consent.checked) return void fill(wrong, "同意以后才能登记;不同意可以到窗口人工办理");
      return tried(idNumber, () => register(kiosk, name.value, idNumber.value.toUpperCase(), born), { new_consent: () => kiosk.show("who") });
    },
  };
}

async function register(kiosk, name, idNumber, born) {
  const { visit, device, site } = kiosk;
  const empty = { site: device.site, trades: [], born, place: site.place, channels: ["kiosk"] };
  const given = { telephone: visit.telephone, name, id_number: idNumber, consent: visit.consent.version, profile: wanted(visit, empty) };
  visit.enter(await visit.person.post("/v1/login/register", given));
  await arrive(kiosk);
}

/** The day of birth in an ID number, or null. The server checks the digit. */
function bornOf(idNumber) {
  const found = /^\d{6}(\d{4})(\d{2})(\d{2})\d{3}[\dX]$/.exec(idNumber);
  return found ? found.slice(1).join("-") : null;
}

/** Does something and shows beside the field what the server refuses; `otherwise`: what else to do, by code. */
async function tried(beside, work, otherwise = {}) {
  try {
    await work();
  } catch (error) {
    if (error.name !== "LineLost" && !(error instanceof Refused)) throw error;
    const wait = error.againS ? `,${error.againS}秒后再试` : "";
    if (otherwise[error.code]) otherwise[error.code]();
    else beside.refuse(error.message + wait);
  }
}
