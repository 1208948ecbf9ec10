// A phone as a device of a gate: its token, the roster it keeps, and whether it can go offline now.
import { Known } from "./judge.js";
import { Verifier } from "./verify.js";

const REFRESH_MS = 30_000;

export class Device {
  #store;
  #transport;
  #clock;
  #changed;
  #etag = null;
  #verifier = null;
  roster = null;
  known = new Known();
  isKeptOffline = false;

  constructor({ store, transport, clock, changed }) {
    this.#store = store;
    this.#transport = transport;
    this.#clock = clock;
    this.#changed = changed;
  }

  get verifier() {
    return this.#verifier;
  }

  /** What was kept when the page was open last. */
  async load() {
    const [kept, seen] = await Promise.all([this.#store.get("roster"), this.#store.seen()]);
    this.known = new Known(null, seen);
    if (kept) this.#learn(kept.roster, kept.etag);
    this.#watchOffline();
  }

  #learn(roster, etag) {
    this.roster = roster;
    this.#etag = etag;
    this.#verifier = new Verifier(roster.keys);
    this.known.learn(roster);
    this.#changed();
  }

  /** Asks for what changed; answers the outcome. */
  async refresh() {
    const outcome = await this.#transport.roster(this.#etag);
    if (outcome.served) this.#clock.sync(outcome.served);
    if (outcome.kind === "answer") {
      this.#learn(outcome.answer, outcome.etag);
      await this.#store.put("roster", { roster: outcome.answer, etag: outcome.etag });
    }
    if (outcome.served) await this.#store.put("offset", this.#clock.offset);
    this.#changed();
    return outcome;
  }

  keepFresh(refreshed) {
    setInterval(() => !document.hidden && this.refresh().then(refreshed), REFRESH_MS);
  }

  #watchOffline() {
    if (!navigator.serviceWorker) return;
    navigator.serviceWorker.ready.then(() => {
      this.isKeptOffline = true;
      this.#changed();
    });
  }

  /** Nothing is missing to go on without a network: the page, the roster, the keys, the time, and a place to keep scans. */
  get isReady() {
    return Boolean(this.isKeptOffline && this.roster && this.#verifier && this.#store.isDurable && this.#clock.state === "ok");
  }
}
