// The road map: own layers only, twin of the table beside it. Everything here is comfort: the legend and the
// table work by plain links and forms without it.
const frame = document.getElementById("ct-map");
const config = JSON.parse(frame.dataset.map);
const says = frame.querySelector(".ct-mapsays");
const root = document.documentElement;
const prefers = (query) => matchMedia(query).matches;
const dark = root.dataset.theme === "dark" || (!root.dataset.theme && prefers("(prefers-color-scheme: dark)"));
const high = root.dataset.contrast === "high" || (!root.dataset.contrast && prefers("(prefers-contrast: more)"));
const sight = root.dataset.ramp === "field" ? "field" : dark ? "dark" : high ? "high" : "light";
const base = config.base[dark ? "dark" : "light"];
const ink = dark ? "#EDF1F4" : "#17212B";
const white = dark ? "#141B21" : "#FFFFFF";
const boxes = [...document.querySelectorAll("#ct-legend input[name=class]")];
const rowOf = (id) => document.querySelector(`tr[data-id="${CSS.escape(id)}"]`);

const timer = setTimeout(() => { says.textContent = config.texts.loading; }, 300);
start().catch((error) => {
  console.warn(error);
  clearTimeout(timer);
  frame.classList.remove("ct-ready");
  says.textContent = `${config.texts.failed} `;
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = config.texts.retry;
  says.append(again);
});

async function start() {
  const fonts = Promise.all([document.fonts.load('400 14px "Titillium Web"'), document.fonts.load('600 14px "Titillium Web"')]);
  const lib = await import(config.maplibre);
  // or the map draws its names in the fallback font
  await fonts;
  lib.setWorkerUrl(new URL(config.worker, location.href).href);
  const holder = document.createElement("div");
  holder.style.cssText = "position:absolute;inset:0";
  frame.append(holder);
  const view = new URLSearchParams(location.search);
  const placed = ["z", "x", "y"].every((k) => view.has(k) && Number.isFinite(Number(view.get(k))));
  const map = new lib.Map({
    container: holder,
    style: mapStyle(),
    locale: config.texts.ui,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxPitch: 0,
    minZoom: 7,
    maxZoom: 18,
    fadeDuration: 0,
    canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
    ...(placed
      ? { zoom: Number(view.get("z")), center: [Number(view.get("x")), Number(view.get("y"))] }
      : { bounds: config.bounds, fitBoundsOptions: { padding: 20 } }),
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new lib.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new lib.ScaleControl({ unit: "metric" }), "bottom-right");
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", config.texts.label);
  canvas.setAttribute("role", "application");
  canvas.addEventListener("keydown", (event) => { if (event.key === "Escape") document.getElementById("elenco").querySelector("a, select, input")?.focus(); });
  await new Promise((resolve, reject) => {
    map.once("load", resolve);
    map.once("error", (event) => reject(event.error));
  });
  clearTimeout(timer);
  addShapes(map);
  addPoints(map);
  frame.classList.add("ct-ready");
  wire(map);
  map.once("idle", () => { frame.dataset.idle = "true"; });
}

function mapStyle() {
  const source = (name) => ({ type: "geojson", data: config.data[name] });
  return {
    version: 8,
    sources: { units: source("municipalities"), names: source("labels"), sections: source("sections"), anomalies: source("anomalies"), chosen: { type: "geojson", data: config.chosen } },
    layers: [
      { id: "outside", type: "background", paint: { "background-color": base.outside } },
      { id: "land", type: "fill", source: "units", filter: ["has", "id"], paint: { "fill-color": base.land } },
      { id: "borders", type: "line", source: "units", filter: ["has", "id"], paint: { "line-color": base.boundary, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 12, 1.2] } },
      { id: "outline", type: "line", source: "units", filter: ["has", "o"], paint: { "line-color": base.outline, "line-width": 1.4 } },
    ],
  };
}

const byClass = (make) => ["match", ["get", "c"], ...config.classes.slice(0, -1).flatMap((c) => [c.id, make(c)]), make(config.classes.at(-1))];
const width = (extra = 0) => ["interpolate", ["linear"], ["zoom"], ...[8, 10, 12, 15].flatMap((z, i) => [z, byClass((c) => c.widths[i] + extra + (high ? 1 : 0))])];
const round = { "line-cap": "round", "line-join": "round" };

function shown() {
  const classes = boxes.filter((b) => b.checked).map((b) => b.value);
  const rules = ["all", ["in", ["get", "c"], ["literal", classes]]];
  if (config.unit) rules.push(["==", ["get", "m"], config.unit]);
  if (config.words) {
    const key = config.words.toLowerCase();
    rules.push(["any", ["in", key, ["downcase", ["get", "id"]]], ["in", key, ["downcase", ["coalesce", ["get", "r"], ""]]]]);
  }
  return rules;
}

