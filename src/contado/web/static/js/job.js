// Keeps the state of a running job up to date; without it the link beside the state does the same.
const EVERY_MS = 2000;
const live = document.getElementById("job-live");

async function look() {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("job-live");
    if (!fresh?.hasAttribute("data-running")) {
      location.reload();
      return;
    }
    live.replaceChildren(...fresh.childNodes);
  } catch {
    // the network may come back: the next look will tell
  }
  setTimeout(look, EVERY_MS);
}

if (live?.hasAttribute("data-running")) setTimeout(look, EVERY_MS);
