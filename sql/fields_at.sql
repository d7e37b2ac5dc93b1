-- purpose: the fields in a part of the sky, to find which one a position lies in
-- context: DR8 and later; right ascensions may reach beyond 0 and 360
DECLARE @ra_low float = 0.0     -- [-360, 360] centres of fields from here [deg]
DECLARE @ra_high float = 360.0  -- [0, 720] to here [deg]
DECLARE @dec_low float = -90.0  -- [-91, 91] from here [deg]
DECLARE @dec_high float = 90.0  -- [-91, 91] to here [deg]
-- column fieldID varchar the field
-- column run int drift scan
-- column camcol int camera column
-- column field int field number
-- column ra float centre [deg]
-- column dec float centre [deg]
-- column muStart float along the scan [deg]
-- column muEnd float along the scan [deg]
-- column nuStart float across the scan [deg]
-- column nuEnd float across the scan [deg]
-- column isPrimary int 1 where it is the primary imaging of some sky
-- column score real quality, 0 to 1
SELECT
    CAST(f.fieldID AS varchar(20)) AS fieldID, f.run, f.camcol, f.field, f.ra, f.dec,
    f.muStart, f.muEnd, f.nuStart, f.nuEnd,
    CASE WHEN f.primaryArea > 0 THEN 1 ELSE 0 END AS isPrimary, f.score
FROM Field AS f
WHERE f.dec BETWEEN @dec_low AND @dec_high
    AND (
        f.ra BETWEEN @ra_low AND @ra_high
        OR f.ra - 360 BETWEEN @ra_low AND @ra_high
        OR f.ra + 360 BETWEEN @ra_low AND @ra_high
    )
ORDER BY f.fieldID
