-- purpose: galaxies that Galaxy Zoo 1 calls elliptical or spiral, debiased votes
-- context: any release with zooSpec (Lintott et al. 2011, table 2)
--          an object that stands twice comes with all its rows: most votes decide
DECLARE @threshold real = 0.85      -- [0.5, 1] fraction of the votes that a class needs
DECLARE @min_votes int = 10         -- [1, 100000] volunteers at least
DECLARE @limit int = 1000           -- [1, 10000000] galaxies at most
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
-- column objID varchar the galaxy, DR8 and later
-- column dr7objid varchar the same, DR7
-- column ra real position [deg]
-- column dec real position [deg]
-- column nvote int volunteers
-- column p_el_debiased real fraction of the votes
-- column p_cs_debiased real fraction of the votes
SELECT TOP (@limit)
    CAST(v.objid AS varchar(20)) AS objID, CAST(v.dr7objid AS varchar(20)) AS dr7objid,
    v.ra, v.dec,
    v.nvote, v.p_el_debiased, v.p_cs_debiased
FROM (
    SELECT
        z.objid, z.dr7objid, z.ra, z.dec,
        z.nvote, z.p_el_debiased, z.p_cs_debiased,
        (z.objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003 AS turn,
        COUNT(*) OVER (PARTITION BY z.objid) AS n_rows
    FROM zooSpec AS z
) AS v
WHERE v.objid > 0
    AND v.turn BETWEEN @first_turn AND @last_turn
    AND (v.n_rows > 1
        OR (v.nvote >= @min_votes
            AND (v.p_el_debiased >= @threshold - 0.000001
                OR v.p_cs_debiased >= @threshold - 0.000001)))
ORDER BY v.turn, v.objid, v.nvote DESC,
    v.p_el_debiased DESC, v.p_cs_debiased DESC
