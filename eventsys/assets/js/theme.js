// Runs before the first paint, so that nobody sees the wrong theme or text size flash by.
const root = document.documentElement;
root.classList.add("js");
if (/MicroMessenger/i.test(navigator.userAgent)) root.classList.add("in-wechat");

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is off: follow the system
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = stored("theme");
root.dataset.bsTheme = chosen || (dark.matches ? "dark" : "light");
if (stored("text") === "large") root.dataset.text = "large";
if (!chosen) {
  dark.addEventListener?.("change", (event) => {
    if (!stored("theme")) root.dataset.bsTheme = event.matches ? "dark" : "light";
  });
}
