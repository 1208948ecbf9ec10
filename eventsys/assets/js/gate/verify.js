// Is a code ours, and whose: on the device, with the public keys of the roster. WebCrypto where it knows Ed25519
// (RFC 8032), else noble; the name in a row opens with the code's own signature (checkin/sealing.py).
import { verifyAsync } from "@noble/ed25519";

const CONTEXT = new TextEncoder().encode("eventsys-ticket");
const INFO = new TextEncoder().encode("eventsys-roster");
const NONCE_BYTES = 12;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

export class Verifier {
  #keys = new Map();
  #native = new Map();

  /** `keys`: public keys in base64 by id. */
  constructor(keys) {
    for (const [id, key] of Object.entries(keys)) this.#keys.set(Number(id), bytesOf(key));
  }

  /** Whether the decoded code carries a good signature of a key we know. */
  async isGenuine({ keyId, header, signature }) {
    const key = this.#keys.get(keyId);
    if (!key) return false;
    const message = new Uint8Array(CONTEXT.length + header.length);
    message.set(CONTEXT);
    message.set(header, CONTEXT.length);
    const native = await this.#nativeKey(keyId, key);
    if (native) return crypto.subtle.verify("Ed25519", native, signature, message);
    return verifyAsync(signature, message, key, { zip215: false }).catch(() => false);
  }

  async #nativeKey(id, key) {
    if (!this.#native.has(id)) {
      const imported = crypto.subtle?.importKey("raw", key, "Ed25519", false, ["verify"]).catch(() => null) ?? null;
      this.#native.set(id, imported);
    }
    return this.#native.get(id);
  }
}

/** [name, enterprise] of a sealed row, opened by the genuine code; null when it does not open. */
export async function unseal(sealed, { signature, ticketBytes }) {
  try {
    const raw = bytesOf(sealed);
    const secret = await crypto.subtle.importKey("raw", signature, "HKDF", false, ["deriveKey"]);
    const derived = { name: "HKDF", hash: "SHA-256", salt: ticketBytes, info: INFO };
    const key = await crypto.subtle.deriveKey(derived, secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const opening = { name: "AES-GCM", iv: raw.subarray(0, NONCE_BYTES), additionalData: ticketBytes };
    const text = await crypto.subtle.decrypt(opening, key, raw.subarray(NONCE_BYTES));
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return null;
  }
}
