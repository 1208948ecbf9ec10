// On a phone that is a device of a gate, a ticket opened in it (WeChat's own scanner opens it so) can be checked in.
import { newNonce } from "./gate/queue.js";
import { tone } from "./gate/results.js";
import { openStore } from "./gate/store.js";
import { DeviceTransport } from "./gate/transport.js";

async function start(part) {
  const store = await openStore();
  const device = await store.get("device");
  if (!device) return;
  part.hidden = false;
  part.querySelector("[data-gate-name]").textContent = device.gate.name;
  const button = part.querySelector("button");
  const result = part.querySelector("[data-result]");
  const transport = new DeviceTransport(device.api, device.token);
  const nonce = newNonce(); // one look at a ticket is one scan, however often the button is pressed
  button.addEventListener("click", async () => {
    button.disabled = true;
    const scan = { code: part.dataset.code, nonce, device: device.name };
    const outcome = await transport.check(scan);
    const { answer } = outcome;
    result.className = `notice notice-${{ good: "good", wait: "warn", stop: "bad" }[outcome.kind === "answer" ? tone(answer.result) : "wait"]}`;
    result.textContent = outcome.kind === "answer" ? answer.message : outcome.message || part.dataset.failed;
    button.disabled = outcome.kind === "answer";
  });
}

const part = document.querySelector("[data-steward]");
if (part && window.indexedDB) start(part);
