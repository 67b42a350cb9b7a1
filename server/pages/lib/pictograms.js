/** A picture for every trade, drawn for the project. Pictures stand beside words, never instead of them. */

const SVG = "http://www.w3.org/2000/svg";
const TOOLS = "M14 6a8 8 0 0 0-2 10L4 24l4 4 8-8a8 8 0 0 0 10-2l-5 0-3-3 0-5z";

/** The picture of a trade as an element of class `picture`, hidden from screen readers. */
export function pictogram(trade) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 32 32", class: "picture", "aria-hidden": "true" })) svg.setAttribute(name, value);
  svg.dataset.trade = trade;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", TOOLS);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}
