/** What the forms of the desk share. */
import { h } from "../lib/dom.js";

/** Shows a refusal at the field that it names (`detail` begins with its path), else in `said`. `fields`: path -> kz-field. */
export function refuseAt(error, fields, said) {
  const path = Object.keys(fields).find((each) => error.detail?.startsWith(each));
  if (path) return fields[path].refuse(error.message.replace(`${path} `, ""));
  said.replaceChildren(h("p", { class: "banner stop", role: "alert" }, error.message));
}

/** A form whose button sends it; Enter in a field does too. */
export function form(title, parts, send, words) {
  const element = h(
    "form",
    { class: "card stack", novalidate: true },
    h("h2", {}, title),
    parts,
    h("div", { class: "row" }, h("button", { class: "primary" }, words)),
  );
  let busy = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    await send().finally(() => (busy = false));
  });
  return element;
}
