-- purpose: Petrosian radii of the galaxies whose votes Galaxy Zoo 2 counted
-- context: any release with zoo2MainSpecz; an object that stands there twice comes twice
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
-- column objID varchar the galaxy, DR8 and later
-- column petroRad_r real Petrosian radius in r [arcsec]; -9999 where it was not measured
SELECT CAST(p.objID AS varchar(20)) AS objID, p.petroRad_r
FROM zoo2MainSpecz AS z
JOIN PhotoObjAll AS p ON p.objID = z.dr8objid
WHERE (z.dr8objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003
    BETWEEN @first_turn AND @last_turn
ORDER BY (z.dr8objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003, p.objID
