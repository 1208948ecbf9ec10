// Sends scans. What did not reach the server stays on this device and is sent again with the same nonce,
// so that a scan whose answer was lost is never counted twice.
const TIMEOUT_MS = 8000;

/** 2026-12-03T14:05:09.120+08:00: the instant with the offset of this device's clock. */
function localIso(date = new Date()) {
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${sign}${two(offset / 60)}:${two(offset % 60)}`;
}

/** randomUUID exists in secure contexts only; a typed code must work without one. */
function newNonce() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Client {
  #url;
  #undoUrl;
  #csrf;
  #key;
  #retrying = false;
  pending;

  constructor({ checkinUrl, undoUrl, csrf }) {
    this.#url = checkinUrl;
    this.#undoUrl = undoUrl;
    this.#csrf = csrf;
    this.#key = `gate-pending:${checkinUrl}`;
    this.pending = this.#load();
  }

  async check(code) {
    const scan = { code, nonce: newNonce(), scanned_at: localIso() };
    const outcome = await this.#post(this.#url, scan);
    if (outcome.kind !== "answer") {
      this.pending.push(scan);
      this.#save();
    }
    return outcome;
  }

  /** Sends what is kept, oldest first; stops at the first failure and returns it. */
  async retry(answered) {
    if (this.#retrying) return null;
    this.#retrying = true;
    try {
      while (this.pending.length) {
        const outcome = await this.#post(this.#url, this.pending[0]);
        if (outcome.kind !== "answer") return outcome;
        this.pending.shift();
        this.#save();
        answered(outcome.answer);
      }
      return null;
    } finally {
      this.#retrying = false;
    }
  }

  undo(scan) {
    return this.#post(this.#undoUrl.replace("{scan}", encodeURIComponent(scan)), {}, { final: true });
  }

  async #post(url, body, { final = false } = {}) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.#csrf },
        body: JSON.stringify(body),
        signal: abort.signal,
        redirect: "error", // a redirect is the sign-in page: the session is over
      });
      const answer = await response.json().catch(() => null);
      if (answer && (response.ok || answer.result)) return { kind: "answer", answer };
      if (response.status === 422) return { kind: "answer", answer: { result: "malformed", message: answer?.detail } };
      if ([400, 401, 403].includes(response.status)) return { kind: "session", message: answer?.detail };
      if (final) return { kind: "refused", message: answer?.detail };
      return { kind: "server", message: answer?.detail };
    } catch {
      return { kind: "network" };
    } finally {
      clearTimeout(timer);
    }
  }

  #load() {
    try {
      return JSON.parse(localStorage.getItem(this.#key)) ?? [];
    } catch {
      return [];
    }
  }

  #save() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.pending));
    } catch {
      // storage is off or full: what is pending lives as long as the page
    }
  }
}
