// Writes the reader's own position into a field, because they pressed the button.
const button = document.querySelector("[data-here]");
const field = document.getElementById(button?.dataset.here);
button?.addEventListener("click", () => navigator.geolocation.getCurrentPosition(
  ({ coords }) => { field.value = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`; },
  () => { button.nextElementSibling.textContent = button.dataset.none; },
  { enableHighAccuracy: true },
));
