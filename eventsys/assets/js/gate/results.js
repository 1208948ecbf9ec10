// What a steward does on each result: let in (good), look and decide (wait), do not let in on this code (stop).
const GOOD = new Set(["admitted", "exited"]);
const WAIT = new Set([
  "already_admitted", "wrong_slot", "not_confirmed", "not_yet", "expired", "failure", "unverified", "clock", "mistyped",
]);
// What a supervisor may decide otherwise, with a reason: time and state, never a code that is dead or not ours.
const OVERRIDABLE = new Set(["wrong_slot", "not_confirmed", "not_yet", "expired", "clock"]);

export function tone(result) {
  if (GOOD.has(result)) return "good";
  return WAIT.has(result) ? "wait" : "stop";
}

export const canOverride = (result) => OVERRIDABLE.has(result);
