-- purpose: the DR8 objects that some DR7 objects are, as CAS matched them
-- context: DR8 and later; PhotoObjDR7 matches within one run, camcol and field and 1 arcsec, and is
-- indexed by both ids, so that a hundred of them are a hundred look-ups
-- column dr7objid varchar the object, DR7
-- column dr8objid varchar the object, DR8 and later
-- column distance float between the two positions [arcmin]
-- column modeDR7 int 1 primary, 2 secondary, 3 family
-- column modeDR8 int the same of DR8
DECLARE @id00 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id01 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id02 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id03 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id04 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id05 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id06 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id07 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id08 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id09 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id10 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id11 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id12 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id13 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id14 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id15 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id16 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id17 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id18 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id19 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id20 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id21 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id22 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id23 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id24 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id25 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id26 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id27 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id28 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id29 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id30 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id31 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id32 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id33 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id34 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id35 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id36 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id37 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id38 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id39 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id40 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id41 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id42 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id43 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id44 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id45 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id46 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id47 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id48 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id49 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id50 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id51 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id52 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id53 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id54 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id55 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id56 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id57 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id58 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id59 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id60 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id61 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id62 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id63 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id64 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id65 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id66 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id67 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id68 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id69 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id70 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id71 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id72 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id73 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id74 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id75 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id76 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id77 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id78 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id79 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id80 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id81 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id82 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id83 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id84 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id85 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id86 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id87 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id88 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id89 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id90 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id91 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id92 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id93 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id94 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id95 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id96 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id97 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id98 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
DECLARE @id99 bigint = 0 -- [0, 9223372036854775807] an id; 0 is none
SELECT
    CAST(p.dr7objid AS varchar(20)) AS dr7objid, CAST(p.dr8objid AS varchar(20)) AS dr8objid,
    p.distance, p.modeDR7, p.modeDR8
FROM PhotoObjDR7 AS p
WHERE p.dr7objid > 0 AND p.dr7objid IN (
    @id00, @id01, @id02, @id03, @id04, @id05, @id06, @id07, @id08, @id09,
    @id10, @id11, @id12, @id13, @id14, @id15, @id16, @id17, @id18, @id19,
    @id20, @id21, @id22, @id23, @id24, @id25, @id26, @id27, @id28, @id29,
    @id30, @id31, @id32, @id33, @id34, @id35, @id36, @id37, @id38, @id39,
    @id40, @id41, @id42, @id43, @id44, @id45, @id46, @id47, @id48, @id49,
    @id50, @id51, @id52, @id53, @id54, @id55, @id56, @id57, @id58, @id59,
    @id60, @id61, @id62, @id63, @id64, @id65, @id66, @id67, @id68, @id69,
    @id70, @id71, @id72, @id73, @id74, @id75, @id76, @id77, @id78, @id79,
    @id80, @id81, @id82, @id83, @id84, @id85, @id86, @id87, @id88, @id89,
    @id90, @id91, @id92, @id93, @id94, @id95, @id96, @id97, @id98, @id99
)
ORDER BY p.dr7objid, p.dr8objid
