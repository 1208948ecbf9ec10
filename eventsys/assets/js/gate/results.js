// What a steward does on each result: let in (good), look and decide (wait), do not let in on this code (stop).
const GOOD = new Set(["admitted", "exited"]);
const WAIT = new Set(["already_admitted", "wrong_slot", "not_confirmed", "not_yet", "expired", "failure"]);

export function tone(result) {
  if (GOOD.has(result)) return "good";
  return WAIT.has(result) ? "wait" : "stop";
}
