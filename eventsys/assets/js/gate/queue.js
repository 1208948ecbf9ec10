// Scans that did not reach the server: kept, corrected when the clock is known, sent again with the same nonce until
// the server has them. The page and the service worker both send; a nonce counts once.
const LET_THROUGH = new Set(["admitted", "exited"]);

/** 2026-12-03T14:05:09.120Z */
export const iso = (milliseconds) => new Date(milliseconds).toISOString();

/** randomUUID exists in secure contexts only; a typed code must work without one. */
export function newNonce() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is sent of an entry. Within the page that made it the steady time says how long ago it was; later the wall's
 * time then, by what is known now of this device's clock. */
export function corrected(entry, clock) {
  if (entry.isTimeKnown || clock.offset === null) return entry.scan;
  const isOwn = entry.origin === performance.timeOrigin;
  const at = isOwn ? clock.now() - (performance.now() - entry.steady) : entry.wall + clock.offset;
  return { ...entry.scan, scanned_at: iso(at) };
}

/** Sends what is queued, oldest first, until it is empty or a call fails; answers the last outcome, null when all went. */
export async function flush({ store, transport, owner, clock, answered = () => {} }) {
  for (;;) {
    const entries = await store.queued(owner);
    if (!entries.length) return null;
    const { outcome, results } = await transport.upload(entries.map((entry) => corrected(entry, clock)));
    if (outcome.served) clock.sync(outcome.served);
    if (!results.length) return outcome;
    const byNonce = new Map(entries.map((entry) => [entry.nonce, entry]));
    for (const result of results) {
      const entry = byNonce.get(result.nonce);
      if (entry && isUntold(entry, result)) await store.enqueue(again(entry));
      answered(result, entry);
    }
    await store.unqueue(results.map((result) => result.nonce));
  }
}

/** The server had judged it before its answer was lost, and refused it; here the person was let in meanwhile. */
function isUntold(entry, result) {
  return entry.wasTried && result.shown === null && LET_THROUGH.has(entry.scan.shown) && !LET_THROUGH.has(result.result);
}

function again(entry) {
  const nonce = newNonce();
  return { ...entry, nonce, wasTried: false, scan: { ...entry.scan, nonce } };
}
