/** A QR code as the server draws it. */
const SVG = "http://www.w3.org/2000/svg";

/** `qr`: { size, path } of the API; `words` say what it is. */
export function qrPicture({ size, path }, words) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": words })) svg.setAttribute(name, value);
  const modules = document.createElementNS(SVG, "path");
  modules.setAttribute("d", path);
  svg.append(modules);
  return svg;
}
