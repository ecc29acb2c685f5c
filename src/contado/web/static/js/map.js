// The map of a tool page, twin of the table beside it. What a link or a form asks for is fetched and the parts
// that changed are put in the place of the old ones, so the map stays; without this they work by themselves.
const frame = document.getElementById("ct-map");
let config = JSON.parse(frame.dataset.map);
const says = frame.querySelector(".ct-mapsays");
const root = document.documentElement;
const prefers = (query) => matchMedia(query).matches;
const dark = root.dataset.theme === "dark" || (!root.dataset.theme && prefers("(prefers-color-scheme: dark)"));
const high = root.dataset.contrast === "high" || (!root.dataset.contrast && prefers("(prefers-contrast: more)"));
const sight = root.dataset.ramp === "field" ? "field" : dark ? "dark" : high ? "high" : "light";
const base = config.base[dark ? "dark" : "light"];
const ink = dark ? "#EDF1F4" : "#17212B";
const white = dark ? "#141B21" : "#FFFFFF";
const font = { "text-font": ["Titillium Web"] };
const round = { "line-cap": "round", "line-join": "round" };
const rowOf = (id) => document.querySelector(`tr[data-id="${CSS.escape(id)}"]`);
const colour = (c) => c[sight] ?? c.light;
const main = config.layers[0];
const cell = ["has", "_n"];
const idOf = main.tiles ? ["to-string", ["id"]] : ["get", "id"];
const filtered = [];
let areas;
const groups = { names: ["names"] };

const show = (text) => { says.classList.add("ct-shown"); says.textContent = text; };
const timer = setTimeout(() => show(config.texts.loading), 300);
const words = says.textContent;
const flat = () => { clearTimeout(timer); frame.classList.add("ct-flat"); };
const take = (address) => fetch(address).then((answer) => (answer.ok ? answer.json() : Promise.reject(address)));
const json = (data) => ({ type: "geojson", data });
start().catch((error) => {
  console.warn(error);
  flat();
  frame.classList.remove("ct-ready");
  show(`${config.texts.failed} `);
  says.append(Object.assign(document.createElement("a"), { href: "", textContent: config.texts.retry }));
});

async function start() {
  const fonts = ["400", "600"].map((w) => document.fonts.load(`${w} 14px "Titillium Web"`));
  // data are asked for while the library comes, not by its worker when that has started
  const data = [config.units, config.names, ...config.layers.flatMap((l) => l.data ?? [])].map(take);
  const [lib, made, ...rows] = await Promise.all([config.maplibre, config.areas].map((a) => a && import(a)).concat(data));
  areas = made;
  lib.setWorkerUrl(new URL(config.worker, location.href).href);
  lib.prewarm(); // the worker starts while the map makes its context
  // or the map draws its names in the fallback font
  await Promise.all(fonts);
  const holder = document.createElement("div");
  holder.className = "ct-mapholder";
  frame.append(holder);
  const view = new URLSearchParams(location.search);
  const [zoom, lng, lat] = ["z", "x", "y"].map((k) => parseFloat(view.get(k)));
  const options = {
    container: holder,
    style: mapStyle(rows),
    locale: config.texts.ui,
    attributionControl: false,
    dragRotate: false,
    maxPitch: 0,
    minZoom: 7,
    maxZoom: 18,
    fadeDuration: 0,
    canvasContextAttributes: { preserveDrawingBuffer: true },
    ...(Number.isFinite(zoom + lng + lat)
      ? { zoom, center: [lng, lat] }
      : { bounds: config.bounds, fitBoundsOptions: { padding: { top: 20, right: 20, bottom: 70, left: 20 }, maxZoom: 16 } }),
  };
  let map;
  // without WebGL the words and drawing of who has no JavaScript
  try { map = new lib.Map(options); } catch { return holder.remove(), flat(), show(words), wire(); }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new lib.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new lib.ScaleControl(), "bottom-right");
  await new Promise((resolve, reject) => {
    map.once("style.load", resolve);
    map.once("error", (event) => reject(event.error));
  });
  for (const layer of config.layers) addLayer(map, layer);
  addNames(map);
  frame.classList.add("ct-ready");
  wire(frame.map = map);
  map.once("idle", () => { clearTimeout(timer); frame.dataset.idle = Math.round(performance.now()); });
}

