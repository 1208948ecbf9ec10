// data-confirm="question" on a form or its button: asks in a dialog before the form is sent.
const agreed = new WeakSet();

export function confirmations() {
  const dialog = document.getElementById("page-confirm");
  if (!dialog?.showModal) return;
  let pending = null;

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const question = event.submitter?.dataset.confirm || form.dataset.confirm;
      if (!question || agreed.delete(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      pending = { form, submitter: event.submitter };
      dialog.querySelector("[data-ask-question]").textContent = question;
      const yes = dialog.querySelector("[data-ask-yes]");
      yes.textContent = event.submitter?.textContent.trim() || yes.dataset.askYes;
      dialog.returnValue = "";
      dialog.showModal();
    },
    true,
  );

  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes" && pending) {
      agreed.add(pending.form);
      pending.form.requestSubmit(pending.submitter);
    }
    pending = null;
  });
}
