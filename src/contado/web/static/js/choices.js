// Choices at /aspetto: kept in this browser, only because the person set them.
const form = document.querySelector("form[data-appearance]");
const root = document.documentElement;
const key = "contado-appearance";
for (const field of form.elements) if (field.type === "radio") field.checked = field.value === (root.dataset[field.name] ?? "");
form.addEventListener("change", () => {
  const kept = {};
  for (const [name, value] of new FormData(form)) {
    if (value) kept[name] = root.dataset[name] = value;
    else delete root.dataset[name];
  }
  if (Object.keys(kept).length) localStorage.setItem(key, JSON.stringify(kept));
  else localStorage.removeItem(key);
  form.querySelector("output").textContent = form.dataset.saved;
});
