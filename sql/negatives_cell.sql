-- purpose: every galaxy to a limit in and around good fields, from any field and run that covers them
-- context: DR8 and later
-- To prove absence no row may be left out: clean = 1 is not asked for, secondary detections count as
-- primary ones do, one without a magnitude counts as bright enough, and where a field has no primary area its parents and outliers (modes 3, 4) too.
DECLARE @score real = 0.2           -- [-1, 1] good fields score strictly above this
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
DECLARE @limit_mag_r float = 20.0   -- [10, 30] galaxies brighter than this count [mag]
DECLARE @reach float = 0.5          -- [0, 0.74] centres of fields whose objects may matter [deg]
-- column objID varchar the galaxy
-- column ra float position [deg]
-- column dec float position [deg]
-- column r real model magnitude [mag]
-- column petroRad_r real Petrosian radius [arcsec]
SELECT CAST(p.objID AS varchar(20)) AS objID, p.ra, p.dec, p.r, p.petroRad_r
FROM PhotoObjAll AS p
JOIN Field AS o ON o.fieldID = p.fieldID
WHERE p.type = 3 AND (p.r < @limit_mag_r OR p.r IS NULL) AND (p.mode IN (1, 2) OR ISNULL(o.primaryArea, 0) = 0)
AND p.fieldID IN (
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
ORDER BY p.objID
