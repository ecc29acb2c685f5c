// The inspector's page: answers are kept here and sent in order, once each, when there is a network.
import { all, drop, put } from "./answers.js";

const root = document.querySelector("[data-inspections]");
const texts = JSON.parse(root.dataset.inspections);
const { account, address } = root.dataset;
const lang = document.documentElement.lang;
const HOLD_MS = 5000;
const RETRY_MS = 30000;
const DEGREE_M = 111195;
const bar = document.querySelector(".ct-queuebar");
const undo = document.querySelector(".ct-undo");
const list = document.querySelector(".ct-spots");
const given = document.querySelector(".ct-given");
const count = document.querySelector(".ct-count");
let here = null;
let trouble = "";
let busy = false;
let timer = 0;
let closing = 0;

const say = (text, value) => text.replace("#", value);
const clock = (at) => new Date(at).toLocaleTimeString(lang, { hour: "numeric", minute: "2-digit" });
const number = (value, digits = 0) => value.toLocaleString(lang, { maximumFractionDigits: digits });
const metres = (away) => away < 1000 ? `${number(Math.round(away))} m` : `${number(away / 1000, 1)} km`;
const waiting = (entries) => entries.filter((e) => e.state === "queued");

// ---- where the reader stands
function offset(lon, lat) {
  const east = (here.longitude - lon) * Math.cos(lat * Math.PI / 180) * DEGREE_M;
  return [east, (here.latitude - lat) * DEGREE_M];
}
const far = (item) => here ? Math.hypot(...offset(Number(item.dataset.lon), Number(item.dataset.lat))) : null;

function stand(position) {
  here = position.coords;
  document.querySelector(".ct-locate").setAttribute("aria-pressed", "true");
  for (const item of list?.children ?? []) {
    item.querySelector(".ct-far").textContent = metres(far(item));
    mark(document.getElementById(`s-${item.dataset.spot}`), item);
  }
  arrange();
}

function mark(spot, item) {
  const [east, north] = offset(Number(item.dataset.lon), Number(item.dataset.lat));
  const me = spot.querySelector(".ct-me");
  const sure = Math.round(here.accuracy);
  const inside = Math.abs(east) < 115 && Math.abs(north) < 42;
  me.toggleAttribute("hidden", !inside);
  me.setAttribute("transform", `translate(${east.toFixed(1)} ${(0 - north).toFixed(1)})`);
  me.firstElementChild.setAttribute("r", Math.min(sure, 60));
  me.lastElementChild.textContent = say(texts.you, sure);
  spot.querySelector(".ct-hereis").textContent = say(texts.away, metres(far(item)));
}

const locate = () => navigator.geolocation.watchPosition(stand, () => { count.textContent = texts.noposition; }, { enableHighAccuracy: true });
document.querySelector(".ct-locate").addEventListener("click", locate);
navigator.permissions?.query({ name: "geolocation" }).then((asked) => { if (asked.state === "granted") locate(); });

// ---- the list
function arrange() {
  if (!list) return;
  const kind = document.getElementById("kind").value;
  const sort = document.getElementById("sort").value;
  const items = [...list.children];
  const order = { near: (a, b) => far(a) - far(b), severity: (a, b) => ("worse" in b.dataset) - ("worse" in a.dataset) || b.dataset.severity - a.dataset.severity }[sort];
  if (order && (here || sort !== "near")) list.append(...items.sort(order));
  else if (sort === "section") list.append(...items.sort((a, b) => a.dataset.n - b.dataset.n));
  for (const item of items) item.hidden = "done" in item.dataset || Boolean(kind && item.dataset.kind !== kind);
  const shown = [...list.children].filter((item) => !item.hidden);
  shown.forEach((item, n) => {
    const spot = document.getElementById(`s-${item.dataset.spot}`);
    spot.querySelector(".ct-spotbar b").textContent = `${n + 1} ${texts.of} ${shown.length}, ${spot.dataset.title}`;
    const next = shown[n + 1];
    spot.querySelector(".ct-pair a").hash = next ? `s-${encodeURIComponent(next.dataset.spot)}` : "elenco";
  });
  const text = say(here ? texts.near : texts.here, number(shown.length));
  if (count.textContent !== text) count.textContent = text;
}
[...list?.children ?? []].forEach((item, n) => { item.dataset.n = n; });
document.querySelector(".ct-order").addEventListener("change", arrange);

