// Everything here is a comfort: each page works without it.
import "./behaviours/htmx.js";
import { preferences } from "./behaviours/preferences.js";
import { menus } from "./behaviours/menus.js";
import { forms } from "./behaviours/forms.js";
import { confirmations } from "./behaviours/confirm.js";
import { countdowns } from "./behaviours/countdown.js";
import { openings } from "./behaviours/opening.js";
import { copying } from "./behaviours/copy.js";

preferences();
menus();
confirmations(); // before forms(): a refused question must not count as a sent form
forms();
countdowns();
openings();
copying();
