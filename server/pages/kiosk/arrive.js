/** From who somebody is to what there is for them. */
import { now } from "../lib/clock.js";
import { h } from "../lib/dom.js";
import { ask } from "../parts/dialog.js";
import { changes, wanted } from "./visit.js";

/** Somebody has shown who they are: what they want today is written down, they are in the hall, and see their offers. */
export async function arrive(kiosk) {
  const { visit } = kiosk;
  const own = `/v1/profiles/${encodeURIComponent(visit.id)}`;
  let view = await visit.person.get(own);
  if (!visit.trades.size) visit.wishAs(view.profile);
  else if (changes(visit, view.profile)) {
    await visit.person.put(own, { profile: wanted(visit, view.profile), expected_v: view.v });
    view = await visit.person.get(own);
  }
  visit.profile = view;
  if (!(await consents(visit, own))) return kiosk.leave();
  const queued = view.presence === "in_hall" && view.queue_no && view.presence_until_ms > now();
  visit.ticket = queued ? { queue_no: view.queue_no } : await visit.person.post(`${own}/ticket`); // a new PIN ends the slip's
  return kiosk.show("offers");
}

/** Asks anew where the text has changed or the consent was withdrawn; answers whether this person goes on. */
async function consents(visit, own) {
  const consent = await visit.person.get(`${own}/consent`);
  if (!consent.asked) return true;
  const words = consent.withdrawn_ms ? "你撤回过同意,现在不给你派活。要重新接活,请看下面的话。" : "登记时同意的话有改动,请再看一遍。";
  const yes = await ask("请你同意", h("div", { class: "stack" }, h("p", {}, words), h("p", { class: "consent" }, consent.text)), [
    { words: "我同意", value: true, kind: "primary" },
    { words: "不同意" },
  ]);
  if (yes) await visit.person.put(`${own}/consent`, { version: consent.version });
  return yes || !consent.withdrawn_ms; // the old consent covers what it covered
}
