"""Small Hamamatsu VMS slides, and their levels as OpenSlide reads them.

Needs: pip install openslide-python openslide-bin pillow numpy. Run from the repository's root.
"""

import io
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import openslide
from PIL import Image

OUT = Path("src/slide/golden/vms")
LISTED = []


def canvas(width, height):
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        [200 + 40 * np.sin(x / 17), 150 + 60 * np.sin(y / 13), 180 + 50 * np.cos((x + y) / 23)], -1
    )
    picture[(x // 24 + y // 24) % 5 == 0] -= 70
    return np.clip(picture, 0, 255).astype(np.uint8)


def jpeg(pixels, blocks=4):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=90, subsampling="4:4:4", restart_marker_blocks=blocks)
    return stream.getvalue()


def row_starts(data, per_row):
    """Offsets of the first restart interval of each row."""
    at = 2
    while True:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        scan = data[at + 1] == 0xDA
        at += 2 + length
        if scan:
            break
    starts = [at]
    for i in range(at, len(data) - 1):
        if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7:
            starts.append(i + 2)
    return starts[::per_row]


def slide(name, columns, rows, optimised):
    """columns, rows: sizes of the pieces."""
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = canvas(sum(columns), sum(rows))
    keys = {
        "NoLayers": 1,
        "NoJpegColumns": len(columns),
        "NoJpegRows": len(rows),
        "MapFile": f"{name}_map2.jpg",
        "MacroImage": f"{name}_macro.jpg",
        "PhysicalWidth": sum(columns) * 230,
        "PhysicalHeight": sum(rows) * 230,
        "SourceLens": 40,
        "Reference": "DOE JANE",
    }
    table = b""
    y = 0
    for row, height in enumerate(rows):
        x = 0
        for column, width in enumerate(columns):
            data = jpeg(whole[y : y + height, x : x + width])
            file = f"{name}({column},{row}).jpg"
            (folder / file).write_bytes(data)
            keys["ImageFile" if column == row == 0 else f"ImageFile({column},{row})"] = file
            for start in row_starts(data, width // 32):
                table += struct.pack("<q", start) + b"\0" * 32
            x += width
        y += height
    half = whole.reshape(whole.shape[0] // 2, 2, whole.shape[1] // 2, 2, 3).mean((1, 3)).round().astype(np.uint8)
    (folder / keys["MapFile"]).write_bytes(jpeg(half, 2))
    (folder / keys["MacroImage"]).write_bytes(jpeg(canvas(90, 40), 0))
    if optimised:
        keys["OptimisationFile"] = f"{name}.opt"
        (folder / keys["OptimisationFile"]).write_bytes(table)
    text = "[Virtual Microscope Specimen]\n" + "".join(f"{k}={v}\n" for k, v in keys.items())
    (folder / f"{name}.vms").write_text(text)
    with openslide.OpenSlide(folder / f"{name}.vms") as opened:
        print(name, opened.level_dimensions, opened.level_downsamples, dict(opened.properties))
        for level in (0, opened.level_dimensions.index((half.shape[1], half.shape[0]))):
            size = opened.level_dimensions[level]
            opened.read_region((0, 0), level, size).convert("RGB").save(OUT / f"{name}-{level}.png", optimize=True)
            LISTED.append({"slide": f"{name}/{name}.vms", "png": f"{name}-{level}.png", "level": min(level, 1)})


slide("pieces", (128, 96), (72, 40), True)
slide("single", (256,), (96,), False)
(OUT / "vms.json").write_text(json.dumps(LISTED, indent=2) + "\n")
