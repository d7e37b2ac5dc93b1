-- purpose: both ids of the galaxies of Galaxy Zoo 1 without a spectrum
-- context: any release with zooNoSpec (Lintott et al. 2011)
-- For more ids than are worth a hundred look-ups each: one answer, or a few.
DECLARE @first_id bigint = 0                   -- [0, 9223372036854775807] DR7 ids from here
DECLARE @last_id bigint = 9223372036854775807  -- [0, 9223372036854775807] to here
-- part: @first_id @last_id
-- column dr7objid varchar the galaxy, DR7
-- column dr8objid varchar the galaxy, DR8 and later
SELECT CAST(z.dr7objid AS varchar(20)) AS dr7objid, CAST(z.objid AS varchar(20)) AS dr8objid
FROM zooNoSpec AS z
WHERE z.dr7objid BETWEEN @first_id AND @last_id AND z.objid > 0
ORDER BY z.dr7objid, z.objid
