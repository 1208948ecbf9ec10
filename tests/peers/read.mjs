// Prints what two calendar libraries read in a file: {"ical.js": [...], "node-ical": [...]}, times in ISO 8601 UTC.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const [folder, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const text = readFileSync(file, "utf8");

async function byIcalJs() {
  const { default: ICAL } = await import(pathToFileURL(require.resolve("ical.js")));
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      summary: event.summary,
      description: event.description ?? "",
      location: event.location ?? "",
      start: event.startDate.toJSDate().toISOString(),
      end: event.endDate.toJSDate().toISOString(),
      status: component.getFirstPropertyValue("status"),
      sequence: event.sequence,
      url: component.getFirstPropertyValue("url") ?? "",
    };
  });
}

function byNodeIcal() {
  const { default: ical = null, ...named } = require("node-ical");
  const parsed = (ical ?? named).sync.parseICS(text);
  return Object.values(parsed)
    .filter((item) => item.type === "VEVENT")
    .map((event) => ({
      uid: event.uid,
      summary: event.summary ?? "",
      description: event.description ?? "",
      location: event.location ?? "",
      start: event.start.toISOString(),
      end: event.end.toISOString(),
      status: event.status,
      sequence: Number(event.sequence),
      url: event.url ?? "",
    }));
}

console.log(JSON.stringify({ "ical.js": await byIcalJs(), "node-ical": byNodeIcal() }));
