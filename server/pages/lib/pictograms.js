/** Pictures drawn for the project, all in one file. They stand beside words, never instead of them. */
import { TRADES } from "./trades.js";

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("../design/pictograms.svg", import.meta.url).pathname;

/** A picture by its name in design/pictograms.svg, in the colour of the text, hidden from screen readers. */
export function picture(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "picture");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** The picture of a trade by its id; hands for one that this page does not know. */
export function pictogram(trade) {
  const svg = picture("hand");
  aim(svg, trade);
  return svg;
}

/** Makes a picture that of another trade. */
export function aim(svg, trade) {
  svg.dataset.trade = trade;
  svg.firstChild.setAttribute("href", `${SPRITE}#${TRADES[trade]?.[1] ?? "hand"}`);
}
