// How this page talks to the server: as a device with its token, or as a signed-in person. Every call ends as
// {kind: "answer" | "session" | "refused" | "server" | "network", answer, message, served}; `served` is the server's
// clock in milliseconds as the answer came, as well as can be told.
const ON_THE_WAY_MS = 200; // at most: the rest of a slow answer is the server's work

function servedAt(response, started) {
  const onTheWay = Math.min(performance.now() - started, ON_THE_WAY_MS) / 2;
  const exact = Number(response.headers.get("X-Served-At"));
  if (exact) return exact + onTheWay;
  const second = Date.parse(response.headers.get("Date") ?? ""); // somewhere within it
  return second ? second + 500 + onTheWay : null;
}

async function send(url, { body, headers = {}, timeout, method = "POST" }) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  const started = performance.now();
  try {
    const response = await fetch(url, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), Accept: "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: abort.signal,
      redirect: "error", // a redirect is the sign-in page: the session is over
      credentials: "same-origin",
    });
    const served = servedAt(response, started);
    if (response.status === 304) return { kind: "unchanged", served };
    const answer = await response.json().catch(() => null);
    const told = { answer, message: answer?.detail, served, etag: response.headers.get("ETag") };
    if (answer && (response.ok || answer.result)) return { ...told, kind: "answer" };
    if (response.status === 401) return { ...told, kind: "session" };
    if (response.status >= 500 || response.status === 429 || !answer) return { ...told, kind: "server" };
    return { ...told, kind: "refused" };
  } catch {
    return { kind: "network" };
  } finally {
    clearTimeout(timer);
  }
}

/** What a malformed code looks like to a steward: an answer, not a fault. */
function malformed(outcome) {
  const isCode = outcome.kind === "refused" && outcome.answer?.errors?.[0]?.field === "code";
  return isCode ? { ...outcome, kind: "answer", answer: { result: "malformed", message: outcome.message } } : outcome;
}

const SLOW_MS = 3_000; // a device decides on its own then
const PATIENT_MS = 20_000;
const BATCH = 50;

export class DeviceTransport {
  #api;
  #token;
  canDecideAlone = true;

  constructor(api, token) {
    this.#api = api;
    this.#token = token;
  }

  #send(path, options) {
    const headers = { Authorization: `Bearer ${this.#token}`, ...options.headers };
    return send(this.#api + path, { ...options, headers });
  }

  async check(scan) {
    return malformed(await this.#send("/checkins", { body: scan, timeout: SLOW_MS }));
  }

  annul(scan) {
    return this.#send(`/checkins/${encodeURIComponent(scan)}/annul`, { body: {}, timeout: PATIENT_MS });
  }

  /** Sends the oldest of the queue; {outcome, results} with the results of those the server has now. */
  async upload(scans) {
    const some = scans.slice(0, BATCH);
    const outcome = await this.#send("/checkins/batch", { body: some, timeout: PATIENT_MS });
    return { outcome, results: outcome.kind === "answer" ? outcome.answer.results : [] };
  }

  roster(etag) {
    const headers = etag ? { "If-None-Match": etag } : {};
    return this.#send("/gates/self/roster", { method: "GET", headers, timeout: PATIENT_MS });
  }

  party(scan) {
    return this.#send(`/checkins/${encodeURIComponent(scan)}/party`, { method: "GET", timeout: PATIENT_MS });
  }

  search(text) {
    return this.#send("/gates/self/search", { body: { q: text }, timeout: PATIENT_MS });
  }
}

export class SessionTransport {
  #urls;
  #csrf;
  canDecideAlone = false;

  constructor({ checkinUrl, undoUrl, searchUrl, csrf }) {
    this.#urls = { checkinUrl, undoUrl, searchUrl };
    this.#csrf = csrf;
  }

  async #send(url, body, timeout = 8_000) {
    const outcome = await send(url, { body, timeout, headers: { "X-CSRFToken": this.#csrf } });
    // A page that was open for too long carries an old token: the person signs in again, as when the session is over.
    return ["csrf", "not_signed_in"].includes(outcome.answer?.code) ? { ...outcome, kind: "session" } : outcome;
  }

  async check(scan) {
    return malformed(await this.#send(this.#urls.checkinUrl, scan));
  }

  annul(scan) {
    return this.#send(this.#urls.undoUrl.replace("{scan}", encodeURIComponent(scan)), {});
  }

  async upload([scan]) {
    const outcome = await this.check(scan);
    const isKnown = outcome.kind === "answer" || outcome.kind === "refused";
    const result = outcome.kind === "answer" ? outcome.answer : { result: "invalid", message: outcome.message };
    return { outcome, results: isKnown ? [{ ...result, nonce: scan.nonce }] : [] };
  }

  party(scan) {
    const url = this.#urls.undoUrl.replace(/annul$/, "party").replace("{scan}", encodeURIComponent(scan));
    return send(url, { method: "GET", timeout: 8_000 });
  }

  search(text) {
    return this.#send(this.#urls.searchUrl, { q: text });
  }
}
