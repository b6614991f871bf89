-- Units of some groups that owe a month and have nothing in force at a stage, save those noted already. COUNT, not
-- EXISTS: of EXISTS PostgreSQL may make a reading of every report of the country.
WITH span (month, first_day, last_day) AS (VALUES {spans})
INSERT INTO records_missingreport (unit_id, month, stage)
SELECT unit.id, span.month, '{stage}'
FROM units_unit AS unit CROSS JOIN span
WHERE (unit.id IN ({groups}) OR unit.parent_id IN ({groups}))
AND unit.reports AND unit.active_from <= span.last_day
AND (unit.active_until IS NULL OR unit.active_until >= span.first_day)
AND (unit.reports_until IS NULL OR unit.reports_until >= span.first_day)
AND 0 = ({there})
AND 0 = (
    SELECT COUNT(*) FROM records_missingreport AS gap
    WHERE gap.unit_id = unit.id AND gap.stage = '{stage}' AND gap.month = span.month
)
