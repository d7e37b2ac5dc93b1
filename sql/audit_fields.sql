-- purpose: the fields that cover some circles, and whether all their objects are here
-- context: DR8 and later
-- column fieldID varchar the field
-- column ra float centre [deg]
-- column dec float centre [deg]
-- column muStart float along the scan [deg]
-- column muEnd float along the scan [deg]
-- column nuStart float across the scan [deg]
-- column nuEnd float across the scan [deg]
-- column photoStatus int 0 OK, 1 aborted, 2 missing, 3 too long
-- column nTotal int objects detected
-- column nLoaded int rows of PhotoObjAll that this archive holds for the field
DECLARE @first_circle int = 0  -- [0, 39] circles from here
DECLARE @last_circle int = 39  -- [0, 39] to here
-- part: @first_circle @last_circle
DECLARE @ra00 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec00 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach00 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra01 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec01 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach01 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra02 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec02 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach02 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra03 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec03 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach03 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra04 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec04 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach04 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra05 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec05 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach05 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra06 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec06 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach06 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra07 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec07 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach07 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra08 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec08 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach08 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra09 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec09 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach09 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra10 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec10 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach10 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra11 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec11 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach11 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra12 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec12 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach12 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra13 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec13 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach13 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra14 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec14 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach14 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra15 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec15 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach15 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra16 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec16 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach16 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra17 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec17 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach17 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra18 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec18 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach18 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra19 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec19 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach19 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra20 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec20 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach20 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra21 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec21 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach21 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra22 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec22 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach22 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra23 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec23 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach23 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra24 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec24 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach24 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra25 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec25 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach25 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra26 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec26 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach26 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra27 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec27 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach27 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra28 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec28 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach28 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra29 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec29 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach29 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra30 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec30 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach30 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra31 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec31 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach31 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra32 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec32 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach32 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra33 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec33 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach33 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra34 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec34 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach34 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra35 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec35 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach35 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra36 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec36 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach36 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra37 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec37 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach37 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra38 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec38 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach38 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
DECLARE @ra39 float = 0.0 -- [0, 360] middle of a circle [deg]
DECLARE @dec39 float = 0.0 -- [-90, 90] middle of a circle [deg]
DECLARE @reach39 float = 0.0 -- [0, 1600] radius of it [arcsec]; 0 is none
SELECT
    CAST(k.fieldID AS varchar(20)) AS fieldID, k.ra, k.dec, k.muStart, k.muEnd, k.nuStart, k.nuEnd,
    ISNULL(k.photoStatus, -1) AS photoStatus, ISNULL(k.nTotal, 0) AS nTotal,
    (SELECT COUNT(*) FROM PhotoObjAll AS q WHERE q.fieldID = k.fieldID) AS nLoaded
FROM Field AS k
WHERE k.fieldID IN (
    SELECT w.fieldID
    FROM (
        SELECT n.fieldID, g.cx, g.cy, g.cz, g.reach
        FROM (
            SELECT
                COS(RADIANS(c.dec)) * COS(RADIANS(c.ra)) AS cx, COS(RADIANS(c.dec)) * SIN(RADIANS(c.ra)) AS cy,
                SIN(RADIANS(c.dec)) AS cz, FLOOR(c.dec / 0.75) AS zone, c.reach
            FROM (
                SELECT
                    CAST(v.number AS int) AS number, CAST(v.ra AS float) AS ra, CAST(v.dec AS float) AS dec,
                    CAST(v.reach AS float) AS reach
                FROM (VALUES
                (0, @ra00, @dec00, @reach00), (1, @ra01, @dec01, @reach01),
                (2, @ra02, @dec02, @reach02), (3, @ra03, @dec03, @reach03),
                (4, @ra04, @dec04, @reach04), (5, @ra05, @dec05, @reach05),
                (6, @ra06, @dec06, @reach06), (7, @ra07, @dec07, @reach07),
                (8, @ra08, @dec08, @reach08), (9, @ra09, @dec09, @reach09),
                (10, @ra10, @dec10, @reach10), (11, @ra11, @dec11, @reach11),
                (12, @ra12, @dec12, @reach12), (13, @ra13, @dec13, @reach13),
                (14, @ra14, @dec14, @reach14), (15, @ra15, @dec15, @reach15),
                (16, @ra16, @dec16, @reach16), (17, @ra17, @dec17, @reach17),
                (18, @ra18, @dec18, @reach18), (19, @ra19, @dec19, @reach19),
                (20, @ra20, @dec20, @reach20), (21, @ra21, @dec21, @reach21),
                (22, @ra22, @dec22, @reach22), (23, @ra23, @dec23, @reach23),
                (24, @ra24, @dec24, @reach24), (25, @ra25, @dec25, @reach25),
                (26, @ra26, @dec26, @reach26), (27, @ra27, @dec27, @reach27),
                (28, @ra28, @dec28, @reach28), (29, @ra29, @dec29, @reach29),
                (30, @ra30, @dec30, @reach30), (31, @ra31, @dec31, @reach31),
                (32, @ra32, @dec32, @reach32), (33, @ra33, @dec33, @reach33),
                (34, @ra34, @dec34, @reach34), (35, @ra35, @dec35, @reach35),
                (36, @ra36, @dec36, @reach36), (37, @ra37, @dec37, @reach37),
                (38, @ra38, @dec38, @reach38), (39, @ra39, @dec39, @reach39)
                ) AS v(number, ra, dec, reach)
            ) AS c
            WHERE c.reach > 0 AND c.number BETWEEN @first_circle AND @last_circle
        ) AS g
        CROSS JOIN (VALUES (-1), (0), (1)) AS beside(step)
        JOIN (
            SELECT
                f.fieldID, COS(RADIANS(f.dec)) * COS(RADIANS(f.ra)) AS cx,
                COS(RADIANS(f.dec)) * SIN(RADIANS(f.ra)) AS cy, SIN(RADIANS(f.dec)) AS cz,
                FLOOR(f.dec / 0.75) AS zone
            FROM Field AS f
        ) AS n ON n.zone = g.zone + beside.step
        WHERE g.cx * n.cx + g.cy * n.cy + g.cz * n.cz > COS(RADIANS(g.reach / 3600e0 + 0.16))
    ) AS w
)
ORDER BY k.fieldID
