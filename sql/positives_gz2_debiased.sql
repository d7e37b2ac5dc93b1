-- purpose: galaxies that Galaxy Zoo 2 calls smooth or spiral, debiased votes
-- context: any release with zoo2MainSpecz (Willett et al. 2013); a spiral has both features and arms
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
-- column total_classifications int volunteers
-- column t04_spiral_a08_spiral_count int volunteers
-- column t04_spiral_a09_no_spiral_count int volunteers
-- column t01_smooth_or_features_a01_smooth_debiased real fraction of the votes
-- column t01_smooth_or_features_a02_features_or_disk_debiased real fraction of the votes
-- column t04_spiral_a08_spiral_debiased real fraction of the votes
SELECT TOP (@limit)
    CAST(v.dr8objid AS varchar(20)) AS objID, CAST(v.dr7objid AS varchar(20)) AS dr7objid,
    v.ra, v.dec,
    v.total_classifications, v.t04_spiral_a08_spiral_count, v.t04_spiral_a09_no_spiral_count,
    v.t01_smooth_or_features_a01_smooth_debiased,
    v.t01_smooth_or_features_a02_features_or_disk_debiased, v.t04_spiral_a08_spiral_debiased
FROM (
    SELECT
        z.dr8objid, z.dr7objid, z.ra, z.dec,
        z.total_classifications, z.t04_spiral_a08_spiral_count,
        z.t04_spiral_a09_no_spiral_count, z.t01_smooth_or_features_a01_smooth_debiased,
        z.t01_smooth_or_features_a02_features_or_disk_debiased, z.t04_spiral_a08_spiral_debiased,
        (z.dr8objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003 AS turn,
        COUNT(*) OVER (PARTITION BY z.dr8objid) AS n_rows
    FROM zoo2MainSpecz AS z
) AS v
WHERE v.dr8objid > 0
    AND v.turn BETWEEN @first_turn AND @last_turn
    AND (v.n_rows > 1
        OR (v.total_classifications >= @min_votes
            AND (v.t01_smooth_or_features_a01_smooth_debiased >= @threshold - 0.000001
                OR (v.t01_smooth_or_features_a02_features_or_disk_debiased >= @threshold - 0.000001
                    AND v.t04_spiral_a08_spiral_debiased >= @threshold - 0.000001))))
ORDER BY v.turn, v.dr8objid, v.total_classifications DESC,
    v.t01_smooth_or_features_a01_smooth_debiased DESC,
    v.t01_smooth_or_features_a02_features_or_disk_debiased DESC,
    v.t04_spiral_a08_spiral_debiased DESC
