"""Makes small TIFF variants of a piece of CMU-1 and golden PNGs of them as libvips and OpenSlide read them.

Run by hand from the project's root, with Debian's packages libvips-tools, libtiff-tools,
libopenjp2-tools, python3-openslide and python3-pil:

    python3 scripts/golden/variants.py

Variants and PNGs go to src/slide/golden/variants/, their list to variants.json there.
"""
import json
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import openslide
import numpy as np
from PIL import Image

OUT = Path("src/slide/golden/variants")
SOURCE = "public/slides/CMU-1-Small-Region.svs"
LEFT, TOP, WIDTH, HEIGHT = 1130, 1400, 112, 80
TILED = ["--tile", "--tile-width", "32", "--tile-height", "32", "--pyramid"]
# 0.5 µm per pixel
RESOLUTION = ["--xres", "2000", "--yres", "2000", "--resunit", "cm"]

# name, options of `vips tiffsave`, whether pixels must come back unchanged
VARIANTS = [
    ("none", [*TILED, "--compression", "none"], True),
    ("lzw", [*TILED, "--compression", "lzw", "--predictor", "horizontal"], True),
    ("deflate", [*TILED, "--compression", "deflate", "--predictor", "none"], True),
    ("deflate-predictor", [*TILED, "--compression", "deflate", "--predictor", "horizontal"], True),
    ("packbits", [*TILED, "--compression", "packbits"], True),
    ("zstd", [*TILED, "--compression", "zstd", "--predictor", "horizontal"], True),
    ("webp-lossless", [*TILED, "--compression", "webp", "--lossless"], True),
    ("webp", [*TILED, "--compression", "webp", "--Q", "85"], False),
    ("jpeg-ycbcr", [*TILED, "--compression", "jpeg", "--Q", "85"], False),
    ("jpeg-rgb", [*TILED, "--compression", "jpeg", "--Q", "85", "--rgbjpeg"], False),
    # libvips 8.14 crashes on JPEG 2000 pyramids and on smaller tiles.
    ("jpeg2000-33004", ["--tile", "--tile-width", "64", "--tile-height", "64", "--compression", "jp2k"], False),
    ("bigtiff-jpeg", [*TILED, "--compression", "jpeg", "--Q", "85", "--bigtiff"], False),
    ("bigtiff-subifd-lzw", [*TILED, "--compression", "lzw", "--bigtiff", "--subifd"], True),
    ("subifd-deflate", [*TILED, "--compression", "deflate", "--subifd"], True),
    ("strips-lzw", ["--compression", "lzw"], True),
    ("strips-jpeg", ["--compression", "jpeg", "--Q", "85"], False),
    ("grey-deflate", [*TILED, "--compression", "deflate"], True),
    ("grey-jpeg", [*TILED, "--compression", "jpeg", "--Q", "85"], False),
]


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


def levels_of(name):
    if name.startswith("strips") or name.startswith("jpeg2000"):
        return 1
    return 3


def golden(path, level, subifd, png):
    if level == 0:
        page = ""
    else:
        page = f"[subifd={level - 1}]" if subifd else f"[page={level}]"
    run("vips", "copy", f"{path}{page}", f"{png}[strip]")


