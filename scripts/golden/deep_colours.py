"""Small TIFFs of 16-bit colours, and what tifffile reads in them, reduced to the upper 8 bits, as PNG.

    python3 scripts/golden/deep_colours.py

Needs numpy, pillow, tifffile and imagecodecs from PyPI. The pictures are drawn here.
"""
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

OUT = Path("src/slide/golden/deep")
OUT.mkdir(exist_ok=True)
HEIGHT, WIDTH = 37, 50

y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
wave = lambda a, b: 32767 + 32000 * np.sin(x / a) * np.cos(y / b)
picture = np.stack([wave(9, 7), x * 65535 / WIDTH, y * 65535 / HEIGHT], -1).astype(np.uint16)
small = picture[::2, ::2][: HEIGHT // 2, : WIDTH // 2]


def write(name, image, **options):
    options = {"photometric": "rgb", "metadata": None, **options}
    levels = options.pop("levels", [])
    with tifffile.TiffWriter(OUT / name, byteorder=options.pop("byteorder", "<"), bigtiff=options.pop("bigtiff", False)) as tif:
        tif.write(image, subifds=len(levels), **options)
        for level in levels:
            tif.write(level, subfiletype=1, **options)
    shown = tifffile.imread(OUT / name, series=0, level=0)
    if options.get("planarconfig") == "separate":
        shown = np.moveaxis(shown, 0, -1)
    Image.fromarray((shown[..., :3] >> 8).astype(np.uint8)).save(OUT / f"{name.split('.')[0]}.png", optimize=True)


tiles = {"tile": (32, 32)}
write("deflate-predictor.tif", picture, compression="zlib", predictor=True, **tiles)
write("strips-big-endian-predictor.tif", picture, byteorder=">", compression="lzw", predictor=True, rowsperstrip=8)
write("planar-big-endian.tif", np.moveaxis(picture, -1, 0), byteorder=">", planarconfig="separate", **tiles)
write("bigtiff-zstd-levels.tif", picture, bigtiff=True, compression="zstd", levels=[small], **tiles)
write("none.tif", picture, rowsperstrip=37)
