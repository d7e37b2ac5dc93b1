-- purpose: the objects near some positions, in the fields that are given and the next ones
-- context: DR8 and later; PhotoObjAll is indexed by fieldID, and a next field is 65536 further
DECLARE @reach float = 5.0 -- [0.01, 60] objects within this [arcsec]
-- column objID varchar the object
-- column ra float position [deg]
-- column dec float position [deg]
-- column mode int 1 primary, 2 secondary, 3 family
DECLARE @field00 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra00 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec00 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field01 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra01 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec01 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field02 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra02 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec02 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field03 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra03 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec03 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field04 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra04 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec04 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field05 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra05 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec05 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field06 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra06 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec06 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field07 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra07 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec07 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field08 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra08 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec08 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field09 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra09 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec09 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field10 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra10 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec10 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field11 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra11 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec11 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field12 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra12 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec12 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field13 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra13 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec13 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field14 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra14 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec14 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field15 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra15 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec15 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field16 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra16 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec16 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field17 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra17 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec17 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field18 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra18 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec18 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field19 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra19 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec19 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field20 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra20 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec20 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field21 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra21 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec21 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field22 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra22 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec22 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field23 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra23 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec23 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field24 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra24 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec24 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field25 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra25 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec25 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field26 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra26 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec26 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field27 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra27 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec27 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field28 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra28 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec28 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field29 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra29 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec29 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field30 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra30 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec30 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field31 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra31 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec31 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field32 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra32 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec32 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field33 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra33 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec33 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field34 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra34 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec34 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field35 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra35 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec35 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field36 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra36 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec36 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field37 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra37 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec37 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field38 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra38 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec38 float = 0.0 -- [-90, 90] position in or beside it [deg]
DECLARE @field39 bigint = 0 -- [0, 9223372036854775807] fieldID, DR8 and later; 0 is none
DECLARE @ra39 float = 0.0 -- [0, 360] position in or beside it [deg]
DECLARE @dec39 float = 0.0 -- [-90, 90] position in or beside it [deg]
SELECT CAST(q.objID AS varchar(20)) AS objID, q.ra, q.dec, q.mode
FROM (
SELECT DISTINCT p.objID, p.ra, p.dec, p.mode
FROM (
    SELECT
        g.fieldID, COS(RADIANS(g.dec)) * COS(RADIANS(g.ra)) AS cx,
        COS(RADIANS(g.dec)) * SIN(RADIANS(g.ra)) AS cy, SIN(RADIANS(g.dec)) AS cz
    FROM (
        SELECT
            CAST(v.fieldID AS bigint) AS fieldID, CAST(v.ra AS float) AS ra,
            CAST(v.dec AS float) AS dec
        FROM (VALUES
        (@field00, @ra00, @dec00), (@field01, @ra01, @dec01),
        (@field02, @ra02, @dec02), (@field03, @ra03, @dec03),
        (@field04, @ra04, @dec04), (@field05, @ra05, @dec05),
        (@field06, @ra06, @dec06), (@field07, @ra07, @dec07),
        (@field08, @ra08, @dec08), (@field09, @ra09, @dec09),
        (@field10, @ra10, @dec10), (@field11, @ra11, @dec11),
        (@field12, @ra12, @dec12), (@field13, @ra13, @dec13),
        (@field14, @ra14, @dec14), (@field15, @ra15, @dec15),
        (@field16, @ra16, @dec16), (@field17, @ra17, @dec17),
        (@field18, @ra18, @dec18), (@field19, @ra19, @dec19),
        (@field20, @ra20, @dec20), (@field21, @ra21, @dec21),
        (@field22, @ra22, @dec22), (@field23, @ra23, @dec23),
        (@field24, @ra24, @dec24), (@field25, @ra25, @dec25),
        (@field26, @ra26, @dec26), (@field27, @ra27, @dec27),
        (@field28, @ra28, @dec28), (@field29, @ra29, @dec29),
        (@field30, @ra30, @dec30), (@field31, @ra31, @dec31),
        (@field32, @ra32, @dec32), (@field33, @ra33, @dec33),
        (@field34, @ra34, @dec34), (@field35, @ra35, @dec35),
        (@field36, @ra36, @dec36), (@field37, @ra37, @dec37),
        (@field38, @ra38, @dec38), (@field39, @ra39, @dec39)
        ) AS v(fieldID, ra, dec)
    ) AS g
    WHERE g.fieldID > 0
) AS w
JOIN PhotoObjAll AS p ON p.fieldID BETWEEN w.fieldID - 65536 AND w.fieldID + 65536
WHERE POWER(p.cx - w.cx, 2) + POWER(p.cy - w.cy, 2) + POWER(p.cz - w.cz, 2)
    < POWER(2 * SIN(RADIANS(@reach / 3600e0) / 2), 2)
) AS q
ORDER BY q.objID
