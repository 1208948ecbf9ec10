-- Doors at which people come in: every slot begins in half an hour, :people hold tickets (each of a booking of its own),
-- spread over :spread slots with a gate each; the two slots after them are halls with :hall people more and own gates.
UPDATE slots SET starts_at = date_trunc('hour', now()) + interval '90 minutes', ends_at = date_trunc('hour', now()) + interval '5 hours',
    closes_at = date_trunc('hour', now()) + interval '90 minutes', names_until = date_trunc('hour', now()) + interval '90 minutes';

INSERT INTO bookings (id, public_id, slot_id, enterprise_id, state, party, party_min, month, department_id, edition_id,
    renewals, draft, asks_first, passed_over, channel, contact_name, on_behalf_reason, asks, answers, share_version,
    created_at, changed_at, is_late_cancellation, cancel_reason, version)
SELECT number, named('b', number), slot, 1 + number % :enterprises, 'confirmed', 1, 1, 202612, 1, 24,
    0, '{}', false, 0, 'web', '联系人', '', '', '{}', 1, now(), now(), false, '', 1
FROM (SELECT number, CASE WHEN number <= :people THEN 1 + (number + number / :enterprises) % :spread ELSE :spread + 1 + (number - :people - 1) / :hall END AS slot
      FROM generate_series(1, :people + 2 * :hall) AS number) AS numbered;

INSERT INTO attendees (id, public_id, booking_id, slot_id, name, phone, email, typed_code, key_id, state, created_at)
SELECT id, named('a', id), id, slot_id, '林女士', '', '', lpad(to_hex(id), 6, '0'), 1, 'valid', created_at FROM bookings;

INSERT INTO gates (id, public_id, name, token_hash, created_at)
SELECT number, named('g', number), '南门', encode(sha256(convert_to('evg_bench_' || number, 'UTF8')), 'hex'), now()
FROM generate_series(1, :spread + 2) AS number;

INSERT INTO gate_slots (gate_id, slot_id) SELECT id, id FROM gates;

VACUUM ANALYZE;
CHECKPOINT;
