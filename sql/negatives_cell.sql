-- purpose: every galaxy to a limit near a field, from any field or run, whatever its mode or flags
-- context: DR8 and later
-- To prove absence, no row may be left out: neither clean = 1 nor mode = 1 is asked for.
DECLARE @ra float = 180.0           -- [0, 360] centre [deg]
DECLARE @dec float = 0.0            -- [-90, 90] centre [deg]
DECLARE @radius float = 8.0         -- [0, 60] around it [arcmin]
DECLARE @limit_mag_r float = 20.0   -- [10, 30] galaxies brighter than this count [mag]
-- column objID varchar the galaxy
-- column ra float position [deg]
-- column dec float position [deg]
-- column r float model magnitude [mag]
-- column petroRad_r float Petrosian radius [arcsec]
SELECT CAST(p.objID AS varchar(20)) AS objID, p.ra, p.dec, p.r, p.petroRad_r
FROM dbo.fGetNearbyObjAllEq(@ra, @dec, @radius) AS n
JOIN PhotoObjAll AS p ON p.objID = n.objID
WHERE p.type = 3 AND p.r < @limit_mag_r
