// Signing out with answers that wait on this phone: says so once, then leaves; the answers stay for their author.
import { all, forgetPages } from "./answers.js";

const form = document.querySelector("form[data-signout]");
const note = form.querySelector("[role=status]");
form.addEventListener("submit", async (event) => {
  if (form.dataset.leaving) return;
  event.preventDefault();
  const left = (await all()).filter((entry) => entry.state !== "accepted").length;
  if (left && !form.dataset.told) {
    form.dataset.told = "1";
    note.textContent = form.dataset.signout.replace("#", left);
    return;
  }
  await forgetPages();
  form.dataset.leaving = "1";
  form.requestSubmit();
});