function mapStyle([units, names, ...rows]) {
  const line = (id, has, color, width) => ({ id, type: "line", source: "units", filter: ["has", has], paint: { "line-color": color, "line-width": width } });
  return {
    version: 8,
    sources: {
      units: json(units),
      places: json(names),
      chosen: json(config.chosen),
      ...Object.fromEntries(config.layers.map((l) => [l.id, l.tiles ? { type: "vector", tiles: [location.origin + l.tiles], maxzoom: 14 } : json(rows.shift())])),
    },
    layers: [
      { id: "outside", type: "background", paint: { "background-color": base.outside } },
      { id: "land", type: "fill", source: "units", filter: ["has", "id"], paint: { "fill-color": base.land, "fill-antialias": false } },
      line("borders", "id", base.boundary, ["interpolate", ["linear"], ["zoom"], 8, 0.5, 12, 1.2]),
      line("outline", "o", base.outline, 1.4),
    ],
  };
}

// Classes as an expression; the last one holds for what is in none.
const byClass = (layer, make) => (layer.classes.length > 1 ? ["match", layer.classOf, ...layer.classes.slice(0, -1).flatMap((c) => [c.id, make(c)]), make(layer.classes.at(-1))] : make(layer.classes[0]));
const width = (layer, extra = 0) => ["interpolate", ["linear"], ["zoom"], ...[8, 10, 12, 15].flatMap((z, i) => [z, byClass(layer, (c) => c.widths[i] + extra + (high ? 1 : 0))])];

