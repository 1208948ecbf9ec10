// Forms: errors get the focus, a second press does not send twice, filters apply themselves.
import { announce } from "./announce.js";

const RESEND_AFTER_MS = 3000;
const TURNS = 40; // how often a patient form asks a server that has no turn for it
const sentAt = new WeakMap();

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.target === "_blank") return;
  const now = Date.now();
  if (now - (sentAt.get(form) ?? 0) < RESEND_AFTER_MS) {
    event.preventDefault();
    return;
  }
  sentAt.set(form, now);
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  setTimeout(() => button?.removeAttribute("aria-busy"), RESEND_AFTER_MS);
}

// <form data-patient="what is said meanwhile">, which always leads to another page: when more press at once than the
// server takes, it is sent again until its turn comes, and nobody sees a page that says so. Sending it twice must do no
// harm. Whatever else goes wrong shows as without this.
async function waitForTurn(event) {
  const form = event.target;
  if (event.defaultPrevented || !form.dataset.patient) return;
  event.preventDefault();
  for (let turn = 0; turn < TURNS; turn++) {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer?.redirected) return location.assign(answer.url);
    if (answer?.status !== 503) break;
    announce(form.dataset.patient, { visible: true, seconds: 30 });
    const seconds = Number(answer.headers.get("Retry-After")) || 2;
    await new Promise((go) => setTimeout(go, 1000 * seconds * (0.5 + Math.random())));
  }
  form.submit();
}

function checkAll(box) {
  for (const other of box.form?.elements ?? []) {
    if (other.type === "checkbox" && other.name === box.dataset.checkAll && !other.disabled) other.checked = box.checked;
  }
}

export function forms() {
  document.querySelector(".error-summary")?.focus();
  document.addEventListener("submit", sendOnce);
  document.addEventListener("submit", waitForTurn);
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.dataset.checkAll) checkAll(field);
    if (field.form?.hasAttribute("data-autosubmit")) field.form.requestSubmit();
  });
  // A page that comes back from the history may be sent again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) sentAt.delete(form);
  });
}
