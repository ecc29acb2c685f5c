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
    // the address bar is the permalink
    location.href = link.href;
  }
});
