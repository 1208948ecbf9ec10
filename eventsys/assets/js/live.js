// Arrivals: the page asks every two seconds; where a stream tells of changes, only when there is one.
import htmx from "htmx.org";

const part = document.querySelector("[data-events]");

function listen(address) {
  let isOpen = false;
  const events = new EventSource(address);
  const refresh = () => htmx.trigger(part, "arrivals");
  events.addEventListener("open", () => {
    isOpen = true;
    refresh(); // what happened between the page and the stream
  });
  events.addEventListener("changed", refresh);
  events.addEventListener("error", () => {
    isOpen = false; // it tries again by itself, or was refused: then asking goes on
  });
  part.addEventListener("htmx:beforeRequest", (event) => {
    if (isOpen && event.detail.requestConfig.triggeringEvent?.type !== "arrivals") event.preventDefault();
  });
}

if (part && window.EventSource) listen(part.dataset.events);
