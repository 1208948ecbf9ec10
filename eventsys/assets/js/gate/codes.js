// The ticket's code as the server writes it (bookings/tickets.py): base32 of version, key id, ticket, slot, signature.
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const VERSION = 1;
const HEADER_BYTES = 18;
const CODE = /^[A-Z2-7]{132}$/;
const TYPED_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
const TYPED = new RegExp(`^[${TYPED_ALPHABET}]{6}$`);

/** The code inside what a scanner read: of a ticket's address the last part, blanks removed, upper case. */
export function bareCode(text) {
  const joined = text.replace(/\s+/gu, "");
  const start = joined.toLowerCase().lastIndexOf("/t/");
  return (start < 0 ? joined : joined.slice(start + 3)).split(/[?#/]/)[0].toUpperCase();
}

/** The six characters somebody typed, in our spelling; null when it is no typed code. */
export function typedCode(text) {
  const code = text.replace(/[\s-]+/gu, "").toUpperCase();
  return TYPED.test(code) ? code : null;
}

/** `{keyId, ticket, slot, ticketBytes, header, signature}`, or "malformed", or "forged" for what no key of ours signed. */
export function decode(text) {
  const code = bareCode(text);
  if (!CODE.test(code)) return "malformed";
  const raw = fromBase32(code);
  if (raw === null) return "forged"; // the unused bits of the last character were altered
  const header = raw.subarray(0, HEADER_BYTES);
  if (header[0] !== VERSION) return "forged";
  return {
    code,
    keyId: header[1],
    ticket: publicId(header.subarray(2, 10)),
    slot: publicId(header.subarray(10, 18)),
    ticketBytes: header.slice(2, 10),
    header,
    signature: raw.subarray(HEADER_BYTES),
  };
}

function fromBase32(text) {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    held = (held << 5) | BASE32.indexOf(character);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 255;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : null;
}

/** Eight bytes as the thirteen characters of a public id. */
function publicId(bytes) {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
      held &= (1 << bits) - 1;
    }
  }
  return (text + BASE32[(held << (5 - bits)) & 31]).toLowerCase();
}

/** Whether the last of six typed characters does not fit the five before: ISO/IEC 7064, the hybrid system of the thirty
 * characters (bookings/tickets.py). */
export function hasTypo(text) {
  const modulus = TYPED_ALPHABET.length;
  let check = modulus / 2;
  for (const character of typedCode(text).slice(0, -1)) {
    check = (((check || modulus) * 2) % (modulus + 1) + TYPED_ALPHABET.indexOf(character)) % modulus;
  }
  const last = TYPED_ALPHABET.indexOf(typedCode(text).at(-1));
  return (((check || modulus) * 2) % (modulus + 1) + last) % modulus !== 1;
}