function addShapes(map) {
  const driven = (rules) => ["all", rules, ["!=", ["get", "c"], "none"]];
  const order = { "line-sort-key": byClass((c) => "none ABCD".indexOf(c.id)) };
  map.addLayer({ id: "casing", type: "line", source: "sections", layout: { ...round, ...order }, paint: { "line-color": white, "line-width": width(1.6) } });
  const last = config.classes.at(-1);
  map.addLayer({ id: "not-driven", type: "line", source: "sections", paint: { "line-color": last[sight], "line-width": width(), "line-dasharray": last.dash } });
  map.addLayer({ id: "sections", type: "line", source: "sections", layout: { ...round, ...order }, paint: { "line-color": byClass((c) => c[sight]), "line-width": width() } });
  map.addLayer({ id: "uncertain", type: "line", source: "sections", minzoom: 10.5, layout: round, paint: { "line-color": "#FFFFFF", "line-width": ["interpolate", ["linear"], ["zoom"], 10.5, 0.9, 15, 3.4], "line-dasharray": [0.1, 2.4] } });
  map.addLayer({ id: "hover", type: "line", source: "sections", layout: round, filter: ["==", ["get", "id"], ""], paint: { "line-color": ink, "line-width": width(), "line-gap-width": 5, "line-opacity": 0.8 } });
  map.addLayer({ id: "chosen-ink", type: "line", source: "sections", layout: round, filter: ["==", ["get", "id"], ""], paint: { "line-color": ink, "line-width": width(13) } }, "casing");
  map.addLayer({ id: "chosen-white", type: "line", source: "sections", layout: round, filter: ["==", ["get", "id"], ""], paint: { "line-color": white, "line-width": width(8) } }, "casing");
  map.addLayer({ id: "letters", type: "symbol", source: "sections", minzoom: high ? 0 : 13, filter: driven(true), layout: { "symbol-placement": "line-center", "text-field": ["get", "c"], "text-font": ["Titillium Web"], "text-size": 13 }, paint: { "text-color": ink, "text-halo-color": white, "text-halo-width": 2 } });
  map.addLayer({
    id: "names", type: "symbol", source: "names",
    layout: { "text-field": ["get", "name"], "text-font": ["Titillium Web"], "text-size": ["case", [">", ["get", "pop"], 500000], 17, 13], "symbol-sort-key": ["-", 0, ["get", "pop"]], "text-padding": 6, "text-max-width": 8 },
    paint: { "text-color": base.label, "text-halo-color": base.land, "text-halo-width": 1.6 },
  });
  map.addLayer({ id: "chosen-name", type: "symbol", source: "chosen", layout: { "text-field": ["get", "id"], "text-font": ["Titillium Web"], "text-size": 14, "text-offset": [0, 1.5], "text-allow-overlap": true, "text-ignore-placement": true }, paint: { "text-color": white, "text-halo-color": ink, "text-halo-width": 5 } });
  const filter = () => {
    const rules = shown();
    const classed = driven(rules);
    for (const [id, rule] of [["casing", rules], ["sections", classed], ["letters", classed], ["not-driven", ["all", rules, ["==", ["get", "c"], "none"]]], ["uncertain", ["all", rules, ["==", ["get", "u"], 1]]]]) map.setFilter(id, rule);
  };
  map.filterSections = filter;
  filter();
}

// Shapes tell the kind, full or hollow tells confirmed or not; drawn, so that no image is fetched.
function addPoints(map) {
  const draw = (kind, full) => {
    const size = 40, c = document.createElement("canvas");
    c.width = c.height = size;
    const g = c.getContext("2d");
    g.beginPath();
    if (kind === "depression") g.rect(8, 8, 24, 24);
    else if (kind === "manhole") g.arc(20, 20, 13, 0, 7);
    else if (kind === "raised") { g.arc(20, 28, 15, Math.PI, 0); g.closePath(); }
    else { g.moveTo(20, 5); g.lineTo(35, 33); g.lineTo(5, 33); g.closePath(); }
    g.lineWidth = 9; g.strokeStyle = white; g.stroke();
    g.fillStyle = full ? ink : white; g.fill();
    g.lineWidth = 3; g.strokeStyle = ink; g.stroke();
    return g.getImageData(0, 0, size, size);
  };
  for (const kind of ["pothole", "depression", "manhole", "raised"]) for (const full of [true, false]) map.addImage(`${kind}-${full}`, draw(kind, full), { pixelRatio: 2.5 });
  const kind = ["match", ["get", "k"], ["pothole", "depression", "manhole"], ["get", "k"], "raised"];
  map.addLayer({ id: "anomalies", type: "symbol", source: "anomalies", minzoom: 11, layout: { "icon-image": ["concat", kind, "-", ["to-string", ["get", "f"]]], "icon-allow-overlap": true } });
}

