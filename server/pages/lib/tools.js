/** What the forms of the work pages need: names, sites, and how words are understood. */
import { CERTIFICATES, HAZARDS, TRADES } from "./trades.js";

const named = (names) => Object.entries(names).map(([id, name]) => ({ id, name }));

/** Names of everything that a trade, a certificate or a hazard may be: [{ id, name }]. */
export const LEXICON = {
  trades: Object.entries(TRADES).map(([id, [name]]) => ({ id, name })),
  certificates: named(CERTIFICATES),
  hazards: named(HAZARDS),
};

/** What people call a trade; its id where this page does not know it. */
export function tradeName(id) {
  return TRADES[id]?.[0] ?? id;
}

/** { api, sites, find: { trade(words), trades(words), place(words) } }: the sites are read from the server. */
export async function readTools(api) {
  const { sites } = await api.get("/v1/sites");
  const trades = async (words, options) => (await api.post("/v1/recognise", { text: words }, options)).trades;
  const find = {
    trades,
    trade: async (words) => {
      const [first] = await trades(words);
      return first ? { id: first.id, name: first.name } : null;
    },
    place: async (words) => (await api.post("/v1/understand", { text: `地点:${words}` })).draft.place,
  };
  return { api, sites, find };
}
