// What the steward sees. Texts come from the page; nothing is ever set as HTML.
import { tone } from "./results.js";

const RECENT = 10;
const CLEAR_AFTER_MS = { good: 2500, wait: 6000, stop: 6000 };

export class View {
  #root;
  #texts;
  #clearTimer;
  #camera = false;

  constructor(root, texts) {
    this.#root = root;
    this.#texts = texts;
  }

  #find(name) {
    return this.#root.querySelector(`[data-${name}]`);
  }

  /** Says at once why the camera cannot run here, while the typed code goes on working. */
  environment() {
    const wechat = /MicroMessenger/i.test(navigator.userAgent);
    const usable = window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
    this.#find("hint-wechat").hidden = !wechat;
    this.#find("hint-insecure").hidden = window.isSecureContext;
    this.#find("start").hidden = !usable;
  }

  cameraOn(camera) {
    this.#camera = true;
    this.#root.classList.add("is-live");
    this.#find("torch").hidden = !camera.hasTorch;
    this.#find("camera-error").hidden = true;
    this.clear();
    document.activeElement?.blur(); // so that a hand scanner is heard as well
  }

  cameraOff() {
    this.#camera = false;
    this.#root.classList.remove("is-live");
  }

  cameraFailed(error) {
    const denied = error.name === "NotAllowedError";
    const message = this.#find("camera-error");
    message.querySelector("span").textContent = denied ? this.#texts.camera_denied : this.#texts.camera_failed;
    message.hidden = false;
  }

  busy(on) {
    this.#find("stage").setAttribute("aria-busy", String(on));
  }

  result(answer) {
    const kind = tone(answer.result);
    const name = answer.attendee?.name ?? "";
    const message = answer.message || this.#texts.results[answer.result] || this.#texts.results.unknown;
    this.#panel(kind, { name, message, enterprise: answer.enterprise ?? "" });
    if (answer.counters) this.#counters(answer.counters);
    this.#remember(answer, kind, name);
  }

  failure({ kind, message }) {
    const text = { network: this.#texts.kept, server: this.#texts.kept_server, session: this.#texts.session_over }[kind];
    this.#panel("wait", { name: "", message: text ?? message ?? this.#texts.kept_server, enterprise: "" });
  }

  #panel(kind, { name, message, enterprise }) {
    const panel = this.#find("result");
    panel.className = `gate-result is-${kind}`;
    this.#find("result-name").textContent = name;
    this.#find("result-message").textContent = message;
    this.#find("result-enterprise").textContent = enterprise;
    panel.hidden = false;
    clearTimeout(this.#clearTimer);
    // Over a running camera the answer makes room again; without one it stays until the next code.
    if (this.#camera) this.#clearTimer = setTimeout(() => this.clear(), CLEAR_AFTER_MS[kind]);
  }

  clear() {
    clearTimeout(this.#clearTimer);
    this.#find("result").hidden = true;
  }

  #counters({ admitted, expected }) {
    this.#find("admitted").textContent = admitted;
    this.#find("expected").textContent = expected;
  }

  #remember({ scan, result }, kind, who) {
    const item = document.createElement("li");
    item.className = `is-${kind}`;
    if (scan) item.dataset.scan = scan;
    const time = document.createElement("time");
    time.textContent = new Date().toTimeString().slice(0, 5);
    const label = document.createElement("span");
    label.className = "gate-recent-label";
    label.textContent = this.#texts.results[result] ?? "";
    const text = document.createElement("span");
    text.className = "gate-recent-who";
    text.textContent = who;
    item.append(time, label, text);
    const list = this.#find("recent");
    list.prepend(item);
    while (list.children.length > RECENT) list.lastElementChild.remove();
    this.#find("recent-empty").hidden = true;
  }

  pending(count) {
    this.#find("pending").hidden = count === 0;
    this.#find("pending-text").textContent = this.#texts.pending.replace("{n}", count);
  }

  /** name null: nothing to undo. */
  undo(name) {
    this.#find("undo").hidden = name === null;
    if (name !== null) this.#find("undo-name").textContent = name;
  }

  undone(scan, { counters }) {
    const item = [...this.#find("recent").children].find((entry) => entry.dataset.scan === String(scan));
    if (item) {
      item.classList.add("is-undone");
      item.querySelector(".gate-recent-label").textContent = this.#texts.undone;
    }
    if (counters) this.#counters(counters);
    else this.#find("admitted").textContent = Math.max(0, Number(this.#find("admitted").textContent) - 1);
    this.#panel("wait", { name: "", message: this.#texts.undone, enterprise: "" });
  }
}
