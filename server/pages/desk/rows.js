/** 隔离 and 合并: rows of the sites' lists that stayed out, mended cell by cell and sent again; merges, and their undoing. */
import { h } from "../lib/dom.js";
import { clockWords, dayWords } from "../lib/words.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/field.js";
import { Queue } from "./queue.js";

const KINDS = { profile: "登记", posting: "岗位", employer: "用工方" };
const at = (ms) => `${dayWords(ms)} ${clockWords(ms)}`;

function line({ kind, site, where, message, at_ms: ms, undone_ms: undone }) {
  return [
    h(
      "span",
      { class: "row spread" },
      h("b", {}, `${KINDS[kind] ?? kind} · ${site}`),
      undone ? h("span", { class: "badge yes" }, "已分开") : h("span", { class: "muted small" }, at(ms)),
    ),
    h("span", { class: "small" }, message || where),
  ];
}

export class Quarantine {
  #desk;
  /** Rows sent again, by when they came to lie here: they are seen again only if they come back. */
  #sent = new Map();

  constructor(desk) {
    this.#desk = desk;
    this.queue = new Queue({
      title: "隔离", empty: () => "没有留在外面的行。", key: ({ id }) => id, line, show: (row) => this.#show(row),
      read: async () => (await desk.api.get("/v1/ingest/quarantine?limit=100")).rows.filter((row) => this.#sent.get(row.id) !== row.at_ms),
    });
    this.element = this.queue.element;
    this.keys = [
      { key: "R", words: "改好再送一遍", press: () => this.#replay() },
      { key: "X", words: "不要这一行了", press: () => this.#discard() },
    ];
  }

  load() {
    return this.queue.load();
  }

  #show(row) {
    this.cells = Object.entries(row.row).map(([name, value]) => [name, value, field(name, { value, maxlength: "2000" })]);
    const cells = new Map(this.cells.map(([name, , input]) => [name, input]));
    for (const { field: name, message } of row.problems) cells.get(name)?.mark(message);
    const others = row.problems.filter(({ field: name }) => !cells.has(name));
    return [
      h("h2", {}, `${KINDS[row.kind] ?? row.kind},来自 ${row.source}`),
      h("p", { class: "muted" }, `${row.origin} · ${row.where} · ${at(row.at_ms)}`),
      h(
        "ul",
        { class: "findings" },
        others.map(({ message }) => h("li", { class: "block" }, h("span", { class: "badge" }, "整行"), h("p", {}, message))),
      ),
      h("div", { class: "cells" }, this.cells.map(([, , input]) => input)),
      h(
        "div",
        { class: "row actions" },
        this.#desk.keys.button("改好再送一遍", "R", () => this.#replay(), { class: "primary" }),
        this.#desk.keys.button("不要了", "X", () => this.#discard(), { class: "stop" }),
      ),
    ];
  }

  async #replay() {
    const row = this.queue.chosen;
    if (!row) return;
    const cells = Object.fromEntries(this.cells.filter(([, value, input]) => input.control.value !== value).map(([name, , input]) => [name, input.control.value]));
    const send = async () => {
      await this.#desk.api.post(`/v1/ingest/quarantine/${row.id}/replay`, { cells });
      this.#sent.set(row.id, row.at_ms);
    };
    await this.queue.act(send, "送去了。还不行的话,会带着新的原因回到这里。");
  }

  async #discard() {
    const row = this.queue.chosen;
    if (!row) return;
    const yes = await ask("这一行不要了?", h("p", {}, "名单里再来同样的一行,还会出现。"), [{ words: "不要了", value: true, kind: "stop" }, { words: "留着", value: null }]);
    if (yes) await this.queue.act(() => this.#desk.api.post(`/v1/ingest/quarantine/${row.id}/discard`), "去掉了");
  }
}

export class Merges {
  #desk;

  constructor(desk) {
    this.#desk = desk;
    this.queue = new Queue({
      title: "合并", empty: () => "没有合并过的行。", key: ({ id }) => id, line, show: (row) => this.#show(row),
      read: async () => (await desk.api.get("/v1/ingest/merges?limit=100")).rows,
    });
    this.element = this.queue.element;
    this.keys = [{ key: "U", words: "不是同一个,分开", press: () => this.#undo() }];
  }

  load() {
    return this.queue.load();
  }

  #show(row) {
    const cells = Object.entries(row.row).map(([name, value]) => h(
      "tr",
      { class: row.differs.includes(name) ? "differs" : "" },
      h("th", { scope: "row" }, name),
      h("td", {}, value),
      h("td", {}, row.differs.includes(name) ? "不一样" : ""),
    ));
    return [
      h("h2", {}, `${KINDS[row.kind] ?? row.kind},并进了 ${row.record}`),
      h("p", { class: "muted" }, `${row.source} · ${row.origin} · ${row.where} · ${at(row.at_ms)}`),
      row.differs.length > 0 && h("p", { class: "banner warn" }, `有 ${row.differs.length} 处不一样:${row.differs.join("、")}`),
      h("table", {}, h("tbody", {}, cells)),
      row.undone_ms ? h("p", { class: "banner yes" }, `${at(row.undone_ms)} 由 ${row.undone_by} 分开`) : h(
        "div",
        { class: "row actions" },
        this.#desk.keys.button("不是同一个,分开", "U", () => this.#undo(), { class: "primary" }),
      ),
    ];
  }

  async #undo() {
    const row = this.queue.chosen;
    if (!row || row.undone_ms) return;
    await this.queue.act(() => this.#desk.api.post(`/v1/ingest/merges/${row.id}/undo`), "分开了,这一行会单独登记");
  }
}
