// Runs before the first paint: the reader's own choice of appearance, kept only when it was made.
(() => {
  const root = document.documentElement;
  root.classList.add("ct-js");
  try {
    const kept = JSON.parse(localStorage.getItem("contado-appearance") || "{}");
    for (const name of ["theme", "contrast", "ramp"]) if (kept[name]) root.dataset[name] = kept[name];
  } catch {
    // a browser without storage shows its default
  }
})();