def aperio_jpeg2000(rgb, path, scheme, work):
    """An SVS of JPEG 2000 tiles of 64 pixels: 33003 in YCbCr 4:2:2, 33005 in RGB; its last tile is empty."""
    side = 64
    columns, rows = -(-rgb.width // side), -(-rgb.height // side)
    tiles = []
    for row in range(rows):
        for column in range(columns):
            box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
            tile = rgb.crop(box)
            raw, coded = work / "tile.raw", work / "tile.j2k"
            if scheme == 33003:
                y, cb, cr = tile.convert("YCbCr").split()
                half = (side // 2, side)
                raw.write_bytes(y.tobytes() + cb.resize(half, Image.Resampling.BOX).tobytes() + cr.resize(half, Image.Resampling.BOX).tobytes())
                form, mct = f"{side},{side},3,8,u@1x1:2x1:2x1", 0
            else:
                raw.write_bytes(b"".join(band.tobytes() for band in tile.split()))
                form, mct = f"{side},{side},3,8,u", 1
            run("opj_compress", "-i", raw, "-F", form, "-mct", mct, "-r", 4, "-o", coded)
            tiles.append(coded.read_bytes())
    tiles[-1] = b""
    description = f"Aperio Image Library v12\r\n{rgb.width}x{rgb.height} ({side}x{side}) J2K|AppMag = 40|MPP = 0.25\0".encode()
    body = bytearray(b"II*\0\0\0\0\0")
    offsets = []
    for tile in tiles:
        offsets.append(len(body) if tile else 0)
        body += tile

    def place(data):
        if len(body) % 2:
            body.append(0)
        at = len(body)
        body.extend(data)
        return at

    entries = [
        (256, 3, 1, rgb.width),
        (257, 3, 1, rgb.height),
        (258, 3, 3, place(struct.pack("<3H", 8, 8, 8))),
        (259, 3, 1, scheme),
        (262, 3, 1, 2),
        (270, 2, len(description), place(description)),
        (277, 3, 1, 3),
        (322, 3, 1, side),
        (323, 3, 1, side),
        (324, 4, len(tiles), place(struct.pack(f"<{len(tiles)}I", *offsets))),
        (325, 4, len(tiles), place(struct.pack(f"<{len(tiles)}I", *map(len, tiles)))),
    ]
    directory = place(struct.pack("<H", len(entries)))
    for entry in entries:
        body += struct.pack("<HHII", *entry)
    body += struct.pack("<I", 0)
    struct.pack_into("<I", body, 4, directory)
    path.write_bytes(body)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    listed = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        run("vips", "crop", SOURCE, work / "rgba.v", LEFT, TOP, WIDTH, HEIGHT)
        run("vips", "extract_band", work / "rgba.v", work / "piece.v", 0, "--n", 3)
        run("vips", "copy", work / "piece.v", work / "rgb.tif")
        run("vips", "colourspace", work / "piece.v", work / "grey.tif", "b-w")
        for name, options, exact in VARIANTS:
            source = work / ("grey.tif" if name.startswith("grey") else "rgb.tif")
            path = OUT / f"{name}.tif"
            run("vips", "tiffsave", source, path, *options, *RESOLUTION)
            for level in range(levels_of(name)):
                png = work / f"{name}-{level}.png"
                golden(path, level, "subifd" in name, png)
                listed.append(keep(png, f"{name}.tif", level, exact))
        for scheme in (33003, 33005):
            name = f"aperio-jpeg2000-{scheme}"
            path = OUT / f"{name}.svs"
            aperio_jpeg2000(Image.open(work / "rgb.tif"), path, scheme, work)
            with openslide.OpenSlide(path) as slide:
                image = slide.read_region((0, 0), 0, slide.dimensions)
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            Image.alpha_composite(white, image).convert("RGB").save(work / f"{name}.png")
            listed.append(keep(work / f"{name}.png", path.name, 0, False))
        # What libvips does not write: palette, separate planes.
        rgb = Image.open(work / "rgb.tif")
        palette = rgb.quantize(64)
        palette.save(OUT / "palette.tif", compression="tiff_lzw")
        palette.convert("RGB").save(work / "palette-0.png")
        listed.append(keep(work / "palette-0.png", "palette.tif", 0, True))
        run("tiffcp", "-p", "separate", "-c", "lzw:2", work / "rgb.tif", OUT / "planar-lzw.tif")
        rgb.save(work / "planar-0.png")
        listed.append(keep(work / "planar-0.png", "planar-lzw.tif", 0, True))
        # A pyramid of JPEG 2000, whose smaller levels libvips 8.14 writes in wrong colours.
        y, x = np.mgrid[0:256, 0:256]
        waves = [200 + 40 * np.sin(x / 37), 120 + 60 * np.sin(y / 33), 180 + 50 * np.cos((x + y) / 43)]
        Image.fromarray(np.stack(waves, -1).clip(0, 255).astype(np.uint8)).save(work / "waves.png")
        tiles = ["--tile", "--tile-width", "128", "--tile-height", "128", "--pyramid"]
        wrong = OUT / "jpeg2000-wrong-levels.tif"
        run("vips", "tiffsave", work / "waves.png", wrong, *tiles, "--compression", "jp2k", "--Q", "40")
    (OUT / "variants.json").write_text(json.dumps(listed, indent=2) + "\n")


KEPT = {}


def keep(png, tiff, level, exact):
    """Copies a PNG unless one of the same pixels is there, and returns its line in the list."""
    pixels = Image.open(png).convert("RGB")
    key = (pixels.size, pixels.tobytes())
    if key not in KEPT:
        KEPT[key] = png.name
        shutil.copy(png, OUT / png.name)
    return {"png": KEPT[key], "slide": tiff, "level": level, "exact": exact}


if __name__ == "__main__":
    main()
