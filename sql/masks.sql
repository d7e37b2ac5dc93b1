-- purpose: masked sky in and around good fields: bleeding, bright stars, trails and holes in r
-- context: DR8 and later
DECLARE @score real = 0.2           -- [-1, 1] good fields score strictly above this
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
DECLARE @reach float = 0.74         -- [0, 0.74] centres of fields whose masks may matter [deg]
-- column maskID varchar the mask
-- column ra float centre of the circle around it [deg]
-- column dec float centre of the circle around it [deg]
-- column radius float of that circle [deg]
SELECT CAST(m.maskID AS varchar(20)) AS maskID, m.ra, m.dec, m.radius
FROM Mask AS m
JOIN Field AS o ON o.run = m.run AND o.rerun = m.rerun AND o.camcol = m.camcol AND o.field = m.field
WHERE m.filter = 2 AND m.type IN (0, 1, 2, 3)
AND o.fieldID IN (
    SELECT n.fieldID
    FROM (
        SELECT
            COS(RADIANS(f.dec)) * COS(RADIANS(f.ra)) AS cx,
            COS(RADIANS(f.dec)) * SIN(RADIANS(f.ra)) AS cy, SIN(RADIANS(f.dec)) AS cz,
            FLOOR(f.dec / 0.75) AS zone,
            ((CAST(f.run AS bigint) * 6007 + f.camcol * 1009 + f.field) * 7919
            + CAST(@seed AS bigint) * 104729) % 1000003 AS turn
        FROM Field AS f
        WHERE f.score > @score AND f.photoStatus = 0 AND f.nTotal > 0
    ) AS g
    CROSS JOIN (VALUES (-1), (0), (1)) AS beside(step)
    JOIN (
        SELECT
            h.fieldID, COS(RADIANS(h.dec)) * COS(RADIANS(h.ra)) AS cx,
            COS(RADIANS(h.dec)) * SIN(RADIANS(h.ra)) AS cy, SIN(RADIANS(h.dec)) AS cz,
            FLOOR(h.dec / 0.75) AS zone
        FROM Field AS h
    ) AS n ON n.zone = g.zone + beside.step
    WHERE g.turn BETWEEN @first_turn AND @last_turn
        AND g.cx * n.cx + g.cy * n.cy + g.cz * n.cz > COS(RADIANS(@reach))
)
ORDER BY m.maskID
