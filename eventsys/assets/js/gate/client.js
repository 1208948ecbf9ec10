// Judges codes: by the server while it answers in time, else on this device, if it holds the roster. What the server
// has not confirmed is kept and sent later.
import { decode, hasTypo, typedCode } from "./codes.js";
import { judge } from "./judge.js";
import { flush, iso, newNonce } from "./queue.js";
import { unseal } from "./verify.js";

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;
const LET_THROUGH = new Set(["admitted", "exited"]);

export class Client {
  #parts;
  #number = 0;
  #retryTimer;
  #retryMs = FIRST_RETRY_MS;
  #flushing = null;
  isUp = true;
  waiting = 0;

  /** `parts`: {transport, store, clock, owner, device, gate, known, verifier, changed}; known and verifier are null
   * where this page cannot decide alone; `changed()` is called when the network or the queue did. */
  constructor(parts) {
    this.#parts = parts;
  }

  async start() {
    const entries = await this.#parts.store.queued(this.#parts.owner);
    this.#number = Math.max(0, ...entries.map((entry) => entry.number));
    this.waiting = entries.length;
    this.#parts.changed();
    if (entries.length) await this.flush();
  }

  /** {kind: "answer", answer} or why there is none. */
  async check(code, { direction = "entry", override = "" } = {}) {
    const { transport, clock, device } = this.#parts;
    const scan = { code, nonce: newNonce(), scanned_at: iso(clock.now()), direction, device };
    if (override) scan.override = override;
    let outcome = { kind: "network" };
    const wasTried = this.isUp || !this.#decidesAlone;
    if (wasTried) {
      // A clock that is far off would have a scan at the door refused; the server knows the time.
      const { scanned_at: _, ...now } = scan;
      outcome = await transport.check(clock.state === "ok" ? scan : now);
      if (outcome.served) clock.sync(outcome.served);
      if (outcome.kind === "answer") {
        await this.#remember(code, outcome.answer, direction);
        return outcome;
      }
      if (outcome.kind === "refused") return outcome;
      this.#down();
    }
    if (!this.#decidesAlone) {
      await this.#enqueue(scan, { wasTried });
      return outcome;
    }
    return { kind: "answer", answer: await this.#decide(scan, { wasTried }) };
  }

  get #decidesAlone() {
    return Boolean(this.#parts.known?.slots.length && this.#parts.verifier);
  }

  async #decide(scan, { wasTried }) {
    const { known, clock, verifier, roster } = this.#parts;
    const { direction, override } = scan;
    if (typedCode(scan.code)) {
      if (roster()?.has_check_characters && hasTypo(scan.code)) return { result: "mistyped", isOffline: true };
      await this.#enqueue(scan, { wasTried });
      return { result: "unverified", isOffline: true, counters: known.counts() };
    }
    const genuine = decode(scan.code);
    if (genuine === "malformed") return { result: "malformed", isOffline: true };
    if (genuine === "forged" || !(await verifier.isGenuine(genuine))) {
      await this.#enqueue({ ...scan, shown: "forged" }, { wasTried });
      return { result: "forged", isOffline: true };
    }
    const verdict = judge(genuine, known, clock, { direction, override: Boolean(override) });
    const answer = { ...verdict, isOffline: true, ticket: genuine.ticket, nonce: scan.nonce };
    if (verdict.result === "clock") return answer; // nothing was decided, so there is nothing to tell
    await this.#enqueue({ ...scan, shown: verdict.result }, { wasTried });
    if (LET_THROUGH.has(verdict.result)) await this.#see(genuine.ticket, verdict.result === "admitted", clock.now());
    const sealed = known.ticket(genuine.ticket)?.sealed;
    const [name, enterprise] = (sealed && (await unseal(sealed, genuine))) || ["", ""];
    const { arrived, party, ...counters } = known.counts(genuine.ticket);
    return { ...answer, attendee: { name, enterprise }, enterprise, arrived, party, counters };
  }

  /** What the server said is known here too, for when it is gone. */
  async #remember(code, answer, direction) {
    const genuine = this.#parts.known && decode(code);
    if (!genuine?.ticket || !["admitted", "already_admitted", "exited"].includes(answer.result)) return;
    const first = answer.first_scan ?? { at: iso(this.#parts.clock.now()), gate: this.#parts.gate, device: this.#parts.device };
    await this.#see(genuine.ticket, direction !== "exit", Date.parse(first.at), first);
  }

  async #see(ticket, isInside, at, first = null) {
    const { known, store, gate, device } = this.#parts;
    const earlier = known.passage(ticket);
    const own = { at: iso(at), gate, device };
    const { at: since, gate: where, device: by } = first ?? earlier ?? own;
    const passage = { ticket, at: since, gate: where, device: by, isInside };
    known.see(passage);
    await store.see(passage);
  }

  async #enqueue(scan, { wasTried }) {
    const { store, owner, clock } = this.#parts;
    this.#number += 1;
    await store.enqueue({
      nonce: scan.nonce,
      owner,
      number: this.#number,
      scan,
      wasTried,
      isTimeKnown: clock.state === "ok",
      wall: Date.now(),
      steady: performance.now(),
      origin: performance.timeOrigin,
    });
    this.waiting += 1;
    this.#parts.changed();
    navigator.serviceWorker?.ready.then((registration) => registration.sync?.register("gate-queue")).catch(() => {});
  }

  undo(scan) {
    return this.#parts.transport.annul(scan);
  }

  /** A scan that was never sent is taken back by not sending it. */
  async undoQueued({ nonce, ticket }) {
    const entries = await this.#parts.store.queued(this.#parts.owner);
    if (!entries.some((entry) => entry.nonce === nonce)) return false;
    await this.#parts.store.unqueue([nonce]);
    if (ticket) await this.#see(ticket, false, this.#parts.clock.now());
    this.waiting = entries.length - 1;
    this.#parts.changed();
    return true;
  }

  #down() {
    this.isUp = false;
    this.#parts.changed();
    this.#retryLater();
  }

  up() {
    this.#retryMs = FIRST_RETRY_MS;
    if (!this.isUp) {
      this.isUp = true;
      this.#parts.changed();
    }
  }

  #retryLater() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.flush(), this.#retryMs * (0.75 + Math.random() / 2));
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  /** Sends what is kept; one at a time. Answers the outcome that ended it, null when everything went. */
  flush() {
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = null));
    return this.#flushing;
  }

  async #flush() {
    const { store, transport, clock, owner, answered, probe } = this.#parts;
    const outcome = this.waiting ? await flush({ store, transport, owner, clock, answered }) : await probe();
    this.waiting = (await store.queued(owner)).length;
    if (outcome === null) this.up();
    else this.#down();
    this.#parts.changed();
    return outcome;
  }
}
