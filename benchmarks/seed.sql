-- A district to measure in: :enterprises enterprises, each with a contact and an API token, and slots of one department
-- to come, with quotas to check. Numbers give public ids and tokens, so that clients need to be told nothing.
CREATE FUNCTION named(kind text, number bigint) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT kind || translate(lpad(number::text, 11, '0'), '0123456789', 'abcdefghij') || 'a'
$$;

INSERT INTO parks (id, public_id, name, short_name, name_en, search_text, active, version, feed_revision, feed_changed_at)
VALUES (1, named('k', 1), '软件园', '', '', '', true, 1, 1, now());

INSERT INTO places (id, public_id, name, name_en, kind, park_id, address, directions, search_text, active, version)
VALUES (1, named('l', 1), '第一活动中心', '', 'centre', 1, '', '', '', true, 1);

INSERT INTO departments (id, public_id, code, name, short_name, name_en, colour, phone, email, search_text, active,
    settings, version, feed_revision, feed_changed_at)
VALUES (1, named('d', 1), 'tax', '示范区税务局', '税务局', '', 1, '0592-1000001', '', '', true, '{}', 1, 1, now());

INSERT INTO series (id, public_id, name, name_en) VALUES (1, named('r', 1), '党企面对面', '');

INSERT INTO editions (id, public_id, series_id, number, title, description, version, starts_on, ends_on)
SELECT number, named('n', number), 1, number, '', '', 1, current_date + 30 * (number - 24),
    current_date + 30 * (number - 23) - 1
FROM generate_series(1, 27) AS number;

INSERT INTO enterprises (id, public_id, credit_code, is_code_checked, name, short_name, name_en, sub_district, park_id,
    address, note, search_text, active, created_at, version, feed_revision, feed_changed_at)
SELECT number, named('e', number), 'B' || lpad(number::text, 17, '0'), true, '第' || number || '网络公司', '', '', '莲前街道', 1,
    '', '', '', true, now(), 1, 1, now()
FROM generate_series(1, :enterprises) AS number;

INSERT INTO people (public_id, name, search_text, email, locale, active, created_at, fs_uniquifier, mf_recovery_codes,
    version)
SELECT named('p', id), '联系人' || id, '', 'contact' || id || '@example.com', '', true, now(), 'bench' || id, '[]', 1
FROM enterprises;

INSERT INTO memberships (public_id, person_id, role, enterprise_id, state, created_at)
SELECT named('m', enterprises.id), people.id, 'contact', enterprises.id, 'active', now()
FROM enterprises JOIN people ON fs_uniquifier = 'bench' || enterprises.id;

INSERT INTO api_tokens (public_id, name, token_hash, person_id, scopes, created_at)
SELECT named('t', enterprise_id), 'bench', encode(sha256(convert_to('evt_bench_' || enterprise_id, 'UTF8')), 'hex'),
    person_id, '["bookings:read", "bookings:write"]', now()
FROM memberships WHERE enterprise_id IS NOT NULL;

CREATE FUNCTION add_slots(numbers_from int, numbers_to int, days_from int, days int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO slots (id, public_id, state, title, title_en, description, topic, format, department_id, edition_id,
        place_id, park_id, place_text, online_url, starts_at, ends_at, closes_at, cancel_until, names_until, capacity,
        attendee_capacity, party_max, places_taken, people_taken, waiting, queue_last, queue_until, month, quota_month,
        quota_edition, quota_open, needs_approval, is_draw_weighted, audience_kind, audience, questions, is_hidden,
        created_at, published_at, call_off_reason, changed_at, sequence, version)
    SELECT number, named('s', number), 'published', '研发费用加计扣除政策辅导', '', '', 'policy', 'session', 1,
        greatest(1, 24 + (starts_at::date - current_date) / 30), 1, 1, '', '', starts_at, starts_at + interval '90 minutes',
        starts_at, starts_at - interval '1 hour', starts_at, 100000, 200000, 4, 0, 0, 0, 0, starts_at,
        to_char(starts_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM')::int, 1000, 1000, 1000, false, false, 'public', '{}',
        '[]', false, now(), now(), '', now(), 0, 1
    FROM (SELECT number, date_trunc('hour', now()) + make_interval(days => days_from + number % days, hours => number % 8)
              AS starts_at
          FROM generate_series(numbers_from, numbers_to) AS number) AS numbered
$$;
SELECT add_slots(1, :slots, 2, 60);
SELECT setval(pg_get_serial_sequence('slots', 'id'), :slots);
VACUUM ANALYZE;
CHECKPOINT;
