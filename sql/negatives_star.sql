-- purpose: the stars of a field, for negatives centred on a star
-- context: DR8 and later
DECLARE @fieldID bigint = 0      -- [0, 9223372036854775807] the field
DECLARE @bright_mag_r float = 14.5  -- [5, 30] stars fainter than this, so that they do not saturate
DECLARE @faint_mag_r float = 19.0   -- [5, 30] and brighter than this
-- column objID varchar the star
-- column ra float position [deg]
-- column dec float position [deg]
-- column r float model magnitude [mag]
SELECT CAST(s.objID AS varchar(20)) AS objID, s.ra, s.dec, s.r
FROM PhotoObjAll AS s
WHERE s.fieldID = @fieldID AND s.mode = 1 AND s.type = 6
    AND s.r > @bright_mag_r AND s.r < @faint_mag_r
ORDER BY s.objID
