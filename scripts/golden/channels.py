"""Makes a small fluorescence slide of six channels of 16 bits, and golden values of it: what numpy measures of each channel,
and the composite that the definition in src/slide/channels/ gives, worked out with numpy.

Run by hand from the project's root, with numpy, tifffile and imagecodecs from PyPI:

    python3 scripts/golden/channels.py

The slide and channels.json go to src/slide/golden/channels/.
"""
import json
from pathlib import Path

import numpy as np
import tifffile

OUT = Path("src/slide/golden/channels")
SIDE = 96
NAMES = ["DAPI", "CD3", "CD8", "PanCK", "Ki67", "Autofluorescence"]
COLOURS = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0), (255, 0, 255), (0, 255, 255)]


def signed_rgba(red, green, blue):
    value = red << 24 | green << 16 | blue << 8 | 255
    return value - 2**32 if value >= 2**31 else value


def channels():
    """Round cells, each channel brighter in its own sixth of the slide, over a faint slope. Coarse steps compress well."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    cells = np.exp(-(((x % 16) - 8) ** 2 + ((y % 16) - 8) ** 2) / 15.0)
    planes = []
    for c in range(len(NAMES)):
        row, column = divmod(c, 3)
        here = (y // 48 == row) & (x // 32 == column)
        value = 200 + 150 * c + 4 * (x // 8) + cells * np.where(here, 4000 + 500 * c, 300)
        planes.append((value // 64 * 64 + 7 * c).astype(np.uint16))
    return np.stack(planes)


def half(planes):
    """Means of two by two, rounded down."""
    count, height, width = planes.shape
    sums = planes.reshape(count, height // 2, 2, width // 2, 2).sum((2, 4), dtype=np.uint32)
    return (sums // 4).astype(np.uint16)


def window(values):
    """Without the darkest hundredth and the brightest five hundredth of the pixels."""
    ordered = np.sort(values, axis=None)
    low = ordered[int(0.01 * ordered.size)]
    high = ordered[ordered.size - 1 - int(0.002 * ordered.size)]
    return [int(low), int(high)]


def composite(planes, settings):
    """Each channel's share of its window times its colour, rounded to even halves, added up and clipped."""
    total = np.zeros((*planes.shape[1:], 3), np.int64)
    for values, (colour, (low, high)) in zip(planes, settings):
        if colour is None:
            continue
        share = np.clip((values.astype(np.float64) - low) * (1 / max(1, high - low)), 0, 1)
        total += np.rint(share[..., None] * np.array(colour)).astype(np.int64)
    return np.minimum(total, 255)


def pixels(image):
    """Some pixels, by x and y."""
    return [[x, y, *map(int, image[y, x])] for x, y in [(8, 8), (42, 22), (71, 10), (9, 60), (50, 55), (88, 89)]]


OUT.mkdir(parents=True, exist_ok=True)
full = channels()
small = half(full)
with tifffile.TiffWriter(OUT / "six-channels.ome.tif", ome=True) as tif:
    options = {"photometric": "minisblack", "tile": (48, 48), "compression": "zlib", "predictor": True}
    metadata = {
        "axes": "CYX",
        "PhysicalSizeX": 0.5,
        "PhysicalSizeY": 0.5,
        "UUID": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "Channel": {"Name": NAMES, "Color": [signed_rgba(*colour) for colour in COLOURS]},
    }
    tif.write(full, subifds=1, metadata=metadata, **options)
    tif.write(small, subfiletype=1, **options)

windows = [window(values) for values in small]
golden = {
    "windows": windows,
    "least": [int(values.min()) for values in small],
    "most": [int(values.max()) for values in small],
    # numpy's own histogram of 64 equal steps.
    "histogram": [
        [int(n) for n in np.histogram(values, 64, (int(values.min()), int(values.max()) + 1))[0]] for values in small
    ],
    "default": pixels(composite(full, [*zip(COLOURS[:4], windows[:4]), (None, (0, 1)), (None, (0, 1))])),
    "chosen": {
        "text": "2:ffffff,5,6:00ffff:300-9000",
        "pixels": pixels(
            composite(
                full,
                [
                    (None, (0, 1)),
                    ((255, 255, 255), windows[1]),
                    (None, (0, 1)),
                    (None, (0, 1)),
                    (COLOURS[4], windows[4]),
                    ((0, 255, 255), (300, 9000)),
                ],
            )
        ),
    },
}
(OUT / "channels.json").write_text(json.dumps(golden) + "\n")
print((OUT / "six-channels.ome.tif").stat().st_size, "bytes")
