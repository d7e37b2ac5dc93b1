"""A sky of two small frames with a few round sources at known places."""

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from galaxycurate.core import ids

SHAPE = (240, 320)
SCALE = 0.396 / 3600
CENTRES = {11: (150.0, 2.0), 12: (150.0, 2.0 + 176 * SCALE)}  # 64 rows overlap
SOURCES = [(150.0, 2.0, (90.0, 60.0, 30.0)), (150.005, 2.003, (20.0, 20.0, 20.0))]  # i, r, g


def header(field, band_shift):
    ra, dec = CENTRES[field]
    angle = np.radians(30)
    result = fits.Header(
        dict(
            CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=ra, CRVAL2=dec,
            CRPIX1=160.5 + band_shift, CRPIX2=120.5 - band_shift, RUN=94, CAMCOL=1,
            NODE=95.0, INCL=0.0, TAI=4558308519.7,
        )
    )  # fmt: skip
    cd = SCALE * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for (row, col), value in np.ndenumerate(cd):
        result[f"CD{row + 1}_{col + 1}"] = value
    return result


def image(head, flux, seed):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    out = np.random.default_rng(seed).normal(0, 0.02, SHAPE)
    for ra, dec, fluxes in SOURCES:
        px, py = WCS(head).world_to_pixel_values(ra, dec)
        out += fluxes[flux] / (2 * np.pi * 4) * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 8)
    return out.astype(np.float32)


def make(folder, kind="simulated", suffix=".fits", fields=(11, 12)):
    """Write the sky; `.fits.fz` compresses the frames."""
    (folder / "frames").mkdir(parents=True)
    (folder / "tables").mkdir()
    (folder / "sky.toml").write_text(f'kind = "{kind}"\nname = "tiny"\nnote = "made by a test"\n')
    for field in fields:
        for flux, band in enumerate("irg"):
            head = header(field, band_shift=2 * flux)
            data = image(head, flux, seed=field * 10 + flux)
            path = folder / "frames" / f"frame-{band}-000094-1-{field:04d}{suffix}"
            if suffix == ".fits.fz":
                hdus = [fits.PrimaryHDU(), fits.CompImageHDU(data, head, quantize_level=32)]
                fits.HDUList(hdus).writeto(path)
            else:
                fits.writeto(path, data, head)
    field_ids = ids.encode(run=94, camcol=1, field=np.array(fields))
    pd.DataFrame(
        dict(
            fieldID=field_ids,
            run=94,
            camcol=1,
            field=fields,
            score=0.8,
            nTotal=[2, 0][: len(fields)],
        )
    ).to_parquet(folder / "tables" / "Field.parquet")
    pd.DataFrame(
        dict(
            objID=ids.encode(run=94, camcol=1, field=11, obj=np.array([1, 2])),
            ra=[s[0] for s in SOURCES], dec=[s[1] for s in SOURCES], mode=1, type=[3, 6],
            modelMag_r=[18.05, 19.25], petroRad_r=[5.5, None],
        )
    ).to_parquet(folder / "tables" / "PhotoObjAll.parquet")  # fmt: skip
    return folder
