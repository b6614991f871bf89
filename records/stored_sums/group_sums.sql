-- What the sums of one level of groups must be in some months at one stage; those of the level below must be right.
-- Read and written through records/stored_sums/group_sums.py, which fills in the braces.
WITH reporting AS (
    -- A group's own report counts in itself, that of a child without children in its parent.
    SELECT id, id AS own_group, tier, kind FROM units_unit WHERE id IN ({groups})
    UNION ALL
    SELECT id, parent_id, tier, kind FROM units_unit WHERE parent_id IN ({groups}) AND NOT has_children
), counting AS MATERIALIZED (
    -- The editions in force, as EditionQuerySet.in_force has them. COUNT, not EXISTS, of which PostgreSQL may make a
    -- reading of everything that waits for approval in the country.
    SELECT edition.id, submission.month, submission.opens, submission.closes,
        reporting.own_group, reporting.tier, reporting.kind = 'external' AS external
    FROM reporting
    JOIN records_submission AS submission ON submission.unit_id = reporting.id AND submission.month IN ({months})
    JOIN records_edition AS edition ON edition.submission_id = submission.id
    WHERE (edition.state = 'sent' AND '{stage}' = 'submitted')
    OR (edition.state = 'approved' AND ('{stage}' = 'approved' OR 0 = (
        SELECT COUNT(*) FROM records_edition AS sent
        WHERE sent.submission_id = submission.id AND sent.state = 'sent'
        -- As the index of open editions has it, by which SQLite then finds none at once.
        AND sent.state IN ('draft', 'sent', 'returned')
    )))
), by_field AS MATERIALIZED (
    SELECT own_group, month, tier, external, count.field_id AS field,
        COUNT(DISTINCT CASE WHEN count.answered THEN counting.id END) AS reported, {counted}
    FROM counting JOIN records_dossiercount AS count ON count.edition_id = counting.id
    -- The field first: by it two rows differ most often, and are soon sorted.
    GROUP BY count.field_id, tier, external, own_group, month
)
SELECT own_group, month, tier, external, field, '{stage}', CAST(SUM(reported) AS bigint), {sums}
FROM (
    SELECT own_group, month, tier, external, field, reported, {columns} FROM by_field
    UNION ALL
    -- The totals are those of all fields; a report counts in them also where it has no row.
    SELECT own_group, month, tier, external, NULL, 0, {columns} FROM by_field
    UNION ALL
    SELECT own_group, month, tier, external, NULL, COUNT(*), {nothing} FROM counting
    GROUP BY own_group, month, tier, external
    UNION ALL
    SELECT unit.parent_id, below.month, below.tier, below.external, below.field_id, below.reported, {below_columns}
    -- CROSS: SQLite must not begin with the sums.
    FROM units_unit AS unit CROSS JOIN records_groupsum AS below
    WHERE unit.parent_id IN ({groups}) AND unit.has_children
    AND below.group_id = unit.id AND below.month IN ({months}) AND below.stage = '{stage}'
) AS parts
GROUP BY own_group, month, tier, external, field
