"""Makes a small fluorescence QPTIFF as tifffile writes it: three channels of 16 bits at two sizes, a thumbnail and a label
between and after them, and golden values of its channels.

Run by hand from the project's root, with numpy, tifffile and imagecodecs from PyPI:

    python3 scripts/golden/qptiff.py

The slide and qptiff.json go to src/slide/golden/qptiff/.
"""
import json
from pathlib import Path

import numpy as np
import tifffile

OUT = Path("src/slide/golden/qptiff")
WIDTH, HEIGHT = 80, 56
NAMES = [("DAPI", "0,0,255"), ("Opal 520", "0,255,0"), ("Opal 690", "255,0,0")]


def description(kind, name="", colour=""):
    channel = f"<Name>{name}</Name><Color>{colour}</Color>" if name else ""
    return (
        '<?xml version="1.0" encoding="utf-16"?>\r\n<PerkinElmer-QPI-ImageDescription>'
        "<DescriptionVersion>4</DescriptionVersion><AcquisitionSoftware>VectraScan</AcquisitionSoftware>"
        f"<ImageType>{kind}</ImageType><Objective>20x</Objective><InstrumentType>PhenoImager</InstrumentType>"
        f"{channel}</PerkinElmer-QPI-ImageDescription>"
    )


def plane(channel, width, height):
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 131 + y * 577 + channel * 9001) // 2048 * 2048).astype(np.uint16)


OUT.mkdir(parents=True, exist_ok=True)
full = [plane(i, WIDTH, HEIGHT) for i in range(3)]
half = [image.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)).astype(np.uint16) for image in full]
grey = {"photometric": "minisblack", "tile": (32, 32), "compression": "lzw", "resolutionunit": "CENTIMETER", "metadata": None}
with tifffile.TiffWriter(OUT / "fluorescence.qptiff") as tif:
    for image, (name, colour) in zip(full, NAMES):
        tif.write(image, description=description("FullResolution", name, colour), resolution=(20000, 20000), software="PerkinElmer-QPI", **grey)
    thumbnail = np.full((28, 40, 3), 90, np.uint8)
    tif.write(thumbnail, photometric="rgb", rowsperstrip=28, description=description("Thumbnail"), metadata=None)
    for image, (name, colour) in zip(half, NAMES):
        tif.write(image, description=description("ReducedResolution", name, colour), subfiletype=1, resolution=(10000, 10000), **grey)
    tif.write(np.full((20, 20, 3), 200, np.uint8), photometric="rgb", rowsperstrip=20, description=description("Label"), metadata=None)

with tifffile.TiffFile(OUT / "fluorescence.qptiff") as tif:
    pages = [page.asarray() for page in tif.pages]
places = [(0, 0), (31, 31), (32, 31), (79, 55), (40, 17)]
values = {
    # Of level 0 and level 1, each channel: x, y, value.
    str(level): [
        [[x >> level, y >> level, int(pages[i + 4 * level][y >> level, x >> level])] for x, y in places] for i in range(3)
    ]
    for level in (0, 1)
}
(OUT / "qptiff.json").write_text(json.dumps(values) + "\n")
print((OUT / "fluorescence.qptiff").stat().st_size, "bytes")