// ---- the queue
function line(entry) {
  const item = document.createElement("li");
  const refused = entry.state === "refused";
  item.className = `ct-${entry.state}`;
  const sign = entry.state === "accepted" ? "ok" : refused ? "bad" : "wait";
  item.append(icon(sign), text("b", `${texts.answers[entry.answer]}, ${entry.title}`));
  const told = refused ? say(texts.refused, entry.reason) : say(entry.state === "accepted" ? texts.sent : texts.since, clock(entry.sent ?? entry.at));
  item.append(text("small", told + (entry.photo || entry.photographed ? texts.photo : "")));
  if (entry.state !== "accepted") item.append(choices(entry));
  return item;
}

function icon(name) {
  const [sign, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [key, value] of [["class", "ct-sign"], ["width", 20], ["height", 20], ["aria-hidden", "true"]]) sign.setAttribute(key, value);
  use.setAttribute("href", `${root.dataset.icons}#ct-${name}`);
  sign.append(use);
  return sign;
}

function text(tag, words) {
  const node = document.createElement(tag);
  node.textContent = words;
  return node;
}

function choices(entry) {
  const box = document.createElement("div");
  if (document.getElementById(`s-${entry.anomaly}`)) {
    const link = text("a", texts.review);
    link.href = `#s-${encodeURIComponent(entry.anomaly)}`;
    box.append(link);
  }
  const remove = text("button", texts.drop);
  remove.type = "button";
  remove.addEventListener("click", async () => { await drop(entry.n); await draw(); });
  box.append(remove);
  return box;
}

async function draw() {
  const entries = await all(account);
  for (const old of given.querySelectorAll("[data-own]")) old.remove();
  const known = new Set([...given.children].map((item) => item.dataset.key));
  for (const entry of entries.filter((e) => !known.has(e.key))) {
    const item = line(entry);
    item.dataset.own = entry.key;
    given.prepend(item);
  }
  document.querySelector(".ct-none").hidden = Boolean(given.children.length);
  const answered = new Set(entries.filter((e) => e.state !== "refused").map((e) => e.anomaly));
  for (const item of list?.children ?? []) {
    if (answered.has(item.dataset.spot)) item.dataset.done = "";
    else delete item.dataset.done;
  }
  arrange();
  tell(waiting(entries).length);
}

function tell(queued) {
  const offline = trouble === "offline" || !navigator.onLine;
  const parts = [];
  if (queued) parts.push(queued === 1 ? texts.queued[0] : say(texts.queued[1], number(queued)));
  if (trouble === "signin" && queued) parts.push(texts.signin);
  const first = offline ? texts.offline : "";
  const rest = parts.join(" ");
  const [strong, plain] = bar.querySelectorAll("b, span");
  if (strong.textContent !== first) strong.textContent = first;
  if (plain.textContent !== rest) plain.textContent = rest;
  bar.hidden = !first && !rest;
  const link = bar.querySelector("a");
  link.href = trouble === "signin" ? root.dataset.signin : "#risposte";
}

async function send() {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  try {
    let token = "";
    for (const entry of waiting(await all(account))) {
      const left = entry.hold - Date.now();
      if (left > 0) { timer = setTimeout(send, left); return; }
      token ||= await freshToken();
      const answer = await post(entry, token);
      if (!answer) break;
      const { photo, position, ...kept } = entry;
      const now = { ...kept, state: answer.state, reason: answer.reason, photographed: Boolean(photo), sent: Date.now() };
      await put(answer.state === "refused" ? { ...now, photo, position } : now);
      await draw();
    }
    if (waiting(await all(account)).length) timer = setTimeout(send, RETRY_MS);
  } catch (error) {
    trouble = error.message === "signin" ? "signin" : "offline";
    timer = setTimeout(send, RETRY_MS);
  } finally {
    busy = false;
    await draw();
  }
}

