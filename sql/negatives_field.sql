-- purpose: fields in which no galaxy was catalogued: the literal question
-- context: DR8 and later; in MyDB add INTO mydb.<name> before FROM
-- A good SDSS field always holds hundreds of galaxies (27 at least among 815 real ones), so what
-- comes back are mostly failed reductions: read photoStatus and nTotal before you believe it.
DECLARE @score real = 0.2           -- [-1, 1] fields must score strictly above this; -1 drops the cut
DECLARE @limit int = 1000           -- [1, 10000000] fields at most
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
-- column score real quality, 0 to 1
-- column quality int 1 bad, 2 acceptable, 3 good
-- column photoStatus int 0 OK, else the reduction failed
-- column nTotal int objects detected
-- column nGalaxy int childless galaxies detected
-- column nLoaded int rows of PhotoObjAll that this archive holds for the field
SELECT TOP (@limit)
    CAST(g.fieldID AS varchar(20)) AS fieldID, g.turn, g.run, g.rerun, g.camcol, g.field, g.ra, g.dec,
    g.score, g.quality, ISNULL(g.photoStatus, -1) AS photoStatus, ISNULL(g.nTotal, 0) AS nTotal,
    g.nGalaxy,
    (SELECT COUNT(*) FROM PhotoObjAll AS q WHERE q.fieldID = g.fieldID) AS nLoaded
FROM (
    SELECT
        f.fieldID, f.run, f.rerun, f.camcol, f.field, f.ra, f.dec, f.score, f.quality,
        f.photoStatus, f.nTotal, f.nGalaxy,
        ((CAST(f.run AS bigint) * 6007 + f.camcol * 1009 + f.field) * 7919
            + CAST(@seed AS bigint) * 104729) % 1000003 AS turn
    FROM Field AS f
    WHERE f.score > @score
) AS g
LEFT JOIN PhotoObjAll AS p ON p.fieldID = g.fieldID AND p.type = 3
WHERE p.objID IS NULL AND g.turn BETWEEN @first_turn AND @last_turn
ORDER BY g.turn, g.fieldID
