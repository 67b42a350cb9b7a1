/**
 * Keeps the shell of /worker, so that the page opens without a line and says so. Nothing that the API answers is ever
 * kept: requests that are neither the page itself nor a file of its own go to the server untouched.
 */
const ASSETS = "{assets}";
const PAGE = "/worker";
const FILES = [
  "design/tokens.css", "design/base.css", "design/frame.css", "design/controls.css", "design/told.css", "design/offers.css", "design/icon.svg", "design/pictograms.svg", "worker/worker.css", "worker/mine.css",
  "lib/api.js", "lib/clock.js", "lib/dom.js", "lib/inbox.js", "lib/keyed.js", "lib/later.js", "lib/pictograms.js", "lib/socket.js", "lib/svg.js", "lib/trades.js", "lib/values.js", "lib/words.js",
  "parts/controls.js", "parts/countdown.js", "parts/dialog.js", "parts/field.js", "parts/line.js", "parts/offer.js", "parts/qr.js", "parts/telephone.js", "parts/token.js",
  "worker/arrival.js", "worker/arrive.js", "worker/cards.js", "worker/draw.js", "worker/find.js", "worker/me.js", "worker/mine.js",
  "worker/order.js", "worker/refusal.js", "worker/register.js", "worker/sheet.js", "worker/stages.js", "worker/state.js", "worker/why.js", "worker/worker.js",
  "worker/me/complain.js", "worker/me/crew.js", "worker/me/data.js", "worker/me/employers.js", "worker/me/messages.js",
  "worker/me/profile.js", "worker/me/record.js",
];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(ASSETS).then((cache) => cache.addAll([PAGE, ...FILES.map((name) => `${ASSETS}/${name}`)])));
  skipWaiting();
});

addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => clients.claim()));
});

async function forgetOthers() {
  for (const name of await caches.keys()) if (name.startsWith("/assets/") && name !== ASSETS) await caches.delete(name);
}

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith(`${ASSETS}/`)) event.respondWith(kept(event.request));
  else if (event.request.mode === "navigate" && pathname === PAGE) event.respondWith(fetch(event.request).catch(() => caches.match(PAGE)));
});

async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}
