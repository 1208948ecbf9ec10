-- What a check-in writes, as pgbench would do it: the ticket locked, a row in the log.
\set number :first + (:client_id + 16 * :turn) % :people
\set turn :turn + 1
BEGIN;
SELECT slot_id AS slot FROM attendees WHERE id = :number FOR UPDATE \gset
INSERT INTO scans (public_id, nonce, code, gate_id, slot_id, attendee_id, direction, result, shown, scanned_at, received_at, actor_id, actor_name, device, is_override, reason)
VALUES (substr(md5(random()::text), 1, 13), md5(random()::text), 'AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ', :slot, :slot, :number, 'entry', 'admitted', NULL, now(), now(), NULL, '南门', '手机1', false, '');
COMMIT;
