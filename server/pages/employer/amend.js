/** 改一改: a change by the employer, with who is let go where fewer are wanted. */
import { h } from "../lib/dom.js";
import { changePosting } from "../parts/change.js";
import { ask } from "../parts/dialog.js";
import { STATES } from "./live.js";
import { calledAs } from "./firm.js";

/** Asks for the change; resolves with what to say of it, or "" where nothing was changed. `seated`: their entries. */
export async function amend(firm, view, seated) {
  const written = await changePosting(firm, view, (count) => whomToRelease(count, seated));
  if (!written) return "";
  return ["open", "filled"].includes(written.state) ? "改好了,有关的人马上知道" : `改好了,现在是“${STATES[written.state]}”`;
}

async function whomToRelease(count, seated) {
  const boxes = seated.map(({ profile }) => h("label", { class: "row" }, h("input", { type: "checkbox", value: profile }), calledAs(profile)));
  const body = h("fieldset", { class: "stack" }, h("legend", {}, `录用的人多了 ${count} 个,请选不再需要谁(不影响他们):`), boxes);
  const yes = await ask("人数少了", body, [{ words: "就不要他们了", value: true, kind: "stop" }, { words: "不改了", value: null }]);
  if (!yes) return null;
  const named = boxes.flatMap((box) => (box.querySelector("input").checked ? [box.querySelector("input").value] : []));
  return named.length ? named : null;
}
