// <span data-countdown="240" data-text="… {m} … {s} …" data-over="…">: seconds left when the page was made.
// Seconds and not a clock time, because the clock of a phone may be wrong.
export function countdowns(root = document) {
  const start = performance.now();
  const running = [...root.querySelectorAll("[data-countdown]")];
  if (!running.length) return;

  function tick() {
    const gone = (performance.now() - start) / 1000;
    let open = 0;
    for (const element of running) {
      const left = Math.max(0, Math.ceil(Number(element.dataset.countdown) - gone));
      const minutes = Math.floor(left / 60);
      const seconds = String(left % 60).padStart(2, "0");
      const text = left ? element.dataset.text.replace("{m}", minutes).replace("{s}", seconds) : element.dataset.over;
      if (element.textContent !== text) element.textContent = text;
      if (left) open += 1;
    }
    if (open) setTimeout(tick, 1000);
  }
  tick();
}
