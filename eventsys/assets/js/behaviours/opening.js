// <div data-opening="seconds until then, when the page was made" data-window="address of window.json">: counts down to
// the opening of a booking window, then shows what to press. The server says when it is open. Browsers ask it apart from
// each other and now and then, so that no page is loaded again and nothing arrives in one blow.
import { announce } from "./announce.js";

const OFTEN_FROM = 120; // seconds before the opening
const USUAL = 30, OFTEN = 10, OPENING = 2; // seconds between questions, half as long to half as long again
const SPREAD = 1.5; // seconds after the opening within which all ask
const PATIENCE = 5; // answers "not open" after the time, before the page gives up its own clock
const SUSPENDED = 5; // seconds that the steady clock may lag behind the other one before that one counts

const around = (seconds) => seconds * (0.5 + Math.random());
const padded = (number) => String(number).padStart(2, "0");

// Seconds since `restart`. The steady clock of a sleeping device may have stood still; the other one can be set by hand,
// so it counts only when they differ by much, and the server has the last word in any case.
function stopwatch() {
  let steady, wall;
  const restart = () => ([steady, wall] = [performance.now(), Date.now()]);
  restart();
  const seconds = () => {
    const [slow, fast] = [(performance.now() - steady) / 1000, (Date.now() - wall) / 1000];
    return fast - slow > SUSPENDED ? fast : slow;
  };
  return { restart, seconds };
}

// When the answer left the server, in milliseconds, whatever a cache has added to its age.
function servedAt(answer, told) {
  const date = Date.parse(answer.headers.get("Date") ?? "");
  return Number.isNaN(date) ? Date.parse(told.now) : date + 1000 * Number(answer.headers.get("Age") ?? 0);
}

function words(left, { text, textDays }) {
  const [days, hours] = [Math.floor(left / 86400), Math.floor(left / 3600)];
  const minutes = padded(Math.floor(left / 60) % 60);
  if (days) return textDays.replace("{d}", days).replace("{h}", hours % 24).replace("{m}", minutes);
  return text.replace("{h}", hours).replace("{m}", minutes).replace("{s}", padded(left % 60));
}

function watch(element) {
  const part = (name) => element.querySelector(`[data-opening-${name}]`);
  const clock = stopwatch();
  let opensIn = Number(element.dataset.opening);
  let refused = 0, failures = 0, asking, ticking, isOver = false;
  const left = () => opensIn - clock.seconds();

  function tick() {
    clearTimeout(ticking);
    const seconds = Math.max(0, Math.ceil(left()));
    part("left").textContent = seconds ? words(seconds, element.dataset) : "";
    if (seconds === 60) announce(element.dataset.soon);
    if (seconds) ticking = setTimeout(tick, 1000 * (left() % 1) + 20);
  }

  function askIn(seconds) {
    clearTimeout(asking);
    if (!isOver) asking = setTimeout(ask, 1000 * seconds);
  }

  function askLater() {
    const usual = left() > OFTEN_FROM ? USUAL : OFTEN;
    if (failures) askIn(around(Math.min(USUAL, OPENING * 2 ** failures)));
    else if (left() > 0) askIn(Math.min(around(usual), left() + SPREAD * Math.random()));
    else askIn(around(refused < PATIENCE ? OPENING : USUAL));
  }

  async function ask() {
    if (document.hidden) return; // whoever looks at the page again asks again
    try {
      const answer = await fetch(element.dataset.window, { cache: "no-cache" });
      if (!answer.ok) throw new Error(answer.status);
      failures = 0;
      learn(await answer.json(), answer);
    } catch {
      failures += 1;
    }
    askLater();
  }

  function learn(told, answer) {
    if (told.is_open) return open(told);
    const seconds = told.opens_at ? (Date.parse(told.opens_at) - servedAt(answer, told)) / 1000 : 0;
    if (Math.abs(seconds - left()) > 1.5) {
      opensIn = seconds;
      clock.restart();
      tick();
    }
    if (seconds > 0) refused = 0;
    else if (++refused >= PATIENCE) part("again").classList.remove("no-js"); // called off, or closed by now
  }

  function open({ places_left: places }) {
    isOver = true;
    clearTimeout(ticking);
    for (const stale of document.querySelectorAll("[data-until-open]")) stale.hidden = true;
    const said = places > 0 ? element.dataset.open.replace("{a}", places) : element.dataset.full;
    part("said").textContent = said;
    part("then").replaceWith(part("then").content);
    announce(said);
  }

  function look() {
    if (document.hidden || isOver) return;
    tick();
    askIn(SPREAD * Math.random());
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => event.persisted && look());
  tick();
  askLater();
}

export function openings(root = document) {
  root.querySelectorAll("[data-opening]").forEach(watch);
}
