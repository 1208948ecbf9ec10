// The gate without a network: its page and files are kept, and what is queued is sent when the network is back, even
// with the page closed. What to keep is in self.gateFiles, which the server writes before this.
import { clientsClaim } from "workbox-core";
import { createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { Clock } from "./clock.js";
import { flush } from "./queue.js";
import { openStore } from "./store.js";
import { DeviceTransport } from "./transport.js";

precacheAndRoute(self.gateFiles, { ignoreURLParametersMatching: [/.*/] });
registerRoute(new NavigationRoute(createHandlerBoundToURL("/gate/"), { allowlist: [/^\/gate\/(\?.*)?$/] }));
clientsClaim();

self.addEventListener("sync", (event) => {
  if (event.tag === "gate-queue") event.waitUntil(send());
});

async function send() {
  const store = await openStore();
  const device = await store.get("device");
  if (!device) return;
  const clock = new Clock(await store.get("offset"));
  const transport = new DeviceTransport(device.api, device.token);
  const outcome = await flush({ store, transport, owner: device.gate.id, clock });
  if (outcome && outcome.kind !== "session") throw new Error("not sent yet: the browser tries again later");
}
