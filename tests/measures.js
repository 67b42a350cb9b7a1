// What the tests measure in a page: each function answers with what is wrong.
const visible = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !e.closest(".unseen");

function* texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const e = walker.currentNode.parentElement;
    if (text && !e.closest("noscript, script, style, option") && visible(e)) yield [text.slice(0, 40), e];
  }
}

/** Targets smaller than `target` px, text smaller than `text` px, lines closer than `leading`. */
function sizes({ target, text, leading }) {
  const wrong = [];
  for (const e of document.querySelectorAll("button, a[href], input, select, textarea, [role=button], summary")) {
    const { width, height } = e.getBoundingClientRect();
    const small = Math.round(width) < target || Math.round(height) < target;
    if (visible(e) && width && small) wrong.push(`${Math.round(width)}x${Math.round(height)} ${e.outerHTML.slice(0, 120)}`);
  }
  for (const [words, e] of texts()) {
    const { fontSize, lineHeight } = getComputedStyle(e);
    if (parseFloat(fontSize) < text) wrong.push(`${fontSize} ${words}`);
    if (parseFloat(lineHeight) / parseFloat(fontSize) < leading - 0.001 && !e.closest("button, .pay")) {
      wrong.push(`line ${lineHeight} of ${fontSize} ${words}`);
    }
  }
  return wrong;
}

/** Text whose contrast with the colour it stands on is less than `least`. */
function contrast(least) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const wrong = [];
  for (const [words, e] of texts()) {
    const [more, less] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
    const ratio = (more + 0.05) / (less + 0.05);
    if (ratio < least) wrong.push(`${ratio.toFixed(2)} ${words}`);
  }
  return wrong;
}
