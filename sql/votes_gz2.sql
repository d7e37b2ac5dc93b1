-- purpose: the votes of Galaxy Zoo 2 that the schemes know, which are decided here
-- context: any release with zoo2MainSpecz (Willett et al. 2013)
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
-- column objID varchar the galaxy, DR8 and later
-- column dr7objid varchar the same, DR7
-- column ra real position [deg]
-- column dec real position [deg]
-- column total_classifications int volunteers
-- column t01_smooth_or_features_a01_smooth_flag int 1 if in the clean sample
-- column t01_smooth_or_features_a03_star_or_artifact_flag int 1 if in the clean sample
-- column t02_edgeon_a04_yes_count int volunteers who gave this answer
-- column t02_edgeon_a04_yes_flag int 1 if in the clean sample
-- column t02_edgeon_a05_no_count int volunteers who gave this answer
-- column t03_bar_a06_bar_count int volunteers who gave this answer
-- column t03_bar_a07_no_bar_count int volunteers who gave this answer
-- column t04_spiral_a08_spiral_count int volunteers who gave this answer
-- column t04_spiral_a08_spiral_flag int 1 if in the clean sample
-- column t04_spiral_a09_no_spiral_count int volunteers who gave this answer
-- column t07_rounded_a16_completely_round_count int volunteers who gave this answer
-- column t07_rounded_a17_in_between_count int volunteers who gave this answer
-- column t07_rounded_a18_cigar_shaped_count int volunteers who gave this answer
-- column t09_bulge_shape_a25_rounded_count int volunteers who gave this answer
-- column t09_bulge_shape_a26_boxy_count int volunteers who gave this answer
-- column t09_bulge_shape_a27_no_bulge_count int volunteers who gave this answer
-- column t01_smooth_or_features_a01_smooth_debiased real fraction of the votes
-- column t01_smooth_or_features_a01_smooth_fraction real fraction of the votes
-- column t01_smooth_or_features_a02_features_or_disk_debiased real fraction of the votes
-- column t01_smooth_or_features_a02_features_or_disk_fraction real fraction of the votes
-- column t01_smooth_or_features_a03_star_or_artifact_debiased real fraction of the votes
-- column t01_smooth_or_features_a03_star_or_artifact_fraction real fraction of the votes
-- column t02_edgeon_a04_yes_debiased real fraction of the votes
-- column t02_edgeon_a04_yes_fraction real fraction of the votes
-- column t02_edgeon_a05_no_debiased real fraction of the votes
-- column t02_edgeon_a05_no_fraction real fraction of the votes
-- column t03_bar_a06_bar_debiased real fraction of the votes
-- column t03_bar_a06_bar_fraction real fraction of the votes
-- column t03_bar_a07_no_bar_debiased real fraction of the votes
-- column t03_bar_a07_no_bar_fraction real fraction of the votes
-- column t04_spiral_a08_spiral_debiased real fraction of the votes
-- column t04_spiral_a08_spiral_fraction real fraction of the votes
-- column t04_spiral_a09_no_spiral_debiased real fraction of the votes
-- column t04_spiral_a09_no_spiral_fraction real fraction of the votes
-- column t06_odd_a14_yes_debiased real fraction of the votes
-- column t07_rounded_a16_completely_round_debiased real fraction of the votes
-- column t07_rounded_a16_completely_round_fraction real fraction of the votes
-- column t07_rounded_a17_in_between_debiased real fraction of the votes
-- column t07_rounded_a17_in_between_fraction real fraction of the votes
-- column t07_rounded_a18_cigar_shaped_debiased real fraction of the votes
-- column t07_rounded_a18_cigar_shaped_fraction real fraction of the votes
-- column t08_odd_feature_a21_disturbed_debiased real fraction of the votes
-- column t08_odd_feature_a22_irregular_debiased real fraction of the votes
-- column t08_odd_feature_a24_merger_debiased real fraction of the votes
-- column t09_bulge_shape_a25_rounded_debiased real fraction of the votes
-- column t09_bulge_shape_a25_rounded_fraction real fraction of the votes
-- column t09_bulge_shape_a26_boxy_debiased real fraction of the votes
-- column t09_bulge_shape_a26_boxy_fraction real fraction of the votes
-- column t09_bulge_shape_a27_no_bulge_debiased real fraction of the votes
-- column t09_bulge_shape_a27_no_bulge_fraction real fraction of the votes
SELECT
    CAST(z.dr8objid AS varchar(20)) AS objID, CAST(z.dr7objid AS varchar(20)) AS dr7objid,
    z.ra, z.dec,
    z.total_classifications, z.t01_smooth_or_features_a01_smooth_flag,
    z.t01_smooth_or_features_a03_star_or_artifact_flag, z.t02_edgeon_a04_yes_count,
    z.t02_edgeon_a04_yes_flag, z.t02_edgeon_a05_no_count, z.t03_bar_a06_bar_count,
    z.t03_bar_a07_no_bar_count, z.t04_spiral_a08_spiral_count, z.t04_spiral_a08_spiral_flag,
    z.t04_spiral_a09_no_spiral_count, z.t07_rounded_a16_completely_round_count,
    z.t07_rounded_a17_in_between_count, z.t07_rounded_a18_cigar_shaped_count,
    z.t09_bulge_shape_a25_rounded_count, z.t09_bulge_shape_a26_boxy_count,
    z.t09_bulge_shape_a27_no_bulge_count, z.t01_smooth_or_features_a01_smooth_debiased,
    z.t01_smooth_or_features_a01_smooth_fraction,
    z.t01_smooth_or_features_a02_features_or_disk_debiased,
    z.t01_smooth_or_features_a02_features_or_disk_fraction,
    z.t01_smooth_or_features_a03_star_or_artifact_debiased,
    z.t01_smooth_or_features_a03_star_or_artifact_fraction, z.t02_edgeon_a04_yes_debiased,
    z.t02_edgeon_a04_yes_fraction, z.t02_edgeon_a05_no_debiased, z.t02_edgeon_a05_no_fraction,
    z.t03_bar_a06_bar_debiased, z.t03_bar_a06_bar_fraction, z.t03_bar_a07_no_bar_debiased,
    z.t03_bar_a07_no_bar_fraction, z.t04_spiral_a08_spiral_debiased,
    z.t04_spiral_a08_spiral_fraction, z.t04_spiral_a09_no_spiral_debiased,
    z.t04_spiral_a09_no_spiral_fraction, z.t06_odd_a14_yes_debiased,
    z.t07_rounded_a16_completely_round_debiased, z.t07_rounded_a16_completely_round_fraction,
    z.t07_rounded_a17_in_between_debiased, z.t07_rounded_a17_in_between_fraction,
    z.t07_rounded_a18_cigar_shaped_debiased, z.t07_rounded_a18_cigar_shaped_fraction,
    z.t08_odd_feature_a21_disturbed_debiased, z.t08_odd_feature_a22_irregular_debiased,
    z.t08_odd_feature_a24_merger_debiased, z.t09_bulge_shape_a25_rounded_debiased,
    z.t09_bulge_shape_a25_rounded_fraction, z.t09_bulge_shape_a26_boxy_debiased,
    z.t09_bulge_shape_a26_boxy_fraction, z.t09_bulge_shape_a27_no_bulge_debiased,
    z.t09_bulge_shape_a27_no_bulge_fraction
FROM zoo2MainSpecz AS z
WHERE z.dr8objid > 0
    AND (z.dr8objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003
        BETWEEN @first_turn AND @last_turn
ORDER BY (z.dr8objid % 1000003 * 7919 + CAST(@seed AS bigint) * 104729) % 1000003,
    z.dr8objid, z.total_classifications DESC, z.t01_smooth_or_features_a01_smooth_debiased DESC, z.t01_smooth_or_features_a01_smooth_fraction DESC
