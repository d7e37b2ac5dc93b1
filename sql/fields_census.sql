-- purpose: how many fields there are, and why some cannot be used
-- context: DR8 and later
DECLARE @score real = 0.2  -- [-1, 1] the score cut
-- column nFields int fields in all
-- column nFailed int reduction failed (photoStatus is not 0)
-- column nLowScore int reduced, but the score does not pass
-- column nEmpty int reduced and passing, but nothing at all was detected
-- column nGood int reduced, passing, with detections
SELECT
    COUNT(*) AS nFields,
    SUM(CASE WHEN ISNULL(f.photoStatus, -1) <> 0 THEN 1 ELSE 0 END) AS nFailed,
    SUM(CASE WHEN f.photoStatus = 0 AND ISNULL(f.score, -1) <= @score THEN 1 ELSE 0 END) AS nLowScore,
    SUM(CASE WHEN f.photoStatus = 0 AND f.score > @score AND ISNULL(f.nTotal, 0) = 0 THEN 1 ELSE 0 END) AS nEmpty,
    SUM(CASE WHEN f.photoStatus = 0 AND f.score > @score AND f.nTotal > 0 THEN 1 ELSE 0 END) AS nGood
FROM Field AS f
