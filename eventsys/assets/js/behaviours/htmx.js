// htmx, set up by the htmx-config meta tag; here only what needs code: the CSRF header and failures in words.
import htmx from "htmx.org";
import { announce } from "./announce.js";

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});

for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(failure, () => announce(document.body.dataset.failed, { visible: true }));
}

export default htmx;
