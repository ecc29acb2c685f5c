// Small comforts of every page; nothing here is needed to read or to act.
const menu = document.querySelector(".ct-menu-button");
menu?.addEventListener("click", () => {
  menu.setAttribute("aria-expanded", menu.getAttribute("aria-expanded") !== "true");
});

// at the document: a map replaces its buttons
document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-print]")) print();
  const link = event.target.closest("[data-copy-link]");
  if (!link) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(location.href);
    document.querySelector(link.dataset.copyLink).textContent = link.dataset.copied;
  } catch {
    // the address bar is the permalink
    location.href = link.href;
  }
});
