// The steward's page: every way of reading a code ends in check(), every answer in show().
import { Camera } from "./gate/camera.js";
import { Client } from "./gate/client.js";
import { Sound } from "./gate/sound.js";
import { View } from "./gate/view.js";
import { keepAwake } from "./gate/wake.js";
import { listenForScanner } from "./gate/wedge.js";

const UNDO_MS = 15 * 60 * 1000;
const RETRY_EVERY_MS = 15_000;

function start(root) {
  const texts = JSON.parse(root.dataset.texts);
  const view = new View(root, texts);
  const sound = new Sound();
  const client = new Client(root.dataset);
  const camera = new Camera(root.querySelector("video"), root.dataset.decoderUrl, (code) => check(code));
  let lastAdmission = null;
  let undoTimer;

  function offerUndo(scan, name) {
    lastAdmission = scan;
    view.undo(scan ? name : null);
    clearTimeout(undoTimer);
    if (scan) undoTimer = setTimeout(() => offerUndo(null), UNDO_MS);
  }

  function settle(answer, { quiet = false } = {}) {
    view.result(answer);
    if (!quiet) sound.play(answer.result);
    if (answer.result === "admitted" && answer.scan) offerUndo(answer.scan, answer.attendee?.name ?? "");
  }

  async function check(code) {
    const trimmed = code.trim();
    if (!trimmed) return;
    view.busy(true);
    const outcome = await client.check(trimmed);
    view.busy(false);
    view.pending(client.pending.length);
    if (outcome.kind === "answer") {
      settle(outcome.answer);
    } else {
      view.failure(outcome);
      sound.play("failure");
    }
  }

  async function retry() {
    const quiet = client.pending.length > 1;
    const outcome = await client.retry((answer) => settle(answer, { quiet }));
    view.pending(client.pending.length);
    if (outcome) view.failure(outcome);
  }

  root.querySelector("[data-start]").addEventListener("click", async () => {
    sound.unlock();
    try {
      await camera.start();
      view.cameraOn(camera);
      keepAwake();
    } catch (error) {
      view.cameraFailed(error);
    }
  });
  root.querySelector("[data-stop]").addEventListener("click", () => {
    camera.stop();
    view.cameraOff();
  });
  root.querySelector("[data-torch]").addEventListener("click", (event) => {
    event.currentTarget.setAttribute("aria-pressed", String(camera.toggleTorch()));
  });
  root.querySelector("[data-next]").addEventListener("click", () => view.clear());
  root.querySelector("[data-retry]").addEventListener("click", retry);

  const form = root.querySelector("[data-typed]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sound.unlock();
    const field = form.elements.code;
    check(field.value);
    field.value = "";
    field.focus();
  });

  root.querySelector("[data-undo]").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!lastAdmission) return;
    const scan = lastAdmission;
    const outcome = await client.undo(scan);
    if (outcome.kind === "answer") {
      view.undone(scan, outcome.answer);
      offerUndo(null);
    } else {
      view.failure({ ...outcome, message: outcome.message || texts.undo_failed });
    }
  });

  listenForScanner((code) => {
    sound.unlock();
    check(code);
  });
  document.addEventListener("pointerdown", () => sound.unlock(), { once: true });

  window.addEventListener("online", retry);
  setInterval(() => client.pending.length && navigator.onLine !== false && retry(), RETRY_EVERY_MS);
  view.environment();
  view.pending(client.pending.length);
  if (client.pending.length) retry();
}

const root = document.getElementById("gate");
if (root) start(root);
