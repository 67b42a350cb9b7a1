/**
 * Computes an award's draw anew (what matcher/draw.py tells): the last seed leads back to the commitment by SHA-256, and
 * every ticket is SHA-1 of the seed of its round and the pseudonym.
 */
const AT_MOST_ROUNDS = 64;

async function hex(algorithm, text) {
  const bytes = await crypto.subtle.digest(algorithm, new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One sentence about the award of a posting (`PostingView` of the API). */
export async function check({ commitment, seed, rounds, order }) {
  if (!crypto.subtle) return "这个网页没有加密连接,手机不肯在这里重算;下面的数到哪里都能核对。";
  const seeds = [seed];
  while (seeds.length < Math.min(rounds, AT_MOST_ROUNDS)) seeds.unshift(await hex("SHA-256", seeds[0]));
  if ((await hex("SHA-256", seeds[0])) !== commitment) return "对不上:公开的数和承诺不一致。请投诉,由人来查。";
  for (const { profile, crew, round, ticket } of order) {
    if (!round || round > seeds.length) continue;
    if ((await hex("SHA-1", `${seeds[round - 1]}:${crew ?? profile}`)) !== ticket) return `对不上:第${round}轮的一个签不是这个数算出来的。请投诉,由人来查。`;
  }
  return "已在这台手机上重算:承诺和每一个签都对得上。";
}
