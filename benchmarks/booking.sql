-- What a booking writes, row by row, as pgbench would do it. `number` counts through pairs of enterprise and slot, so
-- that no enterprise books a slot twice: see pair() in clients.py.
\set number :first + :client_id + 16 * :turn
\set turn :turn + 1
\set enterprise 1 + :number % :enterprises
\set slot :first_slot + (:number + :number / :enterprises) % :spread
BEGIN;
UPDATE enterprises SET feed_revision = feed_revision + 1, feed_changed_at = now() WHERE id = :enterprise;
SELECT capacity, places_taken FROM slots WHERE id = :slot FOR UPDATE;
INSERT INTO bookings (public_id, slot_id, enterprise_id, state, party, party_min, month, department_id, edition_id, renewals, draft, asks_first, passed_over, channel, contact_id, contact_name, on_behalf_reason, asks, answers, share_version, created_at, changed_at, is_late_cancellation, cancel_reason, version)
VALUES (substr(md5(random()::text), 1, 13), :slot, :enterprise, 'confirmed', 1, 1, 202612, 1, 24, 0, '{}', false, 0, 'api', :enterprise, '联系人', '', '', '{}', 1, now(), now(), false, '', 1)
RETURNING id AS booking \gset
INSERT INTO attendees (public_id, booking_id, slot_id, name, phone, email, typed_code, key_id, state, created_at)
VALUES (substr(md5(random()::text), 1, 13), :booking, :slot, '林女士', '', '', lpad(to_hex(:number::bigint), 6, '0'), 1, 'valid', now());
INSERT INTO audit_entries (at, action, object_type, object_id, actor_id, actor_name, channel, address, request_id, before, after, reason)
VALUES (now(), 'booking.created', 'booking', substr(md5(random()::text), 1, 13), :enterprise, '联系人', 'api', '127.0.0.1', '0123456789abcdef', '{}', '{"state": "confirmed", "party": 1, "attendees": ["abcdefghijklm"], "channel": "api", "slot": "saaaaaaaaaaaa", "enterprise": "eaaaaaaaaaaaa"}', '');
INSERT INTO messages (public_id, kind, address, person_id, locale, context, attachments, state, created_at, due_at, attempts, last_error)
VALUES (substr(md5(random()::text), 1, 13), 'booking_confirmed', 'contact@example.com', :enterprise, 'zh_CN', '{"title": "研发费用加计扣除政策辅导", "department": "税务局", "department_name": "示范区税务局", "phone": "0592-1000001", "starts_at": "2026-12-03T06:00:00+00:00", "ends_at": "2026-12-03T07:30:00+00:00", "place": "第一活动中心", "format": "session", "slot_url": "http://127.0.0.1:8000/slots/saaaaaaaaaaaa", "party": 1, "enterprise": "第一网络公司", "booking_url": "http://127.0.0.1:8000/bookings/baaaaaaaaaaaa", "names_until": "2026-12-03T06:00:00+00:00", "attendees": ["林女士"]}', '[{"filename": "ticket-ABCDEF.png", "qr": "http://127.0.0.1:8000/t/AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ"}]', 'queued', now(), now(), 0, '');
INSERT INTO idempotency_keys (owner, key, request_hash, booking_id, answer, created_at)
VALUES ('taaaaaaaaaaaa', md5(random()::text), md5('a') || md5('b'), :booking, '{"id": "baaaaaaaaaaaa", "state": "confirmed", "version": 1, "party": 1, "party_min": 1, "place_in_queue": null, "lapses_at": null, "slot": "saaaaaaaaaaaa", "enterprise": {"id": "eaaaaaaaaaaaa", "credit_code": "B00000000000000001", "name": "第一网络公司"}, "tickets": [{"id": "taaaaaaaaaaaa", "code": "AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ", "url": "http://127.0.0.1:8000/t/AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ", "name": "林女士", "typed_code": "ABCDEF"}], "url": "http://127.0.0.1:8000/bookings/baaaaaaaaaaaa"}', now());
UPDATE slots SET places_taken = places_taken + 1, people_taken = people_taken + 1 WHERE id = :slot;
COMMIT;
