// Switch and opacity of each layer; the address keeps them as ID:OPACITY, 0 is off.
export function panel(map, frame, groups, changed) {
  const kept = Object.fromEntries((new URLSearchParams(location.search).get("layers") ?? "").split(",").map((p) => p.split(":")));
  const state = {};
  const draw = (id) => groups[id].forEach((part) => {
    map.setLayoutProperty(part, "visibility", state[id] ? "visible" : "none");
    const kind = map.getLayer(part).type;
    const fade = state[id] * (part.endsWith("-cells") ? 0.55 : 1);
    for (const what of kind === "symbol" ? ["text", "icon"] : kind === "circle" ? ["circle", "circle-stroke"] : [kind]) map.setPaintProperty(part, `${what}-opacity`, fade);
  });
  const keep = () => {
    const text = Object.entries(state).filter(([, v]) => v !== 1).map((p) => p.join(":")).join(",");
    history.replaceState(null, "", changed({ layers: text || null }));
  };
  frame.querySelectorAll(".ct-layers [data-layer]").forEach((row) => {
    const id = row.dataset.layer, [on, range] = row.querySelectorAll("input");
    if (id in kept) on.checked = (range.value = Number(kept[id]) || 1, Number(kept[id]) > 0);
    const read = () => { state[id] = on.checked ? Number(range.value) : 0; };
    read();
    if (state[id] !== 1) draw(id);
    row.addEventListener("input", () => (read(), draw(id), keep()));
  });
  keep(); // a switch may have been moved while this was on its way
}
