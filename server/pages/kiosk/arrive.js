/** From who somebody is to what there is for them. */
import { wanted } from "./visit.js";

/** Somebody has shown who they are: what they want today is written down, they are in the hall, and see their offers. */
export async function arrive(kiosk) {
  const { visit } = kiosk;
  const own = `/v1/profiles/${encodeURIComponent(visit.id)}`;
  let view = await visit.person.get(own);
  if (visit.trades.size && !same(wanted(visit, view.profile), view.profile)) {
    await visit.person.put(own, { profile: wanted(visit, view.profile), expected_v: view.v });
    view = await visit.person.get(own);
  }
  visit.profile = view;
  visit.ticket = await visit.person.post(`${own}/ticket`);
  await kiosk.show("offers");
}

function same(one, other) {
  const sorted = (value) => JSON.stringify(value, Object.keys({ ...one, ...other }).sort());
  return sorted(one) === sorted(other);
}
