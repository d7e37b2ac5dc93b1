-- purpose: fields that were reduced well, in the order of a shuffle that can be repeated
-- context: DR8 and later
DECLARE @score real = 0.2           -- [-1, 1] fields must score strictly above this
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
-- column fieldID varchar the field
-- column turn int when its turn is in the shuffle
-- column run int drift scan
-- column rerun int reduction
-- column camcol int camera column
-- column field int field number
-- column ra float centre [deg]
-- column dec float centre [deg]
-- column muStart float along the scan [deg]
-- column muEnd float along the scan [deg]
-- column nuStart float across the scan [deg]
-- column nuEnd float across the scan [deg]
-- column score real quality, 0 to 1
-- column quality int 1 bad, 2 acceptable, 3 good
-- column photoStatus int 0 OK
-- column nTotal int objects detected
-- column nGalaxy int childless galaxies detected
-- column nLoaded int rows of PhotoObjAll that this archive holds for the field
-- column bareBeside int 1 where the next field along the scan failed, or no row of it is held
SELECT
    CAST(g.fieldID AS varchar(20)) AS fieldID, g.turn, g.run, g.rerun, g.camcol, g.field, g.ra, g.dec,
    g.muStart, g.muEnd, g.nuStart, g.nuEnd, g.score, g.quality, g.photoStatus, g.nTotal, g.nGalaxy,
    (SELECT COUNT(*) FROM PhotoObjAll AS q WHERE q.fieldID = g.fieldID) AS nLoaded,
    CASE WHEN EXISTS (
        SELECT 1 FROM Field AS b
        WHERE b.run = g.run AND b.rerun = g.rerun AND b.camcol = g.camcol
            AND b.field BETWEEN g.field - 1 AND g.field + 1
            AND NOT EXISTS (SELECT 1 FROM PhotoObjAll AS q WHERE q.fieldID = b.fieldID)
    ) THEN 1 ELSE 0 END AS bareBeside
FROM (
    SELECT
        f.fieldID, f.run, f.rerun, f.camcol, f.field, f.ra, f.dec, f.muStart, f.muEnd,
        f.nuStart, f.nuEnd, f.score, f.quality, f.photoStatus, f.nTotal, f.nGalaxy,
        ((CAST(f.run AS bigint) * 6007 + f.camcol * 1009 + f.field) * 7919
            + CAST(@seed AS bigint) * 104729) % 1000003 AS turn
    FROM Field AS f
    WHERE f.score > @score AND f.photoStatus = 0 AND f.nTotal > 0
) AS g
WHERE g.turn BETWEEN @first_turn AND @last_turn
ORDER BY g.turn, g.fieldID
