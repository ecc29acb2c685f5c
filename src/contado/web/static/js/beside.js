// Sections that lie on one another stand side by side, each to the right of its direction, with its letter and signs.
const frame = document.getElementById("ct-map");
const { id, classes, classOf } = JSON.parse(frame.dataset.map).layers[0];
const half = (i) => ["match", classOf, ...classes.flatMap((c, k) => [...(classes[k + 1] ? [c.id] : []), c.widths[i] / 2 + 1])];
const shift = ["interpolate", ["linear"], ["zoom"], ...[8, 10, 12, 15].flatMap((z, i) => [z, ["*", ["to-number", ["has", "l"]], half(i)]])];
const right = (by) => ["match", ["get", "l"], ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((k) => [k, ["literal", [Math.cos, Math.sin].map((f) => by * f((k * Math.PI) / 4))]]), ["literal", [0, 0]]];
// the map draws first after what makes it is through
const watch = new MutationObserver(apart);
watch.observe(frame, { attributes: true });
apart();

function apart() {
  const map = frame.map;
  if (!map) return;
  watch.disconnect();
  for (const layer of map.getStyle().layers) if (layer.source === id && layer.type === "line") map.setPaintProperty(layer.id, "line-offset", shift);
  const put = (layer, key, value) => map.getLayer(layer) && map.setLayoutProperty(layer, key, value);
  put(`${id}-letters`, "text-rotation-alignment", "viewport");
  put(`${id}-letters`, "text-offset", right(0.8));
  put("anomalies-signs", "icon-offset", right(9));
}
