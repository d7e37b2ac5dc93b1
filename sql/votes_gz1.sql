-- purpose: every vote of Galaxy Zoo 1, for schemes that are decided here
-- context: any release with zooSpec (Lintott et al. 2011, table 2)
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
-- column objID varchar the galaxy, DR8 and later
-- column dr7objid varchar the same, DR7
-- column ra real position [deg]
-- column dec real position [deg]
-- column nvote int volunteers
-- column elliptical int 1 if in the clean sample
-- column spiral int 1 if in the clean sample
-- column uncertain int 1 if in the clean sample
-- column p_acw real fraction of the votes
-- column p_cs real fraction of the votes
-- column p_cs_debiased real fraction of the votes
-- column p_cw real fraction of the votes
-- column p_dk real fraction of the votes
-- column p_edge real fraction of the votes
-- column p_el real fraction of the votes
-- column p_el_debiased real fraction of the votes
-- column p_mg real fraction of the votes
SELECT
    CAST(z.objid AS varchar(20)) AS objID, CAST(z.dr7objid AS varchar(20)) AS dr7objid,
    z.ra, z.dec,
    z.nvote, z.elliptical, z.spiral, z.uncertain, z.p_acw, z.p_cs, z.p_cs_debiased, z.p_cw,
    z.p_dk, z.p_edge, z.p_el, z.p_el_debiased, z.p_mg
FROM zooSpec AS z
WHERE z.objid > 0
    AND (z.objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003
        BETWEEN @first_turn AND @last_turn
ORDER BY (z.objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003,
    z.objid, z.nvote DESC, z.p_acw DESC, z.p_cs DESC
