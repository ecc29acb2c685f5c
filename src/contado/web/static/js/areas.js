// What a layer of tiles may need beside lines and signs; road maps have none of it and do not load this.

// Areas, hatched where nothing is known.
export function fills(map, layer, add, also, order, tint, canvas) {
  const unknown = ["==", layer.classOf, "none"];
  map.addImage("hatch", canvas(8, (g) => {
    g.fillStyle = "#FFFFFF"; g.fillRect(0, 0, 8, 8);
    g.strokeStyle = "#84909A"; g.lineWidth = 1.5;
    g.stroke(new Path2D("M-2 2L2-2M-1 9L9-1M6 10L10 6"));
  }));
  add("fills", "fill", also(["!", unknown]), { layout: order, "fill-color": tint });
  add("hatched", "fill", also(unknown), { "fill-pattern": "hatch" });
  add("edges", "line", also(), { "line-color": "#7F8C92", "line-width": 1 });
}

// Where a tile holds too much, squares with their number: none is missing.
export function squares(map, layer, add, cell, font, words) {
  const lang = document.documentElement.lang, note = document.querySelector(".ct-merged");
  add("cells", "fill", cell, { "fill-color": "#62AFA3", "fill-opacity": 0.55, "fill-outline-color": "#17212B" });
  add("numbers", "symbol", cell, { layout: { ...font, "text-field": ["number-format", ["get", "_n"], { locale: lang }], "text-size": 13 }, "text-color": "#17212B", "text-halo-color": "#FFFFFF", "text-halo-width": 1.6 });
  map.on("idle", () => {
    let n = 0;
    for (const f of map.queryRenderedFeatures({ layers: [`${layer.id}-cells`] })) n += f.properties._n;
    note.hidden = !n;
    note.textContent = words.replace("{n}", n.toLocaleString(lang));
  });
}