function wire(map) {
  let hovered = "";
  const mark = (layers, id) => layers.forEach((l) => map.setFilter(l, ["==", ["get", "id"], id]));
  const hover = (id) => {
    if (id === hovered) return;
    document.querySelector(".ct-hovered")?.classList.remove("ct-hovered");
    hovered = id;
    mark(["hover"], id);
    if (id) rowOf(id)?.classList.add("ct-hovered");
  };
  const choose = (id) => mark(["chosen-ink", "chosen-white"], id);
  if (config.selected) {
    choose(config.selected);
    map.once("idle", () => panTo(map));
  }
  const under = (point) => map.queryRenderedFeatures([[point.x - 4, point.y - 4], [point.x + 4, point.y + 4]], { layers: ["sections", "not-driven"] })[0];
  map.on("mousemove", (event) => {
    const found = under(event.point);
    map.getCanvas().style.cursor = found ? "pointer" : "";
    hover(found ? found.properties.id : "");
  });
  map.on("click", (event) => {
    const found = under(event.point);
    if (found) location.href = address({ sel: found.properties.id }) + "#sezione";
  });
  document.querySelectorAll("tr[data-id]").forEach((row) => {
    row.addEventListener("mouseenter", () => hover(row.dataset.id));
    row.addEventListener("mouseleave", () => hover(""));
  });
  // The legend filters the map at once; the table follows by the same address.
  boxes.forEach((box) => box.addEventListener("change", () => {
    map.filterSections();
    clearTimeout(wire.later);
    wire.later = setTimeout(() => box.form.requestSubmit(), 700);
  }));
  map.on("moveend", () => {
    const c = map.getCenter();
    history.replaceState(null, "", address({ z: map.getZoom().toFixed(2), x: c.lng.toFixed(4), y: c.lat.toFixed(4) }) + location.hash);
    inSight(map);
  });
  document.getElementById("ct-extent").addEventListener("change", () => inSight(map));
  layersPanel(map);
}

function address(changes) {
  const url = new URL(location.href);
  for (const [k, v] of Object.entries(changes)) url.searchParams.set(k, v);
  return url.pathname + url.search;
}

function inSight(map) {
  const tied = document.getElementById("ct-extent").checked;
  const seen = new Set(tied ? map.queryRenderedFeatures({ layers: ["sections", "not-driven"] }).map((f) => f.properties.id) : []);
  document.querySelectorAll("tr[data-id]").forEach((row) => { row.hidden = tied && !seen.has(row.dataset.id); });
}

// Choosing a row pans only when the object is out of sight; it never zooms by itself.
function panTo(map) {
  const middle = config.chosen.features[0]?.geometry.coordinates;
  if (middle && !map.getBounds().contains(middle)) map.panTo(middle, { animate: !prefers("(prefers-reduced-motion: reduce)") });
}

function layersPanel(map) {
  const groups = { sections: ["sections", "casing", "not-driven", "uncertain", "letters"], anomalies: ["anomalies"], names: ["names"] };
  const box = document.createElement("details");
  box.className = "ct-layers";
  box.innerHTML = "<summary></summary>";
  box.firstChild.textContent = config.texts.panel;
  for (const [group, ids] of Object.entries(groups)) {
    const row = document.createElement("label");
    const on = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    const range = Object.assign(document.createElement("input"), { type: "range", min: 0.2, max: 1, step: 0.1, value: 1 });
    range.setAttribute("aria-label", `${config.texts.layers[group]}: ${config.texts.opacity}`);
    row.append(on, config.texts.layers[group]);
    const line = document.createElement("div");
    line.style.cssText = "display:flex;justify-content:space-between;gap:12px;padding-right:12px";
    line.append(row, range);
    on.addEventListener("change", () => ids.forEach((id) => map.setLayoutProperty(id, "visibility", on.checked ? "visible" : "none")));
    range.addEventListener("input", () => ids.forEach((id) => {
      const kind = map.getLayer(id).type;
      for (const property of kind === "symbol" ? ["text-opacity", "icon-opacity"] : [`${kind}-opacity`]) map.setPaintProperty(id, property, Number(range.value));
    }));
    box.append(line);
  }
  frame.append(box);
}
