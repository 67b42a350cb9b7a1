/** The last messages, as the market keeps them. */
import { fill, h } from "../../lib/dom.js";
import { momentWords } from "../../lib/words.js";

export function show(app, place) {
  const draw = () => {
    const { messages } = app.state;
    fill(place, messages.length ? h("ul", { class: "card menu" }, messages.map(line)) : h("p", { class: "nothing muted" }, "还没有消息"));
  };
  const again = () => (place.isConnected ? draw() : app.state.removeEventListener("change", again));
  app.state.addEventListener("change", again);
  draw();
}

function line({ at_ms: atMs, words }) {
  return h("li", { class: "line" }, h("p", {}, words), h("small", { class: "muted" }, momentWords(atMs)));
}
