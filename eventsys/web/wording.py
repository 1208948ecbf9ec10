"""The sentence of every code: which rule said no and what is possible now. Services know codes, people read these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from eventsys.web.locale import format_moment, format_month

SENTENCES: dict[str, Any] = {
    # the edge
    "bad_request": _l("The request could not be read. Go back and try again."),
    "not_signed_in": _l("Please sign in first."),
    "not_allowed": _l("Your role does not allow this. Ask the coordinator if you need it."),
    "not_found": _l("There is nothing at this address, or not for you. Check the link or search."),
    "method_not_allowed": _l("This address does not take such a request."),
    "not_acceptable": _l("This is not available in the format asked for."),
    "conflict": _l("The state of things has changed. Reload and try again."),
    "stale_edit": _l("Somebody changed this in the meantime. Compare, then save; your edits are kept."),
    "body_too_large": _l("The upload is too large."),
    "wrong_content_type": _l("Send the body as application/json."),
    "invalid": _l("Some entries need another look."),
    "if_match_missing": _l("Send If-Match with the version you have seen."),
    "too_many": _l("Too many attempts. Please wait a moment and try again."),
    "busy": _l("The system is busy. Nothing was changed; please try again in a moment."),
    "error": _l("Something went wrong on our side and was recorded. Nothing was changed."),
    "csrf": _l("The page was open for too long. Reload it and send again."),
    "bad_cursor": _l("The cursor is not one this list gave out. Start from the first page."),
    # text
    "required": _l("Please fill this in."),
    "too_long": _l("At most %(limit)s characters; this has %(length)s."),
    "one_line_only": _l("One line only, please."),
    "control_characters": _l("This holds characters that cannot be stored. Type it anew."),
    "out_of_range": _l("Must lie between %(minimum)s and %(maximum)s."),
    "too_many_items": _l("At most %(limit)s, please."),
    "bad_choice": _l("Choose one of the values offered."),
    "bad_number": _l("Please give a whole number."),
    "bad_time": _l("Please give a time as year-month-day hour:minute."),
    "time_without_offset": _l("Give the time with its offset from UTC, e.g. 2026-12-03T14:00:00+08:00."),
    "bad_url": _l("A link starts with https:// or http://."),
    "unknown_setting": _l("There is no such setting here."),
    "unknown_field": _l("There is no such field."),
    "wrong_type": _l("The value has the wrong type."),
    # people
    "bad_mobile": _l("This is no telephone number. Example: 138 0013 8000."),
    "bad_email": _l("This is no mail address. Example: name@example.com."),
    "mobile_taken": _l("This mobile number belongs to another person."),
    "email_taken": _l("This mail address belongs to another person."),
    "mobile_or_email": _l("Give a mobile number or a mail address."),
    "wrong_credentials": _l("Sign-in details do not match. Check them, or use a one-time code."),
    "bad_sign_in_code": _l("The code is wrong or too old. Ask for a new one."),
    "too_many_attempts": _l("Too many attempts. Try again in %(minutes)s minutes, or sign in another way."),
    "wrong_password": _l("This is not your present password."),
    "password_too_short": _l("At least %(minimum)s characters, please."),
    "password_too_simple": _l("This is too easy to guess. Take three words, for example."),
    "reset_link": _l("This link was used already or is too old. Ask for a new one."),
    "bad_second_factor": _l("This code is wrong or was used already. Wait for the next one of the app."),
    "second_factor_due": _l("Your role needs a second step at sign-in. Set it up first."),
    "second_factor_on": _l("The second step is on already."),
    "second_factor_off": _l("The second step is off."),
    "person_disabled": _l("This account is disabled. Ask your administrator."),
    "bound_device": _l("On a device bound by link this is not possible. Sign in by password or one-time code first."),
    "contact_disabled": _l("This number cannot be used here. Please call your department clerk."),
    "device_gone": _l("This device is not bound any more. Its owner can open the link again."),
    "application_decided": _l("Somebody has decided on this application already."),
    "no_such_enterprise": _l("There is no active enterprise with the credit code %(credit_code)s. Add it first."),
    "link_unknown": _l("This link is not valid any more. Ask your department clerk for a new one."),
    "auditor_administrator": _l("An auditor cannot be an administrator as well."),
    "last_administrator": _l("The last administrator cannot be removed."),
    "role_needs_enterprise": _l("A contact belongs to an enterprise. Choose one."),
    "role_without_enterprise": _l("Only a contact belongs to an enterprise."),
    "role_needs_department": _l("A clerk belongs to a department. Choose one."),
    "role_is_district_wide": _l("This role is for the whole district. Leave the department empty."),
    # directory
    "bad_credit_code": _l("A unified social credit code has 18 digits or capital letters without I, O, S, V, Z."),
    "bad_code": _l("A code is a letter, then letters, digits or hyphens, at most %(limit)s."),
    "code_taken": _l("Another department has this code."),
    "name_taken": _l("There is one of this name already."),
    "credit_code_taken": _l("There is an enterprise with this credit code already."),
    "district_exists": _l("There is a district already."),
    "same_enterprise": _l("An enterprise cannot be merged with itself. Choose another."),
    "in_use": _l("It is still in use and cannot be removed. Disable it instead."),
    # slots
    "end_before_start": _l("The end must come after the start."),
    "slot_too_long": _l("A slot lasts at most %(days)s days."),
    "slot_in_the_past": _l("The start lies in the past. Choose a later time."),
    "slot_too_far_ahead": _l("At most %(days)s days ahead, please."),
    "after_the_start": _l("This must not come after the start."),
    "opens_after_it_closes": _l("Booking must open before it closes."),
    "lead_supports_itself": _l("The lead department cannot support itself. Remove it."),
    "nobody_invited": _l("Choose at least one enterprise to invite."),
    "audience_without_filter": _l("Choose at least one park, sub-district, tag or size, or open it to all."),
    "line_names_nobody": _l("Line %(line)s: no active enterprise is called “%(text)s”. Check the name or credit code."),
    "line_names_several": _l("Line %(line)s: several enterprises are called “%(text)s”. Use the credit code."),
    "unknown_department": _l("There is no such department."),
    "unknown_service": _l("There is no such service of these departments."),
    "unknown_place": _l("There is no such place."),
    "unknown_park": _l("There is no such park."),
    "unknown_enterprise": _l("There is no such enterprise."),
    "unknown_edition": _l("There is no such edition."),
    "unknown_tag": _l("There is no such tag."),
    "unknown_slot": _l("There is no such slot."),
    "not_a_draft": _l("Only a draft can be published."),
    "not_published": _l("Only a published slot can be called off. Delete the draft instead."),
    "slot_began": _l("The slot has begun already."),
    "slot_over": _l("The slot is over already."),
    "capacity_below_booked": _l("%(taken)s are booked already; the capacity cannot be lower."),
    "queue_is_over": _l("Since %(queue_until)s the queue orders no more, so nobody can wait. Cancel bookings instead."),
    "already_leads": _l("This department leads the slot already. Choose another."),
    "already_called_off": _l("The slot was called off and cannot be changed. Copy it instead."),
    "has_bookings": _l("Enterprises have booked. Call the slot off instead of deleting it."),
    # many slots at once
    "until_or_count": _l("Say until which day, or how many times."),
    "until_before_start": _l("This day lies before the first one."),
    "run_too_long": _l("It reaches over more than %(days)s days. Take an earlier last day or fewer times."),
    "too_many_occurrences": _l(
        "This comes to %(wanted)s slots; at most %(limit)s can be made in one go. Take an earlier last day."
    ),
    "nothing_left": _l("This comes to no slot: every day is past, left out or a holiday. Change the days."),
    "none_chosen": _l("Tick at least one date."),
    "run_changed": _l("Some of these dates are not possible any more. Look at the preview again, then create."),
    "run_made": _l("These slots have been created already. For others, begin with the rule again."),
    "run_booked": _l("Enterprises have booked some of these slots. Tick those that may change, then save again."),
    "run_refused": _l("Nothing was changed, because of the slot of %(occurrence)s: %(reason)s"),
    "nothing_to_undo": _l("No untouched draft is left to delete. Call off what is published."),
    "none_selected": _l("Tick at least one slot."),
    "steps_out_of_range": _l("Give a number from 1 to %(maximum)s; a minus moves them back."),
    "nothing_to_change": _l("Fill in at least one of them."),
    "move_unconfirmed": _l("Nothing was changed: the move has to be confirmed first."),
    "undo_too_late": _l("A change can be undone for %(minutes)s minutes only. Change the slots by hand."),
    "undo_stale": _l("Nothing was undone: one of the slots has been changed since. Look at it and change it by hand."),
    "sittings_overlap": _l("These starts are too close together for the length."),
    "sittings_past_midnight": _l("The last one would end after midnight. Take fewer or shorter ones."),
    "bad_date": _l("Please give a date as year-month-day."),
    "bad_clock": _l("Please give a time of day, e.g. 9:00 or 14:30."),
    "bad_line": _l("Line %(line)s: “%(text)s” cannot be read."),
    # bookings
    "slot_full": _l("Full. Join the waiting list (%(ahead)s ahead) or choose another slot."),
    "slot_full_for_good": _l("Full. Choose another slot."),
    "queue_ahead": _l("Enterprises waiting already: %(ahead)s. Join the waiting list or choose another slot."),
    "quota_reached_month": _l(
        "%(used)s of %(maximum)s slots with %(department)s used in %(month)s. Rebook one, or choose %(next_month)s."
    ),
    "quota_reached_edition": _l("%(used)s of %(maximum)s slots of this edition used. Rebook one, or choose another."),
    "quota_reached_open": _l("%(used)s of %(maximum)s open bookings used. Cancel or rebook one first."),
    "clash": _l("%(name)s is down for “%(title)s” then. Change person or slot."),
    "hold_expired": _l("Hold ended; your entries are saved. Press “Book again”."),
    "number_taken": _l("There is an edition with this number. Choose another."),
    "edition_too_long": _l("An edition lasts a year at most. Change its last day."),
    "opens_before_collected": _l("The edition is published after the departments' deadline. Choose a later time."),
    "no_collection": _l("This edition has no collection. Set a deadline and a time of publishing first."),
    "edition_published": _l("This edition is published already."),
    "collection_closed": _l("The deadline was %(until)s. Ask the coordinator."),
    "nothing_submitted": _l("Nothing is submitted. Reload and look."),
    "no_slots_yet": _l("There is no slot of the edition yet. Add one, or choose “Nothing this month”."),
    "slots_there": _l("There are %(count)s slots of this edition. Submit them, or delete them first."),
    "draw_under_way": _l("The draw is under way. Look again in some minutes."),
    "draw_needs_no_hold": _l("This slot is drawn: register, there is no need to hurry."),
    "slot_is_drawn": _l("This slot is drawn: register for it, then cancel the other booking if you are drawn."),
    "offer_expired": _l("The offer was not taken in time and went to the next."),
    "booking_state": _l("The booking is in another state by now. Reload and look."),
    "already_there": _l("The booking is in this slot already. Choose another."),
    "unknown_colleague": _l("Choose a colleague who is a contact of the enterprise."),
    "after_it_closes": _l("This must come before booking closes."),
    "draw_before_opening": _l("The draw must come after booking opens."),
    "draw_in_the_past": _l("The draw lies in the past. Choose a later time."),
    "draw_too_late": _l("The draw must come before %(queue_until)s: from then on free places are open to everybody."),
    "draw_is_over": _l("The draw is held; how it was held cannot be changed any more."),
    "draw_after_booking": _l("Enterprises have booked already. Places can be drawn only when nobody has one."),
    "draw_only_later": _l("Enterprises have registered for the draw of %(draw_at)s. It can only be put off."),
    "draw_weights_announced": _l("Enterprises have registered for the draw. Their chances cannot be changed any more."),
    "window_not_open": _l("Booking opens %(opens_at)s."),
    "window_closed": _l("Booking closed %(closes_at)s. If you need to come, call %(phone)s."),
    "already_booked": _l("Already booked by %(name)s. View it or change attendees."),
    "party_too_large": _l("At most %(maximum)s people each: remove %(remove)s."),
    "not_invited": _l("By invitation only. You can ask the department for a visit."),
    "slot_called_off": _l("This slot was called off."),
    "slot_not_published": _l("This slot is not published yet."),
    "party_empty": _l("At least one person, please."),
    "choose_enterprise": _l("Choose the enterprise: search for it, then mark it in the list."),
    "party_full": _l("All %(party)s places of this booking are named already. Ask your colleague who booked."),
    "more_names_than_party": _l("%(named)s names for a party of %(party)s. Raise the number or remove names."),
    "unknown_question": _l("This slot asks no such question."),
    "yes_or_no": _l("Answer yes or no."),
    "booking_not_active": _l("The booking is not active any more."),
    "names_closed": _l("Names could be given until %(names_until)s. Call the department to change them."),
    "ticket_not_valid": _l("This code is not valid any more. Show the new one."),
    "idempotency_key_reused": _l("This Idempotency-Key was used for another request. Take a new one."),
    "idempotency_key_in_use": _l("A request with this Idempotency-Key is under way. Repeat it in a moment."),
    "idempotency_key_missing": _l("Send an Idempotency-Key header, e.g. a random UUID."),
    "enterprise_disabled": _l("The enterprise is disabled. Ask the coordinator."),
    "behalf_reason": _l("Say why you book for them, e.g. “by telephone”."),
    "no_show_explained": _l("This was explained already. The department will answer."),
    "no_show_decided": _l("The department has answered already."),
    "no_show_too_old": _l("This could be explained until %(explain_until)s. Call the department instead."),
    "no_show_unexplained": _l("The enterprise has not explained anything yet and still can. Excuse it, or wait."),
    "no_door": _l("Places pass at the door of group sessions only."),
    "door_not_yet": _l("This is possible from %(opens_at)s on."),
    "door_full": _l("There is no room for the whole party. Release unclaimed places first."),
    "release_not_undone": _l("A release can be undone within %(minutes)s minutes, while places are left."),
    "visits_received_day": _l(
        "%(used)s visits of departments on that day already; an enterprise receives at most %(maximum)s a day. "
        "Choose another day, or join a visit that is planned."
    ),
    "visits_received_week": _l(
        "%(used)s visits of departments in that week already; an enterprise receives at most %(maximum)s a week. "
        "Choose another week, or join a visit that is planned."
    ),
    "visits_received_month": _l(
        "%(used)s visits of departments in that month already; an enterprise receives at most %(maximum)s a month. "
        "Choose another month, or join a visit that is planned."
    ),
    "visit_when": _l("Propose at least one time, or say in words when it would suit."),
    "visit_answered": _l("This visit has been answered already. Look at the booking."),
    "visit_moved": _l("The visit has been moved to %(starts_at)s meanwhile. Look at the new time, then answer."),
    "visit_waits": _l("This visit waits for the enterprise's answer. Record what it says, or call the visit off."),
    "visit_not_rebooked": _l("A planned visit is not rebooked. Ask for another time, or say that it is not needed."),
    "visit_reserved": _l("A planned visit stays a visit for this one enterprise. Call it off and make a new slot."),
    "visit_on_behalf": _l("Say who told you, e.g. “called Ms Lin”."),
    "visit_is_yours": _l("Your department takes part in this visit already."),
    "request_waits": _l("You have asked %(department)s for a visit already. Wait for the answer, or withdraw it."),
    "request_decided": _l("This request has been answered or withdrawn already."),
    "request_not_invited": _l("The slot must be open to %(name)s, which asked for this visit. Name it as invited."),
    # working calendar
    "workdays_changed": _l("Somebody changed these days in the meantime. Look at what changes now, then confirm."),
    "bad_day": _l("Choose a day from %(first)s to %(last)s."),
    "last_before_first": _l("The last day must not come before the first."),
    "span_too_long": _l("At most %(days)s days at once, please."),
    "notice_too_large": _l("The file is larger than %(kilobytes)s KB. It should hold one year."),
    "notice_unreadable": _l("This is no JSON file. Choose the one of the year, as it was downloaded."),
    "notice_year": _l("The file names no year from %(first)s to %(last)s (“year”)."),
    "notice_days": _l("The file must list from 1 to %(limit)s days (“days”)."),
    "notice_entry": _l("Entry %(number)s: this is no day with name, date and isOffDay."),
    "notice_date": _l("Entry %(number)s: “%(text)s” is no date such as 2027-01-01."),
    "notice_other_year": _l("Entry %(number)s: %(day)s does not belong to %(year)s."),
    "notice_off": _l("Entry %(number)s: isOffDay of %(day)s must be true or false."),
    "notice_name": _l("Entry %(number)s: the name of %(day)s is missing or too long."),
    "notice_repeats": _l("Entry %(number)s: %(day)s is listed already."),
    "no_working_time": _l("%(starts_at)s is not in working time. Choose another time on the slot's page."),
    "time_taken": _l("Department or place are taken at %(starts_at)s. Choose another time on the slot's page."),
    # check-in
    "malformed": _l("This is no code of ours. Scan it again or type the six characters."),
    "nonce_taken": _l("This scan was sent already."),
    "clock_off": _l("The device's clock is off by more than two minutes. Set it and scan again."),
    "too_late_to_undo": _l("An admission can be taken back within %(minutes)s minutes."),
    "not_an_admission": _l("Only an admission can be taken back."),
    "override_reason": _l("Say why, please."),
    "no_gate": _l("Name a gate, or use a gate's token."),
    "unknown_gate": _l("There is no such gate."),
    # calendars
    "too_many_links": _l("You have %(limit)s calendar links already. Revoke one that you do not use."),
    # imports
    "file_unreadable": _l("The file cannot be read: %(reason)s. Save it as .xlsx or .csv and try again."),
    "file_empty": _l("The file holds no rows."),
    "columns_missing": _l("Columns are missing: %(columns)s."),
    "file_too_large": _l("The file is larger than %(megabytes)s MB. Split it."),
    "file_kind_unknown": _l("This is no spreadsheet we can read. Save it as .xlsx or .csv and try again."),
    "file_damaged": _l("The file is damaged. Open it in Excel, save it anew as .xlsx and try again."),
    "file_has_password": _l("The file has a password. Save it without one and try again."),
    "file_unpacks_too_large": _l(
        "The file unpacks to over %(megabytes)s MB or is packed abnormally. Nothing was read."
    ),
    "file_declares_entities": _l("The file declares XML entities, which Excel never does. Nothing was read."),
    "file_sheet_too_large": _l("The sheet reaches too far out. Delete the empty rows and columns behind the table."),
    "file_too_many_rows": _l("More than %(limit)s rows. Split the file."),
    "file_too_many_columns": _l("More than %(limit)s columns. Delete those that are not needed."),
    "file_cell_too_long": _l("Row %(row)s: a cell has more than %(limit)s characters. Shorten it."),
    "file_row_unreadable": _l("Line %(row)s cannot be read: look for a missing or extra quotation mark."),
    "column_used_twice": _l("One column cannot mean two things. Choose another."),
    "number_lost_digits": _l("Excel lost digits of this code. Format the column as text and type it anew."),
    "row_repeats": _l("The same as in row %(first)s. Keep one of them."),
    "check_digit": _l("The check digit does not fit. Compare the code with the licence."),
    "cell_size": _l("Write 大型, 中型, 小型 or 微型."),
    "cell_park": _l("There is no such park. Create it first or correct the name."),
    "cell_active": _l("Write 启用 or 停用."),
    "cell_colour": _l("Write a number from 1 to %(colours)s."),
    "bad_service_name": _l("The name of a service cannot contain a semicolon."),
    "bad_tag": _l("A tag cannot contain commas, semicolons or line breaks."),
}


def sentence(code: str, fields: dict[str, Any]) -> str:
    """The sentence of `code` (or of the `wording` among the fields, where one code has several) in the reader's
    language, filled with `fields`; missing ones stay empty."""
    text = SENTENCES.get(fields.get("wording", code))
    if text is None:
        return str(gettext("Not possible now (%(code)s).", code=code))
    return str(text) % _Lenient({key: _shown(value) for key, value in fields.items()})


def _shown(value: Any) -> Any:
    """Instants as moments, dates as months: the values of a sentence in the reader's language."""
    if isinstance(value, datetime):
        return format_moment(value)
    return format_month(value) if isinstance(value, date) else value


class _Lenient(dict[str, Any]):
    """A field that nobody filled reads as a dash instead of breaking the answer."""

    def __missing__(self, key: str) -> str:
        return "–"
