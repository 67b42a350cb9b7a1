/** What the forms of the work pages need of the server: names, sites, and how words are understood. */

/** { api, lexicon, sites, tradeName(id), find: { trade(words), trades(words), place(words) } } */
export async function readTools(api) {
  const [lexicon, { sites }] = await Promise.all([api.get("/v1/trades"), api.get("/v1/sites")]);
  const names = new Map(lexicon.trades.map(({ id, name }) => [id, name]));
  const trades = async (words, options) => (await api.post("/v1/recognise", { text: words }, options)).trades;
  const find = {
    trades,
    trade: async (words) => {
      const [first] = await trades(words);
      return first ? { id: first.id, name: first.name } : null;
    },
    place: async (words) => (await api.post("/v1/understand", { text: `地点:${words}` })).draft.place,
  };
  return { api, lexicon, sites, find, tradeName: (id) => names.get(id) ?? id };
}