function addLayer(map, layer) {
  const own = groups[layer.id] = [];
  const add = (part, type, rule, look, before) => {
    const id = `${layer.id}-${part}`;
    const { layout = {}, minzoom = layer.minzoom ?? 0, ...paint } = look;
    map.addLayer({ id, type, source: layer.id, ...(layer.tiles && { "source-layer": layer.table }), minzoom, layout, paint, ...(rule && { filter: rule }) }, before);
    own.push(id);
    if (layer === main && !/hover|ink|white|cells|numbers/.test(part)) filtered.push([id, rule]);
  };
  const drawn = layer.tiles ? ["!", cell] : null;
  const also = (...rules) => ["all", drawn ?? true, ...rules];
  const dashed = layer.classes.filter((c) => c.dash).map((c) => c.id);
  const isDashed = ["in", layer.classOf, ["literal", dashed]];
  const order = { [`${{ line: "line", polygon: "fill", point: "symbol" }[layer.geometry]}-sort-key`]: byClass(layer, (c) => c.order ?? 0) };
  const tint = byClass(layer, colour);
  if (layer.geometry === "line") {
    add("casing", "line", drawn, { layout: { ...round, ...order }, "line-color": layer.edge ?? white, "line-width": width(layer, 1.6) });
    if (dashed.length) add("dashed", "line", also(isDashed), { "line-color": tint, "line-width": width(layer), "line-dasharray": layer.classes.find((c) => c.dash).dash });
    add("lines", "line", also(["!", isDashed]), { layout: { ...round, ...order }, "line-color": tint, "line-width": width(layer) });
    if (layer.uncertain) add("uncertain", "line", also(["==", ["get", "u"], 1]), { minzoom: 10.5, layout: round, "line-color": "#FFFFFF", "line-width": ["interpolate", ["linear"], ["zoom"], 10.5, 0.9, 15, 3.4], "line-dasharray": [0.1, 2.4] });
  } else if (layer.geometry === "polygon") areas.fills(map, layer, add, also, order, tint, canvas);
  else if (layer.classes[0].mark) {
    for (const c of layer.classes) for (const full of [true, false]) map.addImage(`${c.mark}-${full}`, sign(c.path, full), { pixelRatio: 2.5 });
    add("signs", "symbol", drawn, { layout: { "icon-image": ["concat", byClass(layer, (c) => c.mark), "-", ["to-string", layer.full ?? true]], "icon-allow-overlap": true } });
  } else add("discs", "circle", drawn, { "circle-color": tint, "circle-radius": byClass(layer, (c) => c.widths[2]), "circle-stroke-color": ink, "circle-stroke-width": 1.2 });
  if (layer.letters) add("letters", "symbol", also(["!", isDashed]), { minzoom: high ? 0 : 13, layout: { ...font, "symbol-placement": layer.geometry === "line" ? "line-center" : "point", "text-field": byClass(layer, (c) => c.letter), "text-size": 13 }, "text-color": ink, "text-halo-color": white, "text-halo-width": 2 });
  if (layer.tiles) areas.squares(map, layer, add, cell, font, config.texts.merged);
  if (layer !== main) return;
  const none = ["==", idOf, ""];
  const size = layer.geometry === "line" ? (extra) => width(layer, extra) : (extra) => extra / 2;
  const band = (part, color, extra, before) => layer.geometry === "point"
    ? add(part, "circle", none, { "circle-radius": 11 + extra / 3, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": color, "circle-stroke-width": 3 }, before)
    : add(part, "line", none, { layout: round, "line-color": color, "line-width": size(extra) }, before);
  const first = layer.geometry === "polygon" ? undefined : own[0];
  band("hover", ink, 8, first);
  band("ink", ink, 13, first);
  band("white", white, 8, first);
}

function addNames(map) {
  map.addLayer({
    id: "names", type: "symbol", source: "places",
    layout: { ...font, "text-field": ["get", "name"], "text-size": ["case", [">", ["get", "pop"], 500000], 17, 13], "symbol-sort-key": ["-", 0, ["get", "pop"]], "text-padding": 6, "text-max-width": 8 },
    paint: { "text-color": base.label, "text-halo-color": base.land, "text-halo-width": 1.6 },
  });
  map.addLayer({ id: "chosen", type: "symbol", source: "chosen", layout: { ...font, "text-field": ["get", "id"], "text-size": 14, "text-offset": [0, 1.5], "text-allow-overlap": true }, paint: { "text-color": white, "text-halo-color": ink, "text-halo-width": 5 } });
}

// No image is fetched: the shape tells the kind, full or hollow confirmed or not.
function canvas(size, draw) {
  const g = Object.assign(document.createElement("canvas"), { width: size, height: size }).getContext("2d", { willReadFrequently: true });
  draw(g);
  return g.getImageData(0, 0, size, size);
}
const sign = (shape, full) => canvas(40, (g) => {
  const path = new Path2D(shape);
  for (const [color, size] of [[white, 9], [ink, 3]]) {
    g.strokeStyle = color; g.lineWidth = size; g.stroke(path);
    g.fillStyle = full ? ink : white; g.fill(path);
  }
  if (!full) g.stroke(path);
});

function wire(map) {
  const nameOf = (found) => (found ? String(main.tiles ? found.id : found.properties.id) : "");
  const mark = (parts, id) => map && parts.forEach((p) => map.setFilter(`${main.id}-${p}`, ["==", idOf, id]));
  let hovered = "";
  const hover = (id) => {
    if (id === hovered) return;
    document.querySelector(".ct-hovered")?.classList.remove("ct-hovered");
    hovered = id;
    mark(["hover"], id);
    rowOf(id)?.classList.add("ct-hovered");
  };
  const filter = () => {
    const shown = ["in", main.classOf, ["literal", [...document.querySelectorAll("#ct-legend :checked")].map((b) => b.value)]];
    for (const [id, rule] of filtered) map.setFilter(id, ["all", rule ?? true, config.rule ?? true, shown]);
  };
  // Choosing pans only when the object is out of sight; it never zooms by itself.
  const choose = () => {
    mark(["ink", "white"], config.selected ?? "");
    map.getSource("chosen").setData(config.chosen);
    const at = config.chosen.features[0]?.geometry.coordinates;
    if (at && !map.getBounds().contains(at)) map.panTo(at);
  };
  const bbox = () => map.getBounds().toArray().flat().map((v) => v.toFixed(5)).join(",");
  const seen = () => document.querySelectorAll("a[data-seen]").forEach((a) => {
    const url = new URL(a.href);
    url.searchParams.set("bbox", bbox());
    a.href = url;
  });
  const tied = () => document.getElementById("ct-extent")?.checked;

  async function go(address, push = true) {
    const url = new URL(address, location.href);
    const here = new URLSearchParams(location.search);
    for (const k of ["z", "x", "y", "layers"]) if (here.has(k) && !url.searchParams.has(k)) url.searchParams.set(k, here.get(k));
    if (map && tied()) url.searchParams.set("bbox", bbox());
    const answer = await fetch(url.pathname + url.search);
    if (!answer.ok) return location.assign(url);
    const news = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focus = document.activeElement.id, scroll = document.querySelector(".ct-toolscroll")?.scrollTop;
    document.querySelectorAll("[data-part]").forEach((part) => part.replaceWith(news.getElementById(part.id) ?? part));
    if (push) history.pushState(null, "", url);
    const fresh = JSON.parse(news.getElementById("ct-map").dataset.map);
    fresh.layers.forEach((l, i) => { if (map && l.data && l.data !== config.layers[i].data) map.getSource(l.id).setData(l.data); });
    config = fresh;
    const box = document.querySelector(".ct-toolscroll");
    if (box && url.hash) box.scrollTop = scroll;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    document.getElementById("ct-said").textContent = document.querySelector(".ct-pager span, #elenco .ct-empty")?.textContent ?? "";
    if (url.hash) document.querySelector(url.hash)?.scrollIntoView({ block: "nearest" });
    if (map) filter(), choose(), seen();
  }
  let later;
  const soon = (address, ms) => { clearTimeout(later); later = setTimeout(() => go(address), ms); };
  const ask = (form) => `${form.getAttribute("action")}?${new URLSearchParams([...new FormData(form)].filter(([, v]) => v))}`;
  const changed = (changes) => {
    const url = new URL(location.href);
    for (const [k, v] of Object.entries(changes)) v === null ? url.searchParams.delete(k) : url.searchParams.set(k, v);
    return url;
  };

  addEventListener("popstate", () => go(location.href, false));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-part] a");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.pathname !== location.pathname || link.hasAttribute("download")) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("[data-part]")) return;
    event.preventDefault();
    go(ask(event.target));
  });
  document.addEventListener("input", ({ target }) => {
    if (target.dataset.days) document.querySelector("#ct-time b").textContent = target.ariaValueText = JSON.parse(target.dataset.days)[target.value][1];
  });
  document.addEventListener("change", ({ target }) => {
    if (target.name === "class") map && filter(), soon(ask(target.form), 250);
    if (target.id === "ct-extent") go(changed({ bbox: target.checked && map ? bbox() : null, page: null }));
    if (target.dataset.days) go(changed({ date: JSON.parse(target.dataset.days)[target.value][0] }));
  });
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, ({ target }) => { if (!frame.contains(target)) hover(target.closest?.("tr[data-id]")?.dataset.id ?? ""); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (frame.contains(document.activeElement)) document.getElementById("elenco").querySelector("select, input, a")?.focus();
    if (config.selected) go(changed({ sel: null }));
  });
  if (!map) return;
  const solid = groups[main.id].filter((id) => /(lines|dashed|fills|hatched|signs|discs)$/.test(id));
  const under = ({ x, y }) => map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: solid })[0];
  map.on("mousemove", (event) => {
    const found = under(event.point);
    map.getCanvas().style.cursor = found ? "pointer" : "";
    hover(nameOf(found));
  });
  map.on("click", (event) => {
    const found = nameOf(under(event.point));
    if (found) go(`${changed({ sel: found }).href.split("#")[0]}#sezione`);
  });
  // paper draws the canvas smaller, and its scale
  const paper = () => {
    const bar = parseFloat(frame.querySelector(".maplibregl-ctrl-scale").style.width);
    for (const side of ["Width", "Height"]) frame.style.setProperty(`--${side}`, bar / frame[`client${side}`]);
  };
  map.on("moveend", () => {
    paper();
    const c = map.getCenter();
    history.replaceState(null, "", changed({ z: map.getZoom().toFixed(2), x: c.lng.toFixed(4), y: c.lat.toFixed(4) }));
    seen();
    if (tied()) soon(changed({ page: null }), 400);
  });
  filter();
  choose();
  seen();
  paper();
  const panel = () => import(config.panel).then((made) => made.panel(map, frame, groups, changed));
  if (changed({}).searchParams.has("layers")) panel();
  else frame.querySelector(".ct-layers").addEventListener("toggle", panel, { once: true });
}
