"""What people do in the plain model of booking: each verb answers "ok" or the refusal's code and changes the world."""

from __future__ import annotations

from datetime import timedelta

from tests.bookings.model_world import ACTIVE, HOLD, TAKING, Group, Room, Wish, World


class Model(World):
    """The verbs. `last` is the group that a verb made or went on with."""

    last: Group

    def hold(self, enterprise: int, room: Room, party: int) -> str:
        own = self.own(enterprise, room)
        if own and own.state == "held":
            if not self.queue(room) or own.renewals < 1:
                own.lapses_at, own.renewals = self.now + HOLD, own.renewals + 1
            self.last = own
            return "ok"
        if own:
            return "already_booked"
        placed = self.refusal(enterprise, room, party) or self.placed(room, party, waits=False)
        if placed not in TAKING:
            return placed
        self.last = self.new(enterprise, room, Wish(party, party))
        self.enter(self.last, "held", self.now + HOLD)
        return "ok"

    def give_up(self, enterprise: int, room: Room) -> str:
        own = self.own(enterprise, room)
        if own and own.state == "held":
            self.enter(own, "expired")
            self.freed(room)
        return "ok"

    def book(self, enterprise: int, room: Room, wish: Wish, *, on_behalf: bool = False) -> str:
        own = self.own(enterprise, room)
        hold = own if own and own.state == "held" else None
        may_go_on = own and own.state == "waitlisted" and self.now >= room.queue_until
        if own and not hold and not may_go_on:
            return "already_booked"
        refused = self.refusal(enterprise, room, wish.party, on_behalf=on_behalf)
        placed = refused or self.placed(room, wish.party, waits=wish.waits, hold=hold)
        if placed not in ACTIVE:
            return placed
        self.last = own or self.new(enterprise, room, wish)
        self.last.party, self.last.party_min, self.last.asks_first = wish.party, wish.party_min, wish.asks_first
        self.last.named = wish.named or min(self.last.named, wish.party)
        self.enter(self.last, placed)
        return "ok"

    def new(self, enterprise: int, room: Room, wish: Wish) -> Group:
        group = Group(enterprise, room, wish.party, wish.party_min, asks_first=wish.asks_first)
        self.groups.append(group)
        return group

    def cancel(self, group: Group) -> str:
        room = group.room
        if group.state not in ACTIVE:
            return "booking_not_active"
        if self.now >= room.starts_at:
            return "slot_began"
        group.is_late = self.is_bound(group) and self.now > room.cancel_until
        self.enter(group, "cancelled")
        self.freed(room)
        return "ok"

    def is_bound(self, group: Group) -> bool:
        """Whether it has agreed to the time at which the slot is."""
        return group.state == "confirmed" and group.moved_from is None

    def resize(self, group: Group, party: int, *, by_staff: bool) -> str:
        room, more = group.room, party - group.party
        if group.state not in ACTIVE:
            return "booking_not_active"
        if self.now >= (room.ends_at if by_staff else room.names_until):
            return "names_closed"
        if more and room.people is not None and party > room.people:
            return "party_too_large"
        takes = group.state in TAKING
        if more > 0 and takes and (self.queue_orders(room) or not self.fits(room, more)):
            return "queue_ahead" if self.queue_orders(room) else "slot_full"
        group.party, group.party_min = party, min(group.party_min, party)
        group.named = min(group.named, party)
        if more < 0 and takes:
            self.freed(room)
        return "ok"

    def confirm(self, group: Group, *, by_staff: bool) -> str:
        if group.state == "pending":
            if not by_staff:
                return "not_allowed"
            self.enter(group, "confirmed")
            return "ok"
        if group.moved_from is not None:
            group.moved_from = None
            return "ok"
        if group.state != "offered" or group.lapses_at is None:
            return "booking_state"
        if self.now >= group.lapses_at:
            return "offer_expired"
        self.enter(group, "pending" if group.room.needs_approval else "confirmed")
        return "ok"

    def decline(self, group: Group) -> str:
        if group.state != "pending":
            return "booking_state"
        self.enter(group, "cancelled")
        self.freed(group.room)
        return "ok"

    def rejoin(self, group: Group) -> str:
        if group.state != "offered":
            return "booking_state"
        self.enter(group, "waitlisted")
        self.freed(group.room)
        return "ok"

    def move(self, group: Group, to: Room, *, on_behalf: bool) -> str:
        if group.state not in {"confirmed", "pending"}:
            return "booking_state" if group.state in ACTIVE else "booking_not_active"
        if self.now >= group.room.starts_at:
            return "slot_began"
        if self.own(group.enterprise, to):
            return "already_booked"
        refused = self.refusal(group.enterprise, to, group.party, on_behalf=on_behalf, leaving=group)
        placed = refused or self.placed(to, group.party, waits=False)
        if placed not in TAKING:
            return placed
        self.last = self.new(group.enterprise, to, Wish(group.party, group.party))
        self.last.named = group.named
        self.enter(self.last, placed)
        group.is_late = self.is_bound(group) and self.now > group.room.cancel_until
        self.enter(group, "cancelled")
        self.freed(group.room)
        return "ok"

    def resize_room(self, room: Room, capacity: int, people: int | None) -> str:
        takers = self.takers(room)
        if room.is_called_off:
            return "already_called_off"
        if capacity < len(takers) or (people is not None and people < sum(group.party for group in takers)):
            return "capacity_below_booked"
        is_changed = (capacity, people) != (room.capacity, room.people)
        room.capacity, room.people = capacity, people
        if is_changed:
            self.freed(room)
        return "ok"

    def shrink(self, room: Room, capacity: int, people: int | None, chosen: list[Group]) -> str:
        """`chosen`, in order of booking, wait before all who do."""
        if chosen and self.now >= room.queue_until:
            return "queue_is_over"
        left = [group for group in self.takers(room) if group not in chosen]
        if capacity < len(left) or (people is not None and people < sum(group.party for group in left)):
            return "capacity_below_booked"
        first = min((group.number for group in self.queue(room)), default=room.last_number + 1) - len(chosen)
        for number, group in enumerate(chosen, start=first):
            last = room.last_number
            self.enter(group, "waitlisted")
            group.number, room.last_number = number, last
        is_changed = (capacity, people) != (room.capacity, room.people)
        room.capacity, room.people = capacity, people
        if chosen or is_changed:
            self.freed(room)
        return "ok"

    def reschedule(self, room: Room, delay: timedelta) -> str:
        if room.is_called_off:
            return "already_called_off"
        if room.starts_at + delay <= self.now:
            return "slot_in_the_past"
        for group in self.active(room):
            if group.state == "confirmed":
                agreed = group.moved_from or room.starts_at
                group.moved_from = None if agreed == room.starts_at + delay else agreed
        room.starts_at += delay
        room.settle_queue(self.now)
        for group in self.active(room):
            if group.state == "offered" and group.lapses_at is not None:
                group.lapses_at = min(group.lapses_at, room.queue_until)
        self.freed(room)
        return "ok"

    def call_off(self, room: Room) -> str:
        if room.is_called_off:
            return "not_published"
        if room.ends_at <= self.now:
            return "slot_over"
        for group in self.groups:
            if group.room is room:
                group.is_late = False  # counts against no quota
                if group.state in ACTIVE:
                    self.enter(group, "expired" if group.state == "held" else "cancelled")
        room.is_called_off = True
        return "ok"

    def scan(self, group: Group, *, is_valid: bool, is_inside: bool) -> str:
        room = group.room
        if not is_valid:
            return "revoked"
        if group.state == "cancelled" or room.is_called_off:
            return "cancelled"
        if group.state != "confirmed":
            return "not_confirmed"
        if self.now < room.starts_at - timedelta(hours=2):
            return "not_yet"
        if self.now > room.ends_at:
            return "expired"
        return "already_admitted" if is_inside else "admitted"
