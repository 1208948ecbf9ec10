// Keeps what makes this phone a device of the gate, then opens the gate.
import { openStore } from "./gate/store.js";

async function keep(page) {
  const store = await openStore();
  await store.forget();
  const { api, token, device, gate, gateName } = page.dataset;
  await store.put("device", { api, token, name: device, gate: { id: gate, name: gateName } });
  await navigator.storage?.persist?.();
  location.replace(page.dataset.next);
}

const page = document.querySelector("[data-token]");
if (page) keep(page);
