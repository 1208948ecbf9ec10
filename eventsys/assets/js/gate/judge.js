// What a genuine code means at this gate without the server, by the precedence of the contract (checkin/rules.py).

/** The roster by ticket, with who this device saw since. `seen`: {ticket, at, gate, device, isInside} of this device. */
export class Known {
  #tickets = new Map();
  #seen = new Map();
  #parties = [];
  slots = [];

  constructor(roster = null, seen = []) {
    for (const passage of seen) this.#seen.set(passage.ticket, passage);
    if (roster) this.learn(roster);
  }

  learn(roster) {
    this.#tickets = new Map(roster.tickets.map((ticket) => [ticket.id, ticket]));
    this.#parties = roster.parties;
    this.slots = roster.slots;
  }

  get size() {
    return this.#tickets.size;
  }

  ticket(id) {
    return this.#tickets.get(id) ?? null;
  }

  see(passage) {
    this.#seen.set(passage.ticket, passage);
  }

  unsee(ticket) {
    this.#seen.delete(ticket);
  }

  /** Who let this ticket in and where the person is now: what this device saw is later than the roster. */
  passage(id) {
    const seen = this.#seen.get(id);
    if (seen) return seen;
    const admission = this.ticket(id)?.admission;
    return admission ? { ...admission, isInside: admission.is_inside } : null;
  }

  /** {admitted, expected} over the gate's slots, {arrived, party} of the ticket's booking. */
  counts(id = null) {
    const booking = this.ticket(id)?.booking;
    let admitted = 0;
    let expected = 0;
    let arrived = 0;
    for (const ticket of this.#tickets.values()) {
      const came = this.passage(ticket.id) !== null;
      if (ticket.state === "valid") expected += 1;
      if (came) admitted += 1;
      if (came && ticket.booking === booking) arrived += 1;
    }
    return { admitted, expected, arrived, party: this.#parties[booking] ?? 1 };
  }
}

/** {result, slot, first}: `result` is the contract's, or "clock" when the time decides and is not known. */
export function judge(genuine, known, clock, { direction = "entry", override = false } = {}) {
  const ticket = known.ticket(genuine.ticket);
  const slot = known.slots.find((one) => one.id === genuine.slot) ?? null;
  if (ticket && known.slots[ticket.slot]?.id !== genuine.slot) return { result: "unknown", slot: null };
  if (ticket?.state === "revoked") return { result: "revoked", slot };
  if (ticket?.state === "cancelled") return { result: "cancelled", slot };
  if (!slot) return { result: "wrong_slot", slot: null };
  if (ticket?.state === "not_confirmed" && !override) return { result: "not_confirmed", slot };
  if (!override) {
    if (clock.state !== "ok") return { result: "clock", slot };
    if (clock.now() < Date.parse(slot.opens_at)) return { result: "not_yet", slot };
    if (clock.now() > Date.parse(slot.ends_at)) return { result: "expired", slot };
  }
  if (direction === "exit") return { result: "exited", slot };
  const passage = known.passage(genuine.ticket);
  return passage?.isInside ? { result: "already_admitted", slot, first: passage } : { result: "admitted", slot };
}
