// Keeps the screen on while the camera runs; the system takes the lock away whenever the page is hidden.
let wanted = false;

async function request() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // battery saver or an older browser: the screen may dim, nothing else changes
  }
}

export function keepAwake() {
  if (wanted) return;
  wanted = true;
  request();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && request());
}
