// What this phone keeps: the device's token, the offline roster, the clock's offset, scans to send, who it let in.
// It survives closing the browser and a flat battery; where the browser keeps nothing, it lives as long as the page.
import { openDB } from "idb";

const NAME = "eventsys-gate";
const STORES = { kept: undefined, queue: { keyPath: "nonce" }, seen: { keyPath: "ticket" } };

export async function openStore() {
  try {
    const database = await openDB(NAME, 1, {
      upgrade(db) {
        for (const [name, options] of Object.entries(STORES)) db.createObjectStore(name, options);
      },
      blocking: (_old, _new, event) => event.target.close(),
    });
    return new Store(database);
  } catch {
    return new Memory();
  }
}

class Store {
  #db;
  isDurable = true;

  constructor(db) {
    this.#db = db;
  }

  get(name) {
    return this.#db.get("kept", name);
  }

  put(name, value) {
    return this.#db.put("kept", value, name);
  }

  /** Oldest first. */
  async queued(owner) {
    const all = (await this.#db.getAll("queue")).filter((entry) => entry.owner === owner);
    return all.sort((one, other) => one.number - other.number);
  }

  enqueue(entry) {
    return this.#db.put("queue", entry);
  }

  async unqueue(nonces) {
    const change = this.#db.transaction("queue", "readwrite");
    await Promise.all([...nonces.map((nonce) => change.store.delete(nonce)), change.done]);
  }

  seen() {
    return this.#db.getAll("seen");
  }

  see(passage) {
    return this.#db.put("seen", passage);
  }

  /** Another gate, or the end of the day: nothing of the last one stays. What is still to be sent does. */
  async forget() {
    await Promise.all([this.#db.clear("kept"), this.#db.clear("seen")]);
  }
}

class Memory {
  #kept = new Map();
  #queue = new Map();
  #seen = new Map();
  isDurable = false;

  async get(name) {
    return this.#kept.get(name);
  }

  async put(name, value) {
    this.#kept.set(name, value);
  }

  async queued(owner) {
    return [...this.#queue.values()].filter((entry) => entry.owner === owner);
  }

  async enqueue(entry) {
    this.#queue.set(entry.nonce, entry);
  }

  async unqueue(nonces) {
    for (const nonce of nonces) this.#queue.delete(nonce);
  }

  async seen() {
    return [...this.#seen.values()];
  }

  async see(passage) {
    this.#seen.set(passage.ticket, passage);
  }

  async forget() {
    this.#kept.clear();
    this.#seen.clear();
  }
}
