/** Pictures of one path. */
const SVG = "http://www.w3.org/2000/svg";

/** An SVG with a path; `label` names it for a screen reader, without one it is decoration. */
export function drawing(viewBox, path, { label = "", ...attributes } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  for (const [name, value] of Object.entries({ viewBox, ...attributes, ...named })) svg.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
