/** Builds elements node by node: what people wrote can never become markup. */

/**
 * An element. Properties: `class`, `data` (object), `on` (event -> listener), a function, object or boolean as it is,
 * everything else as an attribute; null and false are left out. Children: nodes, strings, arrays of them; null is left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || typeof value === "object") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button that does not send a form. While `press` works it is busy, and pressing again does nothing. */
export function button(words, press, properties = {}) {
  const element = h("button", { type: "button", ...properties }, words);
  element.addEventListener("click", async (event) => {
    if (element.ariaBusy === "true") return;
    element.ariaBusy = "true";
    try {
      await press(event);
    } finally {
      element.ariaBusy = null;
    }
  });
  return element;
}

let ids = 0;

/** An id that nothing else on the page has. */
export function newId(prefix = "id") {
  ids += 1;
  return `${prefix}-${ids}`;
}
