// The month and list view on pages with [data-calendar-url]; the same events stand in a plain list on the page.
import { Calendar } from "fullcalendar";
import dayGrid from "fullcalendar/daygrid";
import list from "fullcalendar/list";
import chinese from "fullcalendar/locales/zh-cn";
import classic from "fullcalendar/themes/classic";

const phone = matchMedia("(max-width: 47.99rem)");

/** The page's own filters stay in the address; only the span of days is added. */
function address(base, { startStr, endStr }) {
  const url = new URL(base, location.href);
  url.searchParams.set("start", startStr);
  url.searchParams.set("end", endStr);
  return url;
}

/** The server names a palette class (dept-c3) or a colour; the palette is preferred, it knows both themes. */
function dress({ color, className, muted, ...event }) {
  const classes = ["calendar-event", className, muted && "is-muted"];
  if (/^dept-c\d+$/.test(color ?? "")) classes.push(color);
  return { ...event, className: classes.filter(Boolean).join(" "), color: "var(--dept, var(--brand))" };
}

/** A link is not a list item, and a header whose text is hidden is empty: give both back to screen readers. */
function mend({ el }) {
  for (const hidden of el.querySelectorAll("[aria-hidden]")) hidden.removeAttribute("aria-hidden");
}

function mendLink(el) {
  if (el.getAttribute("role") !== "listitem") return;
  el.removeAttribute("role");
  el.parentElement?.setAttribute("role", "group");
  el.parentElement?.removeAttribute("aria-label");
}

/** Times are spanned by 一字线 in Chinese; the library writes an en dash in every language. */
function chineseDash(el) {
  const texts = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/^(\d\d:\d\d)\s*–\s*(\d\d:\d\d)$/, "$1—$2");
}

function show(element) {
  const { calendarUrl, locale = "zh_CN", timezone = "local", initialDate } = element.dataset;
  const { textFailed, textEmpty, textMore } = element.dataset;
  const isChinese = locale.toLowerCase().startsWith("zh");
  const message = element.querySelector("[data-calendar-message]");
  const stage = document.createElement("div");
  element.append(stage);

  async function load(span) {
    const response = await fetch(address(calendarUrl, span), { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`calendar: ${response.status}`);
    const body = await response.json();
    message.textContent = "";
    return (Array.isArray(body) ? body : body.items).map(dress);
  }

  const calendar = new Calendar(stage, {
    plugins: [dayGrid, list, classic],
    locales: [chinese],
    locale: isChinese ? "zh-cn" : "en",
    timeZone: timezone,
    firstDay: 1,
    initialDate: initialDate || undefined,
    initialView: phone.matches ? "listMonth" : "dayGridMonth",
    headerToolbar: { start: "title", end: "dayGridMonth,listMonth today prev,next" },
    height: "auto",
    dayMaxEvents: 4,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    noEventsContent: textEmpty,
    moreLinkText: (count) => textMore.replace("{n}", count),
    events: (span, done, failed) => load(span).then(done, failed),
    eventSourceFailure: () => (message.textContent = textFailed),
    buttonClass: "calendar-button",
    eventTimeClass: "calendar-event-time",
    dayHeaderDidMount: mend,
    eventDidMount({ el, event }) {
      el.title = [event.title, event.extendedProps.place].filter(Boolean).join(" · ");
      mendLink(el);
      if (isChinese) chineseDash(el);
    },
    loading: (busy) => element.setAttribute("aria-busy", String(busy)),
  });
  calendar.render();
  phone.addEventListener?.("change", () => calendar.changeView(phone.matches ? "listMonth" : "dayGridMonth"));
}

document.querySelectorAll("[data-calendar-url]").forEach(show);
