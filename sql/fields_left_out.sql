-- purpose: fields that are not looked into, and why: a failed reduction, a low score, nothing found
-- context: DR8 and later
DECLARE @score real = 0.2           -- [-1, 1] fields must score strictly above this
DECLARE @limit int = 1000           -- [1, 10000000] fields at most
-- column fieldID varchar the field
-- column run int drift scan
-- column camcol int camera column
-- column field int field number
-- column photoStatus int 0 OK, 1 aborted, 2 missing, 3 too long
-- column score real quality, 0 to 1
-- column nTotal int objects detected
SELECT TOP (@limit)
    CAST(f.fieldID AS varchar(20)) AS fieldID, f.run, f.camcol, f.field,
    ISNULL(f.photoStatus, -1) AS photoStatus, ISNULL(f.score, -1) AS score, ISNULL(f.nTotal, 0) AS nTotal
FROM Field AS f
WHERE ISNULL(f.photoStatus, -1) <> 0 OR ISNULL(f.score, -1) <= @score OR ISNULL(f.nTotal, 0) = 0
ORDER BY f.fieldID
