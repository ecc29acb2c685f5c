// Small comforts of every page; nothing here is needed to read or to act.
const menu = document.querySelector(".ct-menu-button");
menu?.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", String(open));
});

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

const link = document.querySelector("[data-copy-link]");
link?.addEventListener("click", async (event) => {
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(location.href);
    document.querySelector(link.dataset.copyLink).textContent = link.dataset.copied;
  } catch {
    location.href = link.href; // the address bar is the permalink
  }
});

// Choices at /aspetto: kept in this browser, only because the person set them.
const form = document.querySelector("form[data-appearance]");
if (form) {
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
}
