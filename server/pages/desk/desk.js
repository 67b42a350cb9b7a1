import { fill, h } from "../lib/dom.js";
import "../parts/line.js";

const page = document.getElementById("page");
page.classList.remove("loading");
page.ariaBusy = null;
document.body.append(h("kz-line"));
fill(page, h("h1", {}, "快招 · 工作台"));
