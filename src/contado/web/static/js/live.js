// Drives that go on: their cells and anomalies on the map and in the table beside it, as they are told. The module
// that listens fetches this one when the first drive is told of; until then the table shows what there was when the
// page was made.
const box = document.getElementById("ct-live");
const frame = document.getElementById("ct-map");
const words = JSON.parse(box.dataset.words);
const lang = document.documentElement.lang;
const drives = new Map();
const ROWS = 20;
const POLL_MS = 1000;

const drive = (id) => {
  if (!drives.has(id)) drives.set(id, { cells: new Map(), anomalies: new Map() });
  return drives.get(id);
};
const all = (part) => [...drives.values()].flatMap((d) => [...d[part].values()]);

// An event says what changed of one drive; the last one of a drive, that the batch run has taken its place.
export function take(event) {
  if (event.state !== "running") drives.delete(event.drive);
  else {
    box.hidden = false;
    const one = drive(event.drive);
    // a cell that is told again moves to the end: the latest stand last
    for (const c of event.cells) one.cells.delete(`${c.section_id} ${c.cell}`), one.cells.set(`${c.section_id} ${c.cell}`, c);
    for (const a of event.anomalies) one.anomalies.delete(a.id), one.anomalies.set(a.id, a);
    for (const id of event.gone) one.anomalies.delete(id);
  }
  draw();
}

const count = (found, [one, several]) => `${found.length.toLocaleString(lang)} ${found.length === 1 ? one : several}`;

function draw() {
  const cells = all("cells"), anomalies = all("anomalies");
  box.querySelector("[data-count]").textContent = drives.size ? `${count(cells, words.cells)}, ${count(anomalies, words.anomalies)}` : words.ended;
  const rows = [...anomalies.map((a) => [a.section_id, a.chainage_m, null, words.kinds[a.kind] ?? a.kind, a.id]), ...cells.map((c) => [c.section_id, c.from_m, c, "", `${c.section_id} ${c.cell}`])];
  box.querySelector("tbody").replaceChildren(...rows.slice(-ROWS).reverse().map(row));
  paint(cells, anomalies);
  box.dataset.told = Date.now();
}

const number = (value, digits) => value.toLocaleString(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });

function row([section, at, cell, kind, id]) {
  const made = document.createElement("tr");
  made.dataset.live = id;
  const texts = [section, `${number(at, 0)} m`, cell ? `${number(cell.iri_m_km, 1)} (${number(cell.low_m_km, 1)}–${number(cell.high_m_km, 1)})` : "", cell ? cell.class : kind];
  made.append(...texts.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return made;
}

// Dashes under the four colours: what is drawn so is provisional.
function paint(cells, anomalies) {
  const map = frame?.map;
  if (!map || !frame.classList.contains("ct-ready")) return;
  const data = (features) => ({ type: "FeatureCollection", features });
  const lines = data(cells.filter((c) => c.line).map((c) => ({ type: "Feature", properties: { c: c.class }, geometry: { type: "LineString", coordinates: c.line } })));
  const points = data(anomalies.map((a) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [a.lon, a.lat] } })));
  if (map.getSource("live-cells")) {
    map.getSource("live-cells").setData(lines);
    map.getSource("live-anomalies").setData(points);
    return;
  }
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--ct-${name}`).trim();
  const ink = token("ink"), paper = token("paper");
  map.addSource("live-cells", { type: "geojson", data: lines });
  map.addSource("live-anomalies", { type: "geojson", data: points });
  const colour = ["match", ["get", "c"], ...["A", "B", "C", "D"].flatMap((c) => [c, token(`class-${c}`)]), ink];
  map.addLayer({ id: "live-under", type: "line", source: "live-cells", paint: { "line-color": ink, "line-width": 9 } });
  map.addLayer({ id: "live-cells", type: "line", source: "live-cells", paint: { "line-color": colour, "line-width": 6 } });
  map.addLayer({ id: "live-dashes", type: "line", source: "live-cells", paint: { "line-color": paper, "line-width": 2, "line-dasharray": [1, 2] } });
  map.addLayer({ id: "live-anomalies", type: "circle", source: "live-anomalies", paint: { "circle-radius": 6, "circle-color": paper, "circle-stroke-color": ink, "circle-stroke-width": 3 } });
}

// Where no stream comes through (a proxy that holds it back), asking now and then gives the same.
export async function poll(mark) {
  let after = mark;
  try {
    const answer = await fetch(`${box.dataset.events}?after=${encodeURIComponent(after)}`, { headers: { accept: "application/json" } });
    if (answer.ok) {
      const news = await answer.json();
      after = news.after;
      news.events.forEach(take);
    } else if (answer.status === 401) return; // the session has ended
  } catch {
    // the network may come back: the next question will tell
  }
  setTimeout(poll, POLL_MS, after);
}

// the map may be ready later than the first event
const ready = setInterval(() => {
  if (!frame || frame.dataset.idle) clearInterval(ready), draw();
}, 200);
