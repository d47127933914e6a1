"""A small Hamamatsu NDPIS set of three channels, and their values as OpenSlide reads the files.

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

OUT = Path("src/slide/golden/ndpis")
WIDTH, HEIGHT = 128, 96
# Name, emission wavelength in nanometres, and which of red, green and blue Bio-Formats takes for it.
CHANNELS = [("DAPI 2 (387)", 455.0, 2), ("FITC 2 (485)", 520.0, 1), ("TRITC 2 (560)", 595.0, 0)]


def values(channel):
    """Round cells, brighter in the channel's own third."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    cells = np.exp(-(((x % 16) - 8) ** 2 + ((y % 16) - 8) ** 2) / 15.0)
    here = x * 3 // WIDTH == channel
    return np.clip(8 + x / 16 + cells * np.where(here, 220, 40), 0, 255).astype(np.uint8)


def half(plane):
    return (plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).sum((1, 3), dtype=np.uint32) // 4).astype(np.uint8)


def jpeg(plane, band, blocks):
    pixels = np.zeros((*plane.shape, 3), np.uint8)
    pixels[..., band] = plane
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=90, subsampling="4:4:4", restart_marker_blocks=blocks)
    return stream.getvalue()


def starts(data):
    """Offsets of the restart intervals."""
    at = 2
    while True:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        scan = data[at + 1] == 0xDA
        at += 2 + length
        if scan:
            break
    return [at] + [i + 2 for i in range(at, len(data) - 1) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7]


def ndpi(levels, name, wavelength, lens=20.0):
    """A classic TIFF of one directory per level."""
    body = bytearray(b"II*\0\0\0\0\0")
    places = []
    for data, _ in levels:
        places.append(len(body))
        body += data + b"\0" * (len(data) % 2)
    link = 4
    for number, ((data, plane), place) in enumerate(zip(levels, places)):
        scale = 1 << number
        height, width = plane.shape
        entries = [
            (256, 4, [width]),
            (257, 4, [height]),
            (258, 3, [8, 8, 8]),
            (259, 3, [7]),
            (262, 3, [6]),
            (271, 2, b"Hamamatsu\0"),
            (272, 2, b"NanoZoomer\0"),
            (273, 4, [place]),
            (277, 3, [3]),
            (278, 4, [height]),
            (279, 4, [len(data)]),
            (282, 5, [20000 // scale, 1]),
            (283, 5, [20000 // scale, 1]),
            (296, 3, [3]),
            (65420, 3, [1]),
            (65421, 11, [lens / scale]),
            (65424, 9, [0]),
            (65426, 4, starts(data)),
            (65434, 2, name.encode() + b"\0"),
            (65451, 11, [wavelength]),
        ]
        packed = []
        for tag, kind, content in entries:
            letter = {3: "H", 4: "I", 5: "I", 9: "i", 11: "f"}.get(kind)
            raw = content if kind == 2 else struct.pack(f"<{len(content)}{letter}", *content)
            count = len(content) // (2 if kind == 5 else 1)
            if len(raw) > 4:
                place = len(body)
                body += raw + b"\0" * (len(raw) % 2)
                raw = struct.pack("<I", place)
            packed.append(struct.pack("<HHI", tag, kind, count) + raw.ljust(4, b"\0"))
        at = len(body)
        body[link : link + 4] = struct.pack("<I", at)
        body += struct.pack("<H", len(packed)) + b"".join(packed)
        link = len(body)
        body += b"\0\0\0\0"
    return bytes(body)


shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir(parents=True)
golden = {"places": [[5, 5], [24, 40], [60, 56], [72, 24], [104, 88], [127, 95]], "levels": []}
lines = ["[NanoZoomer Digital Pathology Image Set]", f"NoImages={len(CHANNELS)}"]
read = []
for number, (name, wavelength, band) in enumerate(CHANNELS):
    full = values(number)
    small = half(full)
    file = f"cells-{name.split()[0]}.ndpi"
    (OUT / file).write_bytes(
        ndpi([(jpeg(full, band, WIDTH // 8), full), (jpeg(small, band, WIDTH // 16), small)], name, wavelength)
    )
    lines.append(f"Image{number}={file}")
    with openslide.OpenSlide(OUT / file) as opened:
        print(file, opened.level_dimensions, opened.properties.get("openslide.vendor"), opened.properties.get("openslide.mpp-x"))
        read.append([np.array(opened.read_region((0, 0), level, size).convert("RGB"))[..., band] for level, size in enumerate(opened.level_dimensions)])
for level, scale in enumerate((1, 2)):
    golden["levels"].append([[int(plane[level][y // scale, x // scale]) for x, y in golden["places"]] for plane in read])
(OUT / "cells.ndpis").write_bytes("\n".join(lines).encode() + b"\n")
(OUT / "ndpis.json").write_text(json.dumps(golden) + "\n")
