"use strict";
// Pan, zoom, choice and sorting; without it map, legend filter, table and diagrams are complete.
const data = JSON.parse(document.getElementById("rv-data").textContent);
const frame = document.querySelector("[data-map]");
const svg = frame.querySelector("svg");
const rows = [...document.querySelectorAll("tr[data-p]")];
const view = { x: 0, y: 0, w: data.width, h: data.height };
const between = (zooms, values, z) => {
  if (z <= zooms[0]) return values[0];
  for (let i = 1; i < zooms.length; i += 1) if (z <= zooms[i]) return values[i - 1] + ((values[i] - values[i - 1]) * (z - zooms[i - 1])) / (zooms[i] - zooms[i - 1]);
  return values[values.length - 1];
};
const pixels = () => Math.min(frame.clientWidth / view.w, frame.clientHeight / view.h);
const each = (where, act) => svg.querySelectorAll(where).forEach(act);

const scale = document.createElement("div");
scale.className = "rv-scale";
scale.setAttribute("aria-hidden", "true");
frame.append(scale);
each(".rv-scalebar", (bar) => bar.remove());
const more = matchMedia("(prefers-contrast: more)").matches ? 1 : 0;

// To the right of where a line runs, its corners mitred: as the file drew it, for another zoom.
const shifted = (d, px) => d.replace(/M[^M]*/g, (run) => {
  const points = run.slice(1).split("L").map((p) => p.split(" ").map(Number));
  const sides = points.slice(1).map(([x, y], i) => {
    const [dx, dy] = [x - points[i][0], y - points[i][1]];
    const length = Math.hypot(dx, dy) || 1;
    return [-dy / length, dx / length];
  });
  const moved = points.map(([x, y], i) => {
    const [a, b] = [sides[Math.max(0, i - 1)], sides[Math.min(i, sides.length - 1)]];
    const by = px / Math.max(0.5, 1 + a[0] * b[0] + a[1] * b[1]);
    return `${(x + (a[0] + b[0]) * by).toFixed(2)} ${(y + (a[1] + b[1]) * by).toFixed(2)}`;
  });
  return `M${moved.join("L")}`;
});

function drawn() {
  svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const k = pixels();
  const z = data.zoom + Math.log2(k);
  svg.style.setProperty("--u", String(1 / k));
  for (const [id, widths] of Object.entries(data.widths)) {
    const w = between(data.zooms, widths, z) + more;
    each(`.rv-line.rv-w${id}`, (line) => {
      line.style.strokeWidth = `${w}px`;
      if (line.classList.contains("rv-dashed")) line.style.strokeDasharray = data.dash.map((d) => `${d * w}px`).join(" ");
    });
    each(`.rv-case.rv-w${id}`, (line) => (line.style.strokeWidth = `${w + data.casing}px`));
    each(`.k-${id} .rv-beside`, (line) => line.setAttribute("d", shifted(line.dataset.d, (w / 2 + data.gap) / k)));
    each(`.k-${id} .rv-under`, (line) => (line.style.strokeWidth = `${Math.max(1.2, w / 3)}px`));
  }
  const dot = between(...data.dots, z);
  each(".rv-dots", (line) => {
    line.setAttribute("visibility", z >= data.dots[0][0] ? "visible" : "hidden");
    line.style.strokeWidth = `${dot}px`;
    line.style.strokeDasharray = data.dotDash.map((d) => `${d * dot}px`).join(" ");
  });
  each(".rv-letters", (group) => (group.style.display = z >= data.letters || more ? "inline" : "none"));
  each(".rv-letters > g", (run) => run.setAttribute("visibility", run.dataset.room * k >= data.letterRoom ? "visible" : "hidden"));
  const metres = data.pxm * k;
  const power = 10 ** Math.floor(Math.log10(110 / metres));
  const length = [5, 2, 1].map((m) => m * power).find((m) => m * metres <= 110);
  scale.textContent = length < 1000 ? `${length} m` : `${length / 1000} km`;
  scale.style.width = `${Math.max(24, length * metres)}px`;
  band();
}

function at(event) {
  const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [p.x, p.y];
}
function zoomed(factor, [x, y]) {
  const w = Math.min(data.width * 1.6, Math.max(data.width / 400, view.w / factor));
  const f = view.w / w;
  view.x = x - (x - view.x) / f;
  view.y = y - (y - view.y) / f;
  view.h /= f;
  view.w = w;
  drawn();
}
const centre = () => [view.x + view.w / 2, view.y + view.h / 2];
function moved(dx, dy) {
  view.x += dx;
  view.y += dy;
  drawn();
}
const all = () => {
  Object.assign(view, { x: 0, y: 0, w: data.width, h: data.height });
  drawn();
};

