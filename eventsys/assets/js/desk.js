// The desk's calendar: slots are dragged, lengthened by their edge, or moved with the keyboard. The server decides; what
// it refuses goes back, and what it asks is asked here.
import { Calendar } from "fullcalendar";
import dayGrid from "fullcalendar/daygrid";
import interaction from "fullcalendar/interaction";
import list from "fullcalendar/list";
import chinese from "fullcalendar/locales/zh-cn";
import classic from "fullcalendar/themes/classic";
import timeGrid from "fullcalendar/timegrid";
import { announce } from "./behaviours/announce.js";

const phone = matchMedia("(max-width: 47.99rem)");
const STEPS = { ArrowLeft: { days: -1 }, ArrowRight: { days: 1 }, ArrowUp: { days: -7 }, ArrowDown: { days: 7 } };
const FINE = { ArrowUp: { minutes: -15 }, ArrowDown: { minutes: 15 }, ArrowLeft: { minutes: -15 }, ArrowRight: { minutes: 15 } };
const headers = () => ({ Accept: "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content });

/** Ask in a dialog; what was answered, or null. */
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true }));
}

function show(element) {
  const { deskUrl, moveUrl, view, locale, timezone, initialDate, ...text } = element.dataset;
  const isChinese = locale.startsWith("zh");
  const message = element.querySelector("[data-calendar-message]");
  const said = element.querySelector("[data-calendar-said]");
  const stage = document.createElement("div");
  element.append(stage);
  let picked = null; // {id, start, end} of the slot that the keyboard carries, where it was
  let focused = null; // whose element has the focus, or gets it when it is drawn again

  const span = (event) => calendar.formatRange(event.start, event.end ?? event.start, {
    month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false,
  });

  async function load({ startStr, endStr }) {
    const url = new URL(deskUrl, location.href);
    url.searchParams.set("start", startStr);
    url.searchParams.set("end", endStr);
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`desk: ${response.status}`);
    return (await response.json()).items.map(dress);
  }

  function dress({ color, muted, ...event }) {
    if (event.display === "background") return event;
    const className = ["calendar-event", color, muted && "is-muted", event.editable && "is-movable"].filter(Boolean).join(" ");
    const state = { draft: text.textDraft, called_off: text.textCalledOff }[event.state];
    return { ...event, title: `${event.title} ${state ?? `${event.taken}/${event.places}`}`, className, color: "var(--dept, var(--brand))" };
  }

  function complain(words) {
    message.textContent = "";
    setTimeout(() => (message.textContent = words), 50);
  }

  function tell(words, undo) {
    message.textContent = "";
    said.hidden = !undo;
    said.querySelector("[data-said-text]").textContent = words;
    said.querySelector("[data-undo]").dataset.undo = undo ?? "";
    announce(words, { visible: !undo });
  }

  async function send(event, agreed = [], reason = "") {
    const body = new URLSearchParams({ starts_at: event.startStr.slice(0, 19), ends_at: event.endStr.slice(0, 19) });
    body.set("version", event.extendedProps.version);
    body.set("reason", reason);
    for (const name of agreed) body.append("agreed", name);
    const response = await fetch(moveUrl.replace("SLOT", event.id), { method: "POST", body, headers: headers() });
    return { status: response.status, ...(await response.json()) };
  }

  /** What the server wants agreed to, and why; null when it is not. */
  async function confirmed({ asks, questions }) {
    const dialog = document.getElementById("grid-ask");
    const items = questions.map((words) => Object.assign(document.createElement("li"), { textContent: words }));
    dialog.querySelector("[data-ask-questions]").replaceChildren(...items);
    dialog.querySelector("[data-ask-reason-field]").hidden = !asks.includes("booked");
    const reason = dialog.querySelector("[data-ask-reason]");
    reason.value = "";
    return (await ask(dialog)) ? [asks, reason.value] : null;
  }

  async function save(event, revert) {
    focused = event.id;
    let answer;
    try {
      answer = await send(event);
      if (answer.code === "move_unconfirmed") {
        const agreed = await confirmed(answer);
        if (!agreed) return leave(revert);
        answer = await send(event, ...agreed);
      }
    } catch {
      revert();
      return complain(text.textNotMoved);
    }
    if (answer.status === 200) {
      tell(answer.said, answer.undo);
    } else {
      revert();
      complain(answer.detail);
    }
    focused = event.id;
    calendar.refetchEvents();
  }

  function leave(revert) {
    revert();
    announce(text.textLeft, { visible: true });
  }

  function carry(event, step) {
    picked ??= { id: event.id, start: event.start, end: event.end };
    focused = event.id;
    event.moveDates(step);
    if (event.start < calendar.view.activeStart || event.start >= calendar.view.activeEnd) calendar.gotoDate(event.start);
    announce(text.textPicked.replace("{title}", event.title).replace("{span}", span(event)), { visible: true, seconds: 20 });
  }

  function back(event) {
    const was = picked;
    picked = null;
    return () => event.setDates(was.start, was.end);
  }

  async function open(event) {
    const dialog = document.getElementById("grid-open");
    const find = (name) => dialog.querySelector(`[data-open-${name}]`);
    const movable = event.startEditable !== false && event.extendedProps.movable;
    find("title").textContent = event.title;
    find("page").href = event.extendedProps.page;
    find("fields").hidden = find("move").hidden = !movable;
    for (const field of find("fields").querySelectorAll("input")) field.disabled = !movable;
    find("day").value = event.startStr.slice(0, 10);
    find("start").value = event.startStr.slice(11, 16);
    find("end").value = event.endStr.slice(11, 16);
    focused = event.id;
    if (!(await ask(dialog))) return;
    const was = { start: event.start, end: event.end };
    const [day, start, end] = ["day", "start", "end"].map((name) => find(name).value);
    event.setDates(`${day}T${start}`, `${day}T${end}`);
    await save(event, () => event.setDates(was.start, was.end));
  }

  /** A slot that is drawn anew has lost the focus: give it back, unless it has gone elsewhere. */
  function refocus() {
    if (focused && document.activeElement === document.body) stage.querySelector(`[data-slot="${focused}"]`)?.focus();
  }

  document.addEventListener("focusin", ({ target }) => {
    if (!target.closest("dialog")) focused = target.dataset.slot ?? null;
  });

  // The next key may come before the focus is back.
  document.addEventListener("keydown", (pressed) => {
    const carried = picked && document.activeElement === document.body && calendar.getEventById(picked.id);
    if (carried) key(pressed, carried);
  });

  function key(pressed, event) {
    const step = !pressed.ctrlKey && !pressed.metaKey && (pressed.altKey ? FINE : STEPS)[pressed.key];
    if (step && event.extendedProps.movable) carry(event, step);
    else if (pressed.key === "Enter" && picked?.id === event.id) save(event, back(event));
    else if (pressed.key === "Enter" || pressed.key.toLowerCase() === "m") open(event);
    else if (pressed.key === "Escape" && picked) leave(back(calendar.getEventById(picked.id)));
    else return;
    pressed.preventDefault();
    pressed.stopPropagation();
  }

  const views = () => (phone.matches ? { month: "listMonth", week: "timeGridDay" } : { month: "dayGridMonth", week: "timeGridWeek" })[view];
  const calendar = new Calendar(stage, {
    plugins: [dayGrid, timeGrid, list, interaction, classic],
    locales: [chinese],
    locale: isChinese ? "zh-cn" : "en",
    timeZone: timezone,
    firstDay: 1,
    initialDate: view === "month" || new Date().toISOString().slice(0, 7) !== initialDate.slice(0, 7) ? initialDate : undefined,
    initialView: views(),
    headerToolbar: { start: "title", end: "today prev,next" },
    height: "auto",
    dayMaxEvents: false,
    slotMinTime: "07:00",
    slotMaxTime: "22:00",
    snapDuration: "00:15",
    allDaySlot: false,
    nowIndicator: true,
    eventInteractive: true,
    eventOverlap: true,
    longPressDelay: 400,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    noEventsContent: text.textEmpty,
    moreLinkText: (count) => text.textMore.replace("{n}", count),
    buttonClass: "calendar-button",
    eventTimeClass: "calendar-event-time",
    events: (wanted, done, failed) => load(wanted).then(done, failed),
    eventSourceFailure: () => complain(text.textFailed),
    loading: (busy) => element.setAttribute("aria-busy", String(busy)),
    dayHeaderDidMount: ({ el }) => el.querySelectorAll("[aria-hidden]").forEach((hidden) => hidden.removeAttribute("aria-hidden")),
    eventClick: ({ event, jsEvent }) => (jsEvent.preventDefault(), open(event)),
    eventDrop: ({ event, revert }) => save(event, revert),
    eventResize: ({ event, revert }) => save(event, revert),
    eventDidMount({ el, event }) {
      if (event.display === "background") return;
      el.dataset.slot = event.id;
      if (focused === event.id) setTimeout(refocus);
      el.title = event.title;
      el.tabIndex = 0;
      el.setAttribute("role", "button");
      const holder = el.parentElement?.closest('[role="list"], [role="group"]'); // its items are buttons now
      holder?.setAttribute("role", "group");
      el.addEventListener("keydown", (pressed) => key(pressed, calendar.getEventById(event.id)), true);
    },
  });
  calendar.render();
  phone.addEventListener?.("change", () => calendar.changeView(views()));

  said.querySelector("[data-undo]").addEventListener("click", async ({ currentTarget }) => {
    const response = await fetch(currentTarget.dataset.undo, { method: "POST", headers: headers() }).catch(() => null);
    const answer = await response?.json();
    if (response?.ok) tell(answer.said);
    else complain(answer?.detail ?? text.textNotMoved);
    said.hidden = true;
    calendar.refetchEvents();
  });
}

document.querySelectorAll("[data-desk-url]").forEach(show);
