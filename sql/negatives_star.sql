-- purpose: the stars of good fields, for negatives centred on a star
-- context: DR8 and later
DECLARE @score real = 0.2           -- [-1, 1] good fields score strictly above this
DECLARE @seed int = 42              -- [0, 2147483647] of the shuffle
DECLARE @first_turn int = 0         -- [0, 1000002] turns of the shuffle from here
DECLARE @last_turn int = 1000002    -- [0, 1000002] to here
-- part: @first_turn @last_turn
DECLARE @bright_mag_r float = 14.5  -- [5, 30] stars fainter than this, so that they do not saturate
DECLARE @faint_mag_r float = 19.0   -- [5, 30] and brighter than this
-- column objID varchar the star
-- column fieldID varchar its field
-- column ra float position [deg]
-- column dec float position [deg]
-- column r real model magnitude [mag]
SELECT
    CAST(s.objID AS varchar(20)) AS objID, CAST(s.fieldID AS varchar(20)) AS fieldID,
    s.ra, s.dec, s.r
FROM PhotoObjAll AS s
JOIN (
    SELECT f.fieldID, ((CAST(f.run AS bigint) * 6007 + f.camcol * 1009 + f.field) * 7919
            + CAST(@seed AS bigint) * 104729) % 1000003 AS turn
    FROM Field AS f
    WHERE f.score > @score AND f.photoStatus = 0 AND f.nTotal > 0
) AS g ON g.fieldID = s.fieldID
WHERE g.turn BETWEEN @first_turn AND @last_turn
    AND s.mode = 1 AND s.type = 6 AND s.r > @bright_mag_r AND s.r < @faint_mag_r
ORDER BY g.turn, s.objID
