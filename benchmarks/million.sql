-- A million bookings of 20,000 enterprises: most of them past, over two years, some in the slots that are being booked,
-- for pairs of enterprise and slot that nobody books meanwhile.
SELECT add_slots(:slots + 1, :slots + 20000, -700, 690);
SELECT setval(pg_get_serial_sequence('slots', 'id'), :slots + 20000);

CREATE TEMPORARY TABLE pairs AS
SELECT id AS slot, 1 + (id * 45 + turn) % :enterprises AS enterprise
FROM slots, generate_series(0, 44) AS turn WHERE id > :slots
UNION ALL
SELECT id, 1 + (id + 499 - turn) % 1000 + 1000 * (turn % 20)
FROM slots, generate_series(0, 49) AS turn WHERE id <= :spread * 2;

INSERT INTO bookings (public_id, slot_id, enterprise_id, state, party, party_min, month, department_id, edition_id,
    renewals, draft, asks_first, passed_over, channel, contact_name, on_behalf_reason, asks, answers, share_version,
    created_at, changed_at, is_late_cancellation, cancel_reason, version)
SELECT named('b', row_number() OVER ()), slot, enterprise, 'confirmed', 1, 1, month, department_id, edition_id,
    0, '{}', false, 0, 'web', '联系人', '', '', '{}', 1,
    starts_at - interval '20 days', starts_at - interval '20 days', false, '', 1
FROM pairs JOIN slots ON id = slot;

INSERT INTO attendees (public_id, booking_id, slot_id, name, phone, email, typed_code, key_id, state, created_at)
SELECT named('a', id), id, slot_id, '林女士', '', '', 'Z' || lpad(to_hex(enterprise_id), 5, '0'), 1, 'valid', created_at
FROM bookings WHERE public_id LIKE 'b%a' AND channel = 'web';

UPDATE slots SET places_taken = places_taken + booked, people_taken = people_taken + booked
FROM (SELECT slot, count(*) AS booked FROM pairs GROUP BY slot) AS counted WHERE slots.id = slot;

VACUUM ANALYZE;
CHECKPOINT;
