// A hand scanner is a fast keyboard that ends with Enter. Keys count as its own when they come quicker than
// a person types and no field has the focus.
const FASTEST_PERSON_MS = 80;
const SHORTEST_CODE = 6;

export function listenForScanner(found) {
  let typed = "";
  let last = 0;

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.target.closest?.("input, textarea, select") || event.ctrlKey || event.altKey || event.metaKey) return;
      const quick = event.timeStamp - last < FASTEST_PERSON_MS;
      last = event.timeStamp;
      if (event.key === "Enter") {
        if (quick && typed.length >= SHORTEST_CODE) {
          event.preventDefault(); // or the focused button would be pressed
          found(typed);
        }
        typed = "";
      } else if (event.key.length === 1) {
        typed = quick ? typed + event.key : event.key;
      }
    },
    true,
  );
}
