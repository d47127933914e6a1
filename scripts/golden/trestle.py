"""A small Trestle slide whose tiles overlap, and its levels as OpenSlide reads them.

Needs: pip install openslide-python openslide-bin tifffile imagecodecs pillow numpy. Run from the repository's root.
"""

import json
from pathlib import Path

import numpy as np
import openslide
import tifffile
from PIL import Image

OUT = Path("src/slide/golden/trestle")
TILE = 32


def canvas(width, height):
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        [200 + 40 * np.sin(x / 17), 150 + 60 * np.sin(y / 13), 180 + 50 * np.cos((x + y) / 23)], -1
    )
    picture[(x // 24 + y // 24) % 5 == 0] -= 70
    return np.clip(picture, 0, 255).astype(np.uint8)


def tiled(picture, columns, rows, overlap):
    """Camera tiles side by side, each with a shade of its own."""
    image = np.zeros((rows * TILE, columns * TILE, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (TILE - overlap[1]), column * (TILE - overlap[0])
            part = picture[y : y + TILE, x : x + TILE].astype(int) - 9 * ((row + column) % 3)
            image[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = np.clip(part, 0, 255)
    return image


OUT.mkdir(parents=True, exist_ok=True)
file = OUT / "overlaps.tif"
base = canvas(200, 160)
half = base.reshape(80, 2, 100, 2, 3).mean((1, 3)).round().astype(np.uint8)
with tifffile.TiffWriter(file) as writer:
    for level, (image, text) in enumerate(
        [
            (tiled(base, 5, 4, (8, 4)), "Objective Power=20;Patient=DOE JANE;OverlapsXY= 8 4 4 2;Background Color=E0E0D0"),
            # Cut to half of the slide’s size.
            (tiled(half, 3, 2, (4, 2))[:60, :72], None),
        ]
    ):
        writer.write(
            image,
            photometric="rgb",
            compression="jpeg",
            compressionargs={"level": 90},
            tile=(TILE, TILE),
            description=text,
            metadata=None,
            software="MedScan 1.0",
            resolution=(0.25, 0.25),
            resolutionunit=1,
            subfiletype=1 if level else 0,
        )
listed = []
with openslide.OpenSlide(file) as slide:
    print(slide.level_dimensions, slide.level_downsamples, dict(slide.properties))
    for level, size in enumerate(slide.level_dimensions):
        region = slide.read_region((0, 0), level, size)
        flat = Image.new("RGBA", size, "#" + slide.properties["openslide.background-color"])
        flat.alpha_composite(region)
        flat.convert("RGB").save(OUT / f"overlaps-{level}.png", optimize=True)
        listed.append({"png": f"overlaps-{level}.png", "slide": "overlaps.tif", "level": level})
(OUT / "trestle.json").write_text(json.dumps(listed, indent=2) + "\n")
