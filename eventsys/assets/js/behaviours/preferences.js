// Theme and text size: two toggle buttons whose choice stays on this device.
const root = document.documentElement;

function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // storage is off: the choice lasts for this page
  }
}

function reflect() {
  for (const button of document.querySelectorAll("[data-toggle-theme]")) {
    button.setAttribute("aria-pressed", String(root.dataset.bsTheme === "dark"));
  }
  for (const button of document.querySelectorAll("[data-toggle-text]")) {
    button.setAttribute("aria-pressed", String(root.dataset.text === "large"));
  }
}

export function preferences() {
  reflect();
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggle-theme]")) {
      root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      keep("theme", root.dataset.bsTheme);
      reflect();
    } else if (event.target.closest("[data-toggle-text]")) {
      const large = root.dataset.text !== "large";
      if (large) root.dataset.text = "large";
      else delete root.dataset.text;
      keep("text", large ? "large" : null);
      reflect();
    }
  });
  new MutationObserver(reflect).observe(root, { attributeFilter: ["data-bs-theme", "data-text"] });
}
