-- Months of every reporting unit, with counts whose balance closes and whose opening is the last closing.
-- bench_month and bench_size are filled before. Units up to `skipped` are silent in that month. With gaps one report in
-- so many is missing, units differ in size, and a month in which all were handed over is of two parts.
INSERT INTO records_submission (unit_id, month, due_on)
SELECT unit.id, month.number, month.due_on
FROM units_unit AS unit CROSS JOIN bench_month AS month
WHERE unit.reports AND unit.id > month.skipped
    AND unit.active_from <= month.end_on AND COALESCE(unit.active_until, month.end_on) >= month.start_on
    AND (month.gaps = 0 OR (unit.id * 31 + month.place * 17) % month.gaps <> 0)
ORDER BY month.number, unit.id;

INSERT INTO records_edition (submission_id, number, state, revision, saved_by, sent_by, decided_by, return_reason,
    marked_cells, decided_at, blank_opening, blank_received, blank_returned, blank_resolved, blank_pending)
SELECT id, 1, 'approved', 1, '', '', '', '', '[]', '2026-01-01 00:00:00', 0, 0, 0, 0, 0
FROM records_submission
ORDER BY id;

INSERT INTO records_dossiercount (edition_id, field_id, answered, reason, opening, received_direct,
    received_online_partial, received_online_full, received_postal, returned_direct, returned_online, returned_postal,
    resolved_early, resolved_on_time, resolved_late, withdrawn, pending_in_time, pending_late, awaiting,
    blank_opening, blank_received, blank_returned, blank_resolved, blank_pending)
SELECT edition, field, true, '', opening, direct, partial, full_online, postal, resolved - 1, 1, 0,
    (resolved - late) / 2, resolved - late - (resolved - late) / 2, late, 0, pending, 0, 0, 0, 0, 0, 0, 0
FROM (
    SELECT parts.*, opening + direct + partial + full_online + postal - pending AS resolved
    FROM (
        SELECT edition.id AS edition,
            field.id AS field,
            (unit.id * 7 + field.id * 3 + (month.place - 1) * 5) % 6 AS opening,
            (unit.id * 7 + field.id * 3 + month.place * 5) % 6 AS pending,
            (10 - 2 * month.parts + (unit.id * 13 + field.id * 29 + month.place * 37) % 30 / month.parts)
                * size.times AS direct,
            (unit.id * 11 + field.id * 5 + month.place * 19) % 9 / month.parts * size.times AS partial,
            (unit.id * 17 + field.id * 23 + month.place * 3) % 7 / month.parts * size.times AS full_online,
            CASE WHEN (unit.id + field.id + month.place) % 29 = 0 THEN 1 ELSE 0 END AS postal,
            CASE WHEN (unit.id + field.id + month.place) % 40 = 0 THEN 1 ELSE 0 END AS late
        FROM records_edition AS edition
        JOIN records_submission AS submission ON submission.id = edition.submission_id
        JOIN units_unit AS unit ON unit.id = submission.unit_id
        JOIN bench_month AS month ON month.number = submission.month
        JOIN bench_size AS size ON size.unit_id = unit.id
        CROSS JOIN records_field AS field
        WHERE field.code <> 'chung'
    ) AS parts
) AS whole
ORDER BY edition, field;

UPDATE records_edition
SET opening = sums.opening, received_direct = sums.received_direct,
    received_online_partial = sums.received_online_partial, received_online_full = sums.received_online_full,
    received_postal = sums.received_postal, returned_direct = sums.returned_direct,
    returned_online = sums.returned_online, returned_postal = sums.returned_postal,
    resolved_early = sums.resolved_early, resolved_on_time = sums.resolved_on_time,
    resolved_late = sums.resolved_late, withdrawn = sums.withdrawn, pending_in_time = sums.pending_in_time,
    pending_late = sums.pending_late, awaiting = sums.awaiting
FROM (
    SELECT edition_id, SUM(opening) AS opening, SUM(received_direct) AS received_direct,
        SUM(received_online_partial) AS received_online_partial, SUM(received_online_full) AS received_online_full,
        SUM(received_postal) AS received_postal, SUM(returned_direct) AS returned_direct,
        SUM(returned_online) AS returned_online, SUM(returned_postal) AS returned_postal,
        SUM(resolved_early) AS resolved_early, SUM(resolved_on_time) AS resolved_on_time,
        SUM(resolved_late) AS resolved_late, SUM(withdrawn) AS withdrawn, SUM(pending_in_time) AS pending_in_time,
        SUM(pending_late) AS pending_late, SUM(awaiting) AS awaiting
    FROM records_dossiercount
    GROUP BY edition_id
) AS sums
WHERE sums.edition_id = records_edition.id
