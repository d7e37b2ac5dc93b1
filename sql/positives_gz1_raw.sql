-- purpose: galaxies that Galaxy Zoo 1 calls elliptical or spiral, votes as cast
-- context: any release with zooSpec (Lintott et al. 2011, table 2)
DECLARE @threshold real = 0.85  -- [0.5, 1] fraction of the votes that a class needs
DECLARE @min_votes int = 10     -- [1, 100000] volunteers at least
DECLARE @limit int = 1000       -- [1, 500000] galaxies at most
DECLARE @seed int = 42          -- [0, 2147483647] of the shuffle
-- column objID varchar the galaxy, DR8 and later
-- column dr7objid varchar the same, DR7
-- column ra float position [deg]
-- column dec float position [deg]
-- column n_votes int volunteers
-- column n_votes_cs int volunteers who answered whether there are spiral arms
-- column p_el float fraction of the votes: elliptical or smooth
-- column p_cs float fraction of the votes: spiral
SELECT TOP (@limit)
    CAST(z.objid AS varchar(20)) AS objID, CAST(z.dr7objid AS varchar(20)) AS dr7objid,
    z.ra, z.dec, z.nvote AS n_votes, z.nvote AS n_votes_cs, z.p_el AS p_el, z.p_cs AS p_cs
FROM zooSpec AS z
WHERE z.nvote >= @min_votes AND (z.p_el >= @threshold OR z.p_cs >= @threshold)
ORDER BY (z.objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003, z.objid
