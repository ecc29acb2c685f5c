// Service worker of the inspector's page: the page and what it needs, also without a network. Nothing else.
const STORE = "contado-inspections";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep(event.data).then(() => event.ports[0].postMessage(true))));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request, address.pathname));
  else if (address.pathname.startsWith("/static/")) event.respondWith(file(request, address.searchParams.has("h")));
});

// Keeps the page and its files; files of an earlier version go.
async function keep({ path, files }) {
  const store = await caches.open(STORE);
  for (const request of await store.keys()) {
    if (request.url.includes("/static/") && !files.includes(request.url)) await store.delete(request);
  }
  for (const url of files) if (!(await store.match(url))) await store.add(url).catch(() => {});
  if (!(await store.match(path))) await fetched(path, path, store).catch(() => {});
}

async function fetched(request, name, store) {
  const answer = await fetch(request);
  if (answer.ok && !answer.redirected) await store.put(name, answer.clone());
  return answer;
}

async function page(request, path) {
  const store = await caches.open(STORE);
  try {
    return await fetched(request, path, store);
  } catch {
    return (await store.match(path, { ignoreVary: true })) ?? Response.error();
  }
}

// An address with a hash never changes; another one is asked for anew where that is possible.
async function file(request, hashed) {
  const store = await caches.open(STORE);
  const kept = await store.match(request, { ignoreVary: true });
  if (kept && hashed) return kept;
  try {
    return await fetched(request, request, store);
  } catch {
    return kept ?? Response.error();
  }
}
