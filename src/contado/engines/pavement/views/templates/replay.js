// The drive along the route: time slider, play and pause; cells appear behind the car.
const film = data.replay;
const car = svg.querySelector(".rv-car");
const slider = document.getElementById("rv-time");
const go = document.getElementById("rv-go");
const now = document.getElementById("rv-now");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const radios = [...document.querySelectorAll("input[name=drive]")];
const tables = [...document.querySelectorAll(".rv-tablebox .rv-d")].map((box) => [...box.querySelectorAll("tr[data-p]")]);
const signs = tables.map((_, k) => [...svg.querySelectorAll(`.rv-d${k} [data-at]`)]);
const cursors = [...document.querySelectorAll(".rv-strip")].map((box) =>
  [...box.children].map((part, i) => {
    const cursor = Object.assign(document.createElement("i"), { className: "rv-cursor" });
    part.style.position = "relative";
    part.style.width = `${film.strips[i][2]}px`;
    part.append(cursor);
    return cursor;
  }),
);
let drive = 0;
let timer = null;
let reached = [];

function place(chainage) {
  const line = film.line;
  let i = 1;
  while (i < line.length - 1 && line[i][2] < chainage) i += 1;
  const [a, b] = [line[i - 1], line[i]];
  const f = Math.min(1, Math.max(0, (chainage - a[2]) / (b[2] - a[2] || 1)));
  return [a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1])];
}
const two = (n) => String(Math.floor(n)).padStart(2, "0");
function show(second) {
  const { at: where, v, ends } = film.drives[drive];
  const i = Math.min(where.length - 1, Math.round(second));
  slider.value = String(i);
  const chainage = where[i];
  car.style.display = chainage === null ? "none" : "";
  if (chainage !== null) car.setAttribute("transform", `translate(${place(chainage).map((p) => p.toFixed(1)).join(" ")})`);
  tables[drive].forEach((row, k) => {
    const later = ends[k] > reached[i] + 0.5;
    row.classList.toggle("rv-later", later);
    document.getElementById(`p${row.dataset.p}`)?.classList.toggle("rv-later", later);
  });
  for (const sign of signs[drive]) sign.classList.toggle("rv-later", Number(sign.dataset.at) > reached[i] + 0.5);
  const share = Math.min(1, Math.max(0, (reached[i] - film.from) / (film.to - film.from)));
  cursors[drive].forEach((cursor, k) => {
    const [left, right] = film.strips[k];
    cursor.style.left = `${left + share * (right - left)}px`;
  });
  const km = chainage === null ? data.words.off : `km ${(chainage / 1000).toFixed(2).replace(".", data.words.decimal)}`;
  now.textContent = `${two(i / 60)}:${two(i % 60)} · ${km}${v[i] === null ? "" : ` · ${v[i]} km/h`}`;
}
function pause() {
  clearInterval(timer);
  timer = null;
  go.textContent = data.words.play;
}
function start() {
  const last = film.drives[drive].at.length - 1;
  const every = still.matches ? 1 : 0.1; // one step a second where motion is not wanted
  if (Number(slider.value) >= last) show(0);
  let second = Number(slider.value);
  go.textContent = data.words.pause;
  timer = setInterval(() => {
    second += film.speedup * every;
    show(second);
    if (second >= last) pause();
  }, 1000 * every);
}
function taken(number) {
  pause();
  drive = number;
  choose(null);
  reached = [];
  let far = film.from;
  for (const c of film.drives[drive].at) reached.push((far = Math.max(far, c ?? far)));
  const last = reached.length - 1;
  slider.max = String(last);
  reached[last] = film.to; // the end shows all that the drive measured
  show(last);
}
go.addEventListener("click", () => (timer ? pause() : start()));
slider.addEventListener("input", () => {
  pause();
  show(Number(slider.value));
});
for (const radio of radios) radio.addEventListener("change", () => taken(Number(radio.value)));
document.querySelector(".rv-play").hidden = false;
taken(Math.max(0, radios.findIndex((radio) => radio.checked)));