const buttons = frame.querySelector(".rv-zoom");
buttons.hidden = false;
buttons.addEventListener("click", (event) => {
  const what = event.target.dataset?.zoom;
  if (what === "all") all();
  else if (what) zoomed(what === "in" ? 1.6 : 1 / 1.6, centre());
});
frame.addEventListener("keydown", (event) => {
  const step = view.w / 12;
  const acts = { ArrowLeft: () => moved(-step, 0), ArrowRight: () => moved(step, 0), ArrowUp: () => moved(0, -step), ArrowDown: () => moved(0, step), "+": () => zoomed(1.6, centre()), "-": () => zoomed(1 / 1.6, centre()), 0: all, Escape: () => choose(null) };
  if (event.target === frame && acts[event.key]) {
    acts[event.key]();
    event.preventDefault();
  }
});
frame.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !frame.contains(document.activeElement)) return; // the page scrolls until the map is chosen
  event.preventDefault();
  zoomed(2 ** (-event.deltaY / 300), at(event));
}, { passive: false });
const fingers = new Map();
let travelled = 0;
svg.addEventListener("pointerdown", (event) => {
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  travelled = 0;
});
svg.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
  travelled += Math.hypot(dx, dy);
  if (travelled > 4) svg.setPointerCapture(event.pointerId);
  const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, p]) => p);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (others.length) {
    const [o] = others;
    const far = (p) => Math.hypot(p[0] - o[0], p[1] - o[1]) || 1;
    zoomed(far([event.clientX, event.clientY]) / far(before), at({ clientX: (event.clientX + o[0]) / 2, clientY: (event.clientY + o[1]) / 2 }));
  } else moved(-dx / pixels(), -dy / pixels());
});
for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => fingers.delete(event.pointerId));

let chosen = null;
const NS = "http://www.w3.org/2000/svg";
const group = svg.querySelector(".rv-chosen");
const bands = ["rv-chosen-ink", "rv-chosen-white"].map((name) => {
  const path = document.createElementNS(NS, "path");
  path.setAttribute("class", name);
  group.append(path);
  return path;
});
function band() {
  const line = chosen === null ? null : document.getElementById(`p${chosen}`);
  const width = line ? parseFloat(getComputedStyle(line).strokeWidth) : 0;
  bands.forEach((path, i) => {
    path.setAttribute("d", line?.getAttribute("d") ?? "");
    path.style.strokeWidth = `${width + [13, 8][i]}px`;
  });
}
function choose(number, scroll) {
  chosen = number;
  for (const row of rows) {
    const own = row.dataset.p === String(number);
    row.toggleAttribute("aria-current", own);
    if (own) row.setAttribute("aria-current", "true");
    if (own && scroll) row.scrollIntoView({ block: "nearest" });
  }
  const line = number === null ? null : document.getElementById(`p${number}`);
  if (line && !scroll) {
    const box = line.getBBox();
    const outside = box.x < view.x || box.x > view.x + view.w || box.y < view.y || box.y > view.y + view.h;
    if (outside) moved(box.x + box.width / 2 - view.x - view.w / 2, box.y + box.height / 2 - view.y - view.h / 2);
  }
  band();
}
svg.addEventListener("click", (event) => {
  const line = event.target.closest(".rv-line");
  if (travelled < 5) choose(line ? Number(line.dataset.p) : null, true);
});
const over = (number) => rows.forEach((row) => row.classList.toggle("rv-over", number !== undefined && row.dataset.p === number));
svg.addEventListener("pointerover", (event) => over(event.target.closest?.(".rv-line")?.dataset.p));
for (const row of rows) {
  row.addEventListener("click", (event) => {
    event.preventDefault();
    choose(Number(row.dataset.p), false);
  });
  row.addEventListener("keydown", (event) => event.key === "Escape" && choose(null));
}

const count = document.getElementById("rv-count");
document.querySelector(".rv-legend")?.addEventListener("change", () => {
  const shown = rows.filter((row) => row.checkVisibility()).length;
  if (count) count.textContent = count.dataset.words.replace("{n}", shown).replace("{all}", rows.length);
});
for (const head of document.querySelectorAll("th[data-sort]")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "rv-sort" });
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => (row.dataset[head.dataset.sort] === "" ? Infinity : (up ? 1 : -1) * Number(row.dataset[head.dataset.sort]));
    const body = head.closest("table").tBodies[0];
    body.append(...[...body.rows].sort((a, b) => value(a) - value(b) || a.dataset.k - b.dataset.k));
  });
}
new ResizeObserver(drawn).observe(frame);
