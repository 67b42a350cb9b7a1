/** A QR code as the server draws it. */
import { drawing } from "../lib/svg.js";

/** `qr`: { size, path } of the API; `words` say what it is. */
export function qrPicture({ size, path }, words) {
  return drawing(`0 0 ${size} ${size}`, path, { class: "qr", label: words });
}
