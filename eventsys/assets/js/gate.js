// The steward's page: every way of reading a code ends in check(), every answer in settle(). As a device of a gate it
// goes on without a network; signed in, it keeps what did not reach the server.
import { Camera } from "./gate/camera.js";
import { Client } from "./gate/client.js";
import { Clock } from "./gate/clock.js";
import { Device } from "./gate/device.js";
import { readPhoto } from "./gate/photo.js";
import { Sound } from "./gate/sound.js";
import { openStore } from "./gate/store.js";
import { DeviceTransport, SessionTransport } from "./gate/transport.js";
import { View } from "./gate/view.js";
import { keepAwake } from "./gate/wake.js";
import { listenForScanner } from "./gate/wedge.js";
import { Words } from "./gate/words.js";

const UNDO_MS = 15 * 60 * 1000;
const TICK_MS = 1_000;

async function start(root) {
  const data = root.dataset;
  const words = new Words(JSON.parse(data.texts), { locale: document.documentElement.lang, timeZone: data.timeZone });
  const view = new View(root, words);
  const store = await openStore();
  const isDevice = !data.checkinUrl;
  const paired = isDevice ? await store.get("device") : null;
  if (isDevice && !paired) {
    view.unpaired();
    return;
  }
  const clock = new Clock(isDevice ? ((await store.get("offset")) ?? null) : null);
  const transport = isDevice ? new DeviceTransport(paired.api, paired.token) : new SessionTransport(data);
  const sound = new Sound();
  let device = null;
  let undoable = null;
  let undoTimer;
  let last = "";
  let lastScan = null;

  const show = () => {
    view.pending(client.waiting, client.isUp || !isDevice);
    if (isDevice) view.standing({ isReady: device.isReady, clock: clock.state, isUp: client.isUp });
  };
  if (isDevice) device = new Device({ store, transport, clock, changed: () => show() });
  let isQuiet = false;
  const client = new Client({
    store,
    transport,
    clock,
    owner: isDevice ? paired.gate.id : data.checkinUrl,
    device: isDevice ? paired.name : "gate page",
    gate: isDevice ? paired.gate.name : data.gate,
    get known() {
      return device?.known ?? null;
    },
    get verifier() {
      return device?.verifier ?? null;
    },
    roster: () => device?.roster ?? null,
    changed: show,
    answered: (answer, entry) => uploaded(answer, entry),
    probe: () => probe(),
  });

  /** Whether the server is there: the roster is what a device wants to know anyway. */
  async function probe() {
    if (!isDevice) return null;
    const outcome = await device.refresh();
    if (outcome.kind === "answer" || outcome.kind === "unchanged") {
      if (device.roster) view.gate(device.roster);
      view.counters(device.known.counts());
      return null;
    }
    if (outcome.kind === "session") view.failure({ kind: "device", message: words.get("device_over") });
    return outcome;
  }

  function offerUndo(made, name) {
    undoable = made;
    view.undo(made ? name : null);
    clearTimeout(undoTimer);
    if (made) undoTimer = setTimeout(() => offerUndo(null), UNDO_MS);
  }

  function settle(answer) {
    lastScan = answer.scan;
    view.result(answer);
    sound.play(answer.result);
    if (answer.result !== "admitted") return;
    const made = answer.scan ? { scan: answer.scan } : { nonce: answer.nonce, ticket: answer.ticket };
    offerUndo(made, answer.attendee?.name ?? "");
  }

  /** A queued scan that the server has now: shown when nobody had decided on it yet. */
  function uploaded(answer, entry) {
    if (undoable?.nonce === answer.nonce && answer.scan) undoable = { scan: answer.scan };
    if (!entry?.scan.shown && !isQuiet) settle(answer);
  }

  async function check(code, options = {}) {
    const trimmed = code.trim();
    if (!trimmed) return;
    last = trimmed;
    view.busy(true);
    const direction = root.querySelector("[name=direction]:checked")?.value ?? "entry";
    const outcome = await client.check(trimmed, { direction, ...options });
    view.busy(false);
    if (outcome.kind === "answer") {
      settle(outcome.answer);
    } else {
      view.failure(outcome);
      sound.play("failure");
    }
  }

  async function showParty(scan, isOpened) {
    const outcome = await transport.party(scan);
    if (outcome.kind !== "answer") return view.failure({ ...outcome, message: words.get("search_needs_network"), kind: "party" });
    view.party(outcome.answer.items, (code) => check(code).then(() => showParty(scan, false)), { isOpened });
  }

  async function retry() {
    isQuiet = client.waiting > 1;
    const outcome = await client.flush();
    if (outcome && !isDevice) view.failure(outcome);
  }

  const camera = new Camera(root.querySelector("video"), data.decoderUrl, (code) => check(code));
  const on = (name, event, act) => root.querySelector(`[data-${name}]`)?.addEventListener(event, act);

  on("start", "click", async () => {
    sound.unlock();
    try {
      await camera.start();
      view.cameraOn(camera);
      keepAwake();
    } catch (error) {
      view.cameraFailed(error);
    }
  });
  on("stop", "click", () => {
    camera.stop();
    view.cameraOff();
  });
  on("torch", "click", (event) => event.currentTarget.setAttribute("aria-pressed", String(camera.toggleTorch())));
  on("next", "click", () => view.clear());
  on("retry", "click", retry);
  on("typed", "submit", (event) => {
    event.preventDefault();
    sound.unlock();
    const field = event.currentTarget.elements.code;
    check(field.value);
    field.value = "";
    field.focus();
  });
  on("photo", "change", async (event) => {
    const [file] = event.currentTarget.files;
    event.currentTarget.value = "";
    if (!file) return;
    view.busy(true);
    const code = await readPhoto(file, data.decoderUrl).catch(() => null);
    view.busy(false);
    if (code) check(code);
    else settle({ result: "malformed", message: words.get("no_code_in_photo") });
  });
  on("search", "submit", async (event) => {
    event.preventDefault();
    const outcome = await transport.search(event.currentTarget.elements.q.value);
    if (outcome.kind === "answer") view.found(outcome.answer.items, (code) => check(code));
    else view.note(outcome.kind === "network" ? words.get("search_needs_network") : outcome.answer?.errors?.[0]?.detail || outcome.message);
  });
  on("party-open", "click", () => showParty(lastScan, true));
  on("override-open", "click", () => view.askReason());
  on("override", "submit", (event) => {
    event.preventDefault();
    const { reason } = event.currentTarget.elements;
    if (reason.value.trim()) check(last, { override: reason.value.trim() });
    reason.value = "";
  });
  on("undo", "submit", async (event) => {
    event.preventDefault();
    if (!undoable) return;
    const made = undoable;
    if (made.nonce && (await client.undoQueued(made))) {
      view.undone(made.nonce, { counters: device.known.counts() });
      offerUndo(null);
      return;
    }
    const outcome = made.scan ? await client.undo(made.scan) : { kind: "network" };
    if (outcome.kind === "answer") {
      view.undone(made.scan, outcome.answer);
      offerUndo(null);
    } else {
      view.failure({ ...outcome, kind: "undo", message: outcome.message || words.get("undo_failed") });
    }
  });

  listenForScanner((code) => {
    sound.unlock();
    check(code);
  });
  document.addEventListener("pointerdown", () => sound.unlock(), { once: true });
  window.addEventListener("online", retry);
  window.addEventListener("offline", show);
  setInterval(() => {
    const before = clock.state;
    clock.tick(document.hidden);
    if (clock.state !== before) show();
  }, TICK_MS);
  view.environment();
  view.mayOverride = data.mayOverride === "1";

  if (isDevice) {
    await navigator.serviceWorker?.register("/gate/sw.js", { scope: "/gate/" }).catch(() => {});
    await device.load();
    if (device.roster) view.gate(device.roster);
    view.counters(device.known.counts());
    await client.flush();
    device.keepFresh((outcome) => {
      if (outcome.kind === "answer") {
        view.gate(device.roster);
        view.counters(device.known.counts());
      }
      if (outcome.kind === "answer" || outcome.kind === "unchanged") client.waiting ? client.flush() : client.up();
    });
  }
  await client.start();
}

const root = document.getElementById("gate");
if (root) start(root);
