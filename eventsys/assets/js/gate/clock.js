// The server's time without the server: this device's clock and how far it is off. Unknown or off by more than two
// minutes, it decides nothing that depends on time.
const TOLERANCE_MS = 2 * 60_000;
const STEP_MS = 2_000;

export class Clock {
  #offset;
  #wall = Date.now();
  #steady = performance.now();
  #wasHidden = false;

  /** `offset`: the server's time less this device's, in milliseconds, as it was measured last; null when it never was. */
  constructor(offset = null) {
    this.#offset = offset;
  }

  get offset() {
    return this.#offset;
  }

  /** The server said it was `served` (milliseconds) when its answer came. */
  sync(served) {
    this.#offset = served - Date.now();
    this.#remember();
  }

  /** Once a second: somebody who sets the clock while the page is looked at moves the wall and not the steady time.
   * Over a sleep the steady time may stand still, so nothing is concluded from that. */
  tick(isHidden = false) {
    const drift = Date.now() - this.#wall - (performance.now() - this.#steady);
    if (!isHidden && !this.#wasHidden && Math.abs(drift) > STEP_MS && this.#offset !== null) this.#offset -= drift;
    this.#wasHidden = isHidden;
    this.#remember();
  }

  #remember() {
    this.#wall = Date.now();
    this.#steady = performance.now();
  }

  /** The server's time in milliseconds, as well as it is known. */
  now() {
    return Date.now() + (this.#offset ?? 0);
  }

  /** "ok", "unknown" or "off". */
  get state() {
    if (this.#offset === null) return "unknown";
    return Math.abs(this.#offset) > TOLERANCE_MS ? "off" : "ok";
  }
}