// The page that is kept may be hours old: the form's token is asked for when it is needed.
async function freshToken() {
  const answer = await fetch(address, { cache: "no-store" });
  if (answer.redirected) throw new Error("signin");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const owner = fresh.querySelector("[data-account]");
  if (owner?.dataset.account !== account) throw new Error("signin");
  trouble = "";
  return owner.dataset.token;
}

async function post(entry, token) {
  const form = new FormData();
  const fields = { form_token: token, anomaly: entry.anomaly, answer: entry.answer, key: entry.key, at: entry.at, ...entry.position };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (entry.photo) form.set("photo", entry.photo, "photo.jpg");
  const answer = await fetch(address, { method: "POST", body: form, headers: { accept: "application/json" } });
  if (answer.redirected) throw new Error("signin");
  if (answer.headers.get("content-type")?.startsWith("application/json")) return answer.json();
  return answer.status === 413 || answer.status === 415 ? { state: "refused", reason: texts.badphoto } : null;
}

// ---- one tap
root.addEventListener("submit", async (event) => {
  const form = event.target.closest(".ct-answer");
  if (!form) return;
  event.preventDefault();
  const anomaly = form.elements.anomaly.value;
  const spot = form.closest(".ct-spot");
  const item = [...list.children].find((i) => i.dataset.spot === anomaly);
  const entry = { account, anomaly, title: spot.dataset.title, answer: event.submitter.value, key: crypto.randomUUID(), at: new Date().toISOString(), state: "queued", hold: Date.now() + HOLD_MS };
  if (here) entry.position = { away_m: Math.round(far(item)), accuracy_m: Math.round(here.accuracy) };
  const file = form.elements.photo.files[0];
  if (file) entry.photo = await smaller(file);
  // a new answer takes the place of one that was refused
  for (const old of await all(account)) if (old.anomaly === anomaly && old.state === "refused") await drop(old.n);
  entry.n = await put(entry);
  form.reset();
  form.elements.photo.previousElementSibling.textContent = texts.photoword;
  location.hash = spot.querySelector(".ct-pair a").hash;
  offerUndo(entry);
  await draw();
  send();
});

root.addEventListener("change", ({ target }) => {
  if (target.name === "photo") target.previousElementSibling.textContent = target.files.length ? texts.added : texts.photoword;
});

function offerUndo(entry) {
  undo.querySelector("span").textContent = say(texts.said, `${texts.answers[entry.answer]}, ${entry.title}`);
  undo.hidden = false;
  clearTimeout(closing); // the one of the answer before
  closing = setTimeout(() => { undo.hidden = true; }, HOLD_MS);
  undo.querySelector("button").onclick = async () => {
    clearTimeout(closing);
    undo.hidden = true;
    await drop(entry.n);
    await draw();
    location.hash = `s-${encodeURIComponent(entry.anomaly)}`;
  };
}

// A photograph of 1600 pixels tells enough; what the camera wrote about place and device is left out.
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  } catch {
    return file;
  }
}

// ---- without a network too
async function settle() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("/ispezioni.js", { scope: new URL(address, location).pathname });
  const { active } = await navigator.serviceWorker.ready;
  const used = performance.getEntriesByType("resource").map((e) => e.name.replace(/#.*/, ""));
  const named = [...document.querySelectorAll("link[href], script[src], use")].map((n) => n.src || n.href.baseVal || n.href);
  const files = [...used, ...named].map((name) => new URL(name, location)).filter((url) => url.origin === location.origin && url.pathname.startsWith("/static/"));
  const urls = files.map((url) => url.href.replace(/#.*/, ""));
  const { port1, port2 } = new MessageChannel();
  const kept = new Promise((done) => { port1.onmessage = done; });
  active.postMessage({ path: location.pathname, files: [...new Set(urls)] }, [port2]);
  await kept;
  document.documentElement.dataset.kept = "";
}

async function begin() {
  const today = new Date().toDateString();
  for (const old of await all(account)) if (old.state === "accepted" && new Date(old.at).toDateString() !== today) await drop(old.n);
  await draw();
  await send();
  await settle().catch(() => {});
}
addEventListener("online", send);
addEventListener("offline", draw);
addEventListener("hashchange", () => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.focus({ preventScroll: true }));
document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
begin();
