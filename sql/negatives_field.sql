-- purpose: fields in which no galaxy was catalogued: the literal question
-- context: DR8 and later; in MyDB add INTO mydb.<name> before FROM
-- A good SDSS field always holds hundreds of galaxies (27 at least among 815 real ones), so what
-- comes back are mostly failed reductions: read photoStatus and nTotal before you believe it.
DECLARE @score real = 0.2  -- [-1, 1] fields must score strictly above this; -1 drops the cut
DECLARE @limit int = 1000  -- [1, 500000] fields at most
-- column fieldID varchar the field
-- column run int drift scan
-- column rerun int reduction
-- column camcol int camera column
-- column field int field number
-- column ra float centre [deg]
-- column dec float centre [deg]
-- column score float quality, 0 to 1
-- column quality int 1 bad, 2 acceptable, 3 good
-- column photoStatus int 0 OK, else the reduction failed
-- column nTotal int objects detected
-- column nGalaxy int childless galaxies detected
-- column nLoaded int rows of PhotoObjAll that this archive holds for the field
SELECT TOP (@limit)
    CAST(f.fieldID AS varchar(20)) AS fieldID, f.run, f.rerun, f.camcol, f.field, f.ra, f.dec,
    f.score, f.quality, ISNULL(f.photoStatus, -1) AS photoStatus, ISNULL(f.nTotal, 0) AS nTotal,
    f.nGalaxy,
    (SELECT COUNT(*) FROM PhotoObjAll AS q WHERE q.fieldID = f.fieldID) AS nLoaded
FROM Field AS f
LEFT JOIN PhotoObjAll AS p ON p.fieldID = f.fieldID AND p.type = 3
WHERE p.objID IS NULL AND f.score > @score
ORDER BY f.nTotal, f.fieldID
