// Forms: errors get the focus, a second press does not send twice, filters apply themselves.
const RESEND_AFTER_MS = 3000;
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

function checkAll(box) {
  for (const other of box.form?.elements ?? []) {
    if (other.type === "checkbox" && other.name === box.dataset.checkAll && !other.disabled) other.checked = box.checked;
  }
}

export function forms() {
  document.querySelector(".error-summary")?.focus();
  document.addEventListener("submit", sendOnce);
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
