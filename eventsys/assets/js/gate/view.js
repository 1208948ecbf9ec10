// What the steward sees. Texts come from the page; nothing is ever set as HTML.
import { canOverride, tone } from "./results.js";

const RECENT = 10;
const CLEAR_AFTER_MS = { good: 2500, wait: 6000, stop: 6000 };

export class View {
  #root;
  #words;
  #clearTimer;
  #camera = false;
  mayOverride = false;

  constructor(root, words) {
    this.#root = root;
    this.#words = words;
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
    message.querySelector("span").textContent = this.#words.get(denied ? "camera_denied" : "camera_failed");
    message.hidden = false;
  }

  busy(on) {
    this.#find("stage").setAttribute("aria-busy", String(on));
  }

  result(answer) {
    const kind = tone(answer.result);
    const name = answer.attendee?.name ?? "";
    const message = this.#words.message(answer);
    this.#panel(kind, { name, message, enterprise: answer.enterprise || answer.attendee?.enterprise || "" });
    this.#find("override-open").hidden = !(this.mayOverride && canOverride(answer.result));
    this.#find("party-open").hidden = !(answer.scan && answer.party > 1 && answer.attendee);
    if (answer.counters) this.counters(answer.counters);
    this.#remember(answer, kind, name);
  }

  failure({ kind, message }) {
    const name = { network: "kept", server: "kept_server", session: "session_over" }[kind];
    const text = name ? this.#words.get(name) : message;
    this.#panel("wait", { name: "", message: text || this.#words.get("kept_server"), enterprise: "" });
  }

  #panel(kind, { name, message, enterprise }) {
    const panel = this.#find("result");
    panel.className = `gate-result is-${kind}`;
    this.#find("result-name").textContent = name;
    this.#find("result-message").textContent = message;
    this.#find("result-enterprise").textContent = enterprise;
    panel.hidden = false;
    this.#find("override-open").hidden = true;
    this.#find("party-open").hidden = true;
    this.#find("override").hidden = true;
    clearTimeout(this.#clearTimer);
    // Over a running camera the answer makes room again; without one it stays until the next code.
    if (this.#camera) this.#clearTimer = setTimeout(() => this.clear(), CLEAR_AFTER_MS[kind]);
  }

  clear() {
    clearTimeout(this.#clearTimer);
    this.#find("result").hidden = true;
  }

  /** The reason for letting somebody in nevertheless; the result stays until it is given or left. */
  askReason() {
    clearTimeout(this.#clearTimer);
    this.#find("override-open").hidden = true;
    this.#find("override").hidden = false;
    this.#find("override").elements.reason.focus();
  }

  counters({ admitted, expected }) {
    this.#find("admitted").textContent = admitted;
    this.#find("expected").textContent = expected;
  }

  #remember({ scan, nonce, result }, kind, who) {
    const item = document.createElement("li");
    item.className = `is-${kind}`;
    item.dataset.scan = scan ?? nonce ?? "";
    const time = document.createElement("time");
    time.textContent = new Date().toTimeString().slice(0, 5);
    const label = document.createElement("span");
    label.className = "gate-recent-label";
    label.textContent = this.#words.label(result);
    const text = document.createElement("span");
    text.className = "gate-recent-who";
    text.textContent = who;
    item.append(time, label, text);
    const list = this.#find("recent");
    list.prepend(item);
    while (list.children.length > RECENT) list.lastElementChild.remove();
    this.#find("recent-empty").hidden = true;
  }

  /** What waits to be sent, and whether the gate goes on without a network. */
  pending(count, isUp = true) {
    this.#find("pending").hidden = count === 0 && isUp;
    const text = isUp ? this.#words.get("pending") : this.#words.get("offline");
    this.#find("pending-text").textContent = text.replace("{n}", count);
  }

  /** `isReady`: it could go offline now. `clock`: "ok", "unknown", "off". */
  standing({ isReady, clock, isUp }) {
    this.#find("ready").hidden = !isReady;
    this.#find("clock").hidden = clock === "ok" || (clock === "unknown" && isUp);
    this.#find("clock-text").textContent = this.#words.get(`clock_${clock}`);
  }

  /** What the roster says of the gate. */
  gate({ gate, slots, may, walk_in_url: walkInUrl }) {
    this.#find("gate-name").textContent = gate.name;
    const list = this.#find("slots");
    list.replaceChildren(
      ...slots.map((slot) => {
        const item = document.createElement("li");
        const title = document.createElement("strong");
        title.textContent = slot.title;
        const span = [this.#words.moment(slot.starts_at), slot.place].filter(Boolean).join(" · ");
        item.append(title, document.createElement("br"), span);
        return item;
      }),
    );
    this.#find("slots-count").textContent = slots.length;
    const walkIn = this.#find("walk-in");
    if (walkIn) {
      walkIn.hidden = !walkInUrl;
      if (walkInUrl) walkIn.firstElementChild.href = walkInUrl;
    }
    this.mayOverride = may.includes("override");
    this.#find("search-part").hidden = !may.includes("search");
  }

  /** The party of a ticket that was read; when it is opened the result makes room for it. */
  party(people, choose, { isOpened }) {
    this.found(people, choose, this.#find("party"));
    this.#find("party-part").hidden = false;
    if (!isOpened) return;
    this.clear();
    this.#find("party-part").querySelector("h2").focus();
  }

  /** Those found by name; `choose` is called with the code of the one picked. */
  found(people, choose, list = this.#find("found")) {
    list.replaceChildren(
      ...people.map((person) => {
        const item = document.createElement("li");
        const who = document.createElement("span");
        who.textContent = `${person.name} · ${person.enterprise}`;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "btn btn-sm btn-outline-secondary";
        button.textContent = this.#words.get(person.is_admitted ? "here" : "check_in");
        button.disabled = person.is_admitted;
        button.setAttribute("aria-label", `${button.textContent} ${person.name}`);
        button.addEventListener("click", () => choose(person.typed_code));
        item.append(who, button);
        return item;
      }),
    );
    this.#find("found-note").textContent = people.length ? "" : this.#words.get("nobody_found");
  }

  note(text) {
    this.#find("found").replaceChildren();
    this.#find("found-note").textContent = text;
  }

  unpaired() {
    this.#find("unpaired").hidden = false;
    this.#find("paired").hidden = true;
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
      item.querySelector(".gate-recent-label").textContent = this.#words.get("undone");
    }
    if (counters) this.counters(counters);
    else this.#find("admitted").textContent = Math.max(0, Number(this.#find("admitted").textContent) - 1);
    this.#panel("wait", { name: "", message: this.#words.get("undone"), enterprise: "" });
  }
}
