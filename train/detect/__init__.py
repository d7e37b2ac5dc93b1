"""Galaxies found in FITS fields: g, r, i frames in, boxes with sky positions out.

    python -m train detect FIELD --weights detect.pth
    python -m train detect FIELD --method sep
    python -m train detect --train FOLDER

`fields` reads frames, `picture` draws them, `tiles` cuts and joins, `network` is a one-stage
detector of torchvision, `classical` is sep's answer to the same question, `score` judges both.
"""
