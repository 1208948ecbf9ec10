// One polite live region for the page; what must be seen as well as heard is shown in it for a while.
let timer;

export function announce(text, { visible = false, seconds = 6 } = {}) {
  const region = document.getElementById("page-announcer");
  if (!region || !text) return;
  region.textContent = "";
  region.classList.toggle("visually-hidden", !visible);
  // An empty region first: the same text twice would otherwise be read only once.
  setTimeout(() => (region.textContent = text), 50);
  clearTimeout(timer);
  timer = setTimeout(() => {
    region.textContent = "";
    region.classList.add("visually-hidden");
  }, seconds * 1000);
}
