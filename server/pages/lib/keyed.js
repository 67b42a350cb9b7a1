/**
 * Lists that follow what changes. An item whose signature is the same keeps its element, and with it the caret, what is
 * unfolded and what counts down; the others are built anew, and the focus stays where it was.
 */
const signatures = new WeakMap();

/** Makes the children of `parent` those of `items`: `key(item)`, `sign(item)` and `build(item)` each give one's own. */
export function keyed(parent, items, { key, sign, build }) {
  const had = new Map(Array.from(parent.children, (child) => [child.dataset.key, child]));
  const focused = parent.contains(document.activeElement) ? focusIn(parent) : null;
  let at = parent.firstElementChild;
  for (const item of items) {
    const id = key(item);
    const signature = sign(item);
    let element = had.get(id);
    if (!element || signatures.get(element) !== signature) {
      element = build(item);
      element.dataset.key = id;
      signatures.set(element, signature);
    }
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
  if (focused && !parent.contains(document.activeElement)) refocus(parent, focused);
}

function focusIn(parent) {
  const child = Array.from(parent.children).find((each) => each.contains(document.activeElement));
  return { key: child.dataset.key, words: document.activeElement.textContent };
}

/** The same button of the same item; else its heading, so that a screen reader goes on from there. */
function refocus(parent, { key, words }) {
  const child = Array.from(parent.children).find((each) => each.dataset.key === key);
  if (!child) return;
  const same = Array.from(child.querySelectorAll("button, a, summary")).find((each) => each.textContent === words);
  const heading = child.querySelector("h2, h3");
  if (!same && heading) heading.tabIndex = -1;
  (same ?? heading)?.focus({ preventScroll: true });
}
