-- purpose: whether an archive holds secondary detections at all, or was filled with PhotoPrimary
-- context: DR8 and later
DECLARE @limit int = 1              -- [1, 500000] objects at most
-- column objID varchar a secondary detection
SELECT TOP (@limit) CAST(p.objID AS varchar(20)) AS objID
FROM PhotoObjAll AS p
WHERE p.mode = 2
ORDER BY p.objID
