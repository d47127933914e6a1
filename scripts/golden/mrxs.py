"""Small 3DHISTECH MRXS slides, and their levels as OpenSlide reads them.

Needs: pip install openslide-python openslide-bin pillow numpy. Run from the repository's root.
"""

import io
import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import openslide
from PIL import Image

OUT = Path("src/slide/golden/mrxs")
LISTED = []
SLIDE_ID = "0123456789ABCDEF0123456789ABCDEF"


def canvas(width, height, seed=1):
    """A smooth picture with a few hard marks, so that a shift or a swap of tiles shows."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        [
            200 + 40 * np.sin(x / 17 + seed),
            150 + 60 * np.sin(y / 13 - seed),
            180 + 50 * np.cos((x + y) / 23),
        ],
        -1,
    )
    picture[(x // 24 + y // 24) % 5 == 0] -= 70
    return np.clip(picture, 0, 255).astype(np.uint8)


def encode(pixels, kind):
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    if kind == "JPEG":
        image.save(stream, "jpeg", quality=92, subsampling=0)
    else:
        image.save(stream, "png" if kind == "PNG" else "bmp")
    return stream.getvalue()


class Writer:
    """Data files and index of a slide."""

    def __init__(self, folder, files):
        self.folder = folder
        header = b"01.02" + SLIDE_ID.encode() + b"\0" * 23
        self.data = [bytearray(header) for _ in range(files)]
        self.levels = []
        self.records = []

    def put(self, content, file):
        offset = len(self.data[file])
        self.data[file] += content
        return offset, len(content), file

    def index(self):
        """Version, id, pointers to both tables, the tables, and a list of pages per entry."""
        head = b"01.02" + SLIDE_ID.encode()
        body = bytearray()
        at = len(head) + 8

        def add(content):
            nonlocal body
            where = at + len(body)
            body += content
            return where

        def paged(entries, per_page):
            pages = [entries[i : i + per_page] for i in range(0, len(entries), per_page)] or [[]]
            # One after another: OpenSlide reads on instead of following the pointers.
            first = at + len(body)
            for number, page in enumerate(pages):
                end = at + len(body) + 8 + 16 * len(page)
                following = end if number + 1 < len(pages) else 0
                add(struct.pack("<ii", len(page), following) + b"".join(struct.pack("<iiii", *e) for e in page))
            return add(struct.pack("<ii", 0, first))

        hier = [0 if entries is None else paged(entries, 7) for entries in self.levels]
        nonhier = [add(struct.pack("<ii", 0, add(struct.pack("<iiiiiii", 1, 0, 0, 0, *record)))) for record in self.records]
        hier_table = add(b"".join(struct.pack("<i", p) for p in hier))
        nonhier_table = add(b"".join(struct.pack("<i", p) for p in nonhier))
        return head + struct.pack("<ii", hier_table, nonhier_table) + bytes(body)


def pyramid(writer, tile, count, divisions, kind, levels, missing, files, step, cameras, seed):
    """Writes the images of all zoom levels; returns their entries by level."""
    width, height = tile
    across, down = count
    made = []
    # In pixels of level 0; each camera sees the picture where it stands, so that neighbours show the same in overlaps.
    full = canvas(across * width // step + 64, down * height // step + 64, seed)
    photo = {}
    for (px, py), (x, y) in cameras.items():
        shade = ((px + 2 * py) % 3) * 9
        size = (height * divisions // step, width * divisions // step)
        photo[px, py] = np.clip(full[y : y + size[0], x : x + size[1]].astype(int) - shade, 0, 255).astype(np.uint8)
    images_now = {}
    for row in range(0, down, step):
        for column in range(0, across, step):
            px, py = column // divisions, row // divisions
            if divisions < step and step > 1:
                raise ValueError("not made here")
            left = (column % divisions) * width // step
            top = (row % divisions) * height // step
            if (column, row) not in missing:
                images_now[column, row] = photo[px, py][top : top + height, left : left + width]
    concat = step
    for level in range(levels):
        if level > 0:
            concat *= 2
            merged = {}
            for row in range(0, down, concat):
                for column in range(0, across, concat):
                    parts = {}
                    for dy in (0, 1):
                        for dx in (0, 1):
                            part = images_now.get((column + dx * concat // 2, row + dy * concat // 2))
                            if part is not None:
                                parts[dx, dy] = part
                    if not parts:
                        continue
                    whole = np.full((2 * height, 2 * width, 3), 255, np.uint8)
                    for (dx, dy), part in parts.items():
                        whole[dy * height : (dy + 1) * height, dx * width : (dx + 1) * width] = part
                    small = whole.reshape(height, 2, width, 2, 3).mean((1, 3)).round().astype(np.uint8)
                    merged[column, row] = small
            images_now = merged
        entries = []
        for number, ((column, row), pixels) in enumerate(images_now.items()):
            offset, length, file = writer.put(encode(pixels, kind), number % files)
            entries.append((row * across + column, offset, length, file))
        made.append(entries)
    return made


def slide(name, tile, count, divisions, kind, levels, overlap=(0, 0), positions=None, missing=(), files=1,
          shift=4, concat0=0, fill=0xFFFFFF, encoding="utf-8", images=False, mpp=0.25, seeds=(1,), filters=None, keep=True, places=None):
    """
    tile: size of an image; count: images in each direction at level 0's full resolution; missing: images (column, row)
    without data, which hide their camera position where it has no other; positions: None, "buffer" or "stitching";
    shift: by what photos are displaced, so that they lie at whole pixels of every level.
    seeds: of the picture of each filter level; filters: name, colour, filter level and stored channel of each;
    keep: whether the slide itself is wanted, not only what OpenSlide reads of it; places: of the photos, instead of the name.
    """
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    writer = Writer(folder, files)
    width, height = tile
    across, down = count
    generator = np.random.default_rng(places or len(name))
    cameras = {}
    step = 1 << concat0
    for py in range(down // divisions):
        for px in range(across // divisions):
            x = px * (width * divisions // step - overlap[0])
            y = py * (height * divisions // step - overlap[1])
            if positions is not None and (px or py):
                x += shift * int(generator.integers(-1, 2))
                y += shift * int(generator.integers(-1, 2))
            cameras[px, py] = (max(0, x), max(0, y))
    for number, seed in enumerate(seeds):
        # Between one filter level and the next, the index lists what lies in other hierarchies: here, nothing.
        writer.levels += [None] * levels if number > 0 else []
        writer.levels += pyramid(writer, tile, count, divisions, kind, levels, missing, files, step, cameras, seed)

    if filters is not None:
        writer.levels += [None] * (2 * levels * len(filters) - len(writer.levels))
    sections = {}
    nonhier = []
    if images:
        nonhier.append(("Scan data layer", ["ScanDataLayer_SlideThumbnail", "ScanDataLayer_SlideBarcode", "ScanDataLayer_SlidePreview"]))
        for key, size in (("THUMBNAIL", (40, 90)), ("BARCODE", (32, 32)), ("PREVIEW", (48, 32))):
            writer.records.append(writer.put(encode(canvas(*size, seed=len(key)), "JPEG"), 0))
            sections[f"NONHIERLAYER_0_LEVEL_{len(writer.records) - 1}_SECTION"] = {f"{key}_IMAGE_TYPE": "JPEG"}
    if positions is not None:
        packed = b"".join(
            struct.pack("<Bii", 0, *cameras[px, py])
            for py in range(down // divisions)
            for px in range(across // divisions)
        )
        if positions == "stitching":
            packed = zlib.compress(packed)
        writer.records.append(writer.put(packed, files - 1))
        nonhier.append(("VIMSLIDE_POSITION_BUFFER" if positions == "buffer" else "StitchingIntensityLayer", ["default"]))
    hierarchical = {
        "HIER_COUNT": 1 if filters is None else 3,
        "NONHIER_COUNT": len(nonhier),
        "INDEXFILE": "Index.dat",
        "HIER_0_NAME": "Slide zoom level",
        "HIER_0_COUNT": levels,
    }
    for level in range(levels):
        hierarchical[f"HIER_0_VAL_{level}"] = f"ZoomLevel_{level}"
        hierarchical[f"HIER_0_VAL_{level}_SECTION"] = f"LAYER_0_LEVEL_{level}_SECTION"
        scale = 1 << level
        sections[f"LAYER_0_LEVEL_{level}_SECTION"] = {
            "OVERLAP_X": overlap[0] * step if level == 0 else overlap[0] * step / (scale * step),
            "OVERLAP_Y": overlap[1] * step if level == 0 else overlap[1] * step / (scale * step),
            "MICROMETER_PER_PIXEL_X": mpp * scale,
            "MICROMETER_PER_PIXEL_Y": mpp * scale,
            "IMAGE_FORMAT": {"BMP": "BMP24"}.get(kind, kind),
            "IMAGE_FILL_COLOR_BGR": fill,
            "DIGITIZER_WIDTH": width,
            "DIGITIZER_HEIGHT": height,
            "IMAGE_CONCAT_FACTOR": concat0 if level == 0 else 1,
        }
    if filters is not None:
        hierarchical |= {
            "HIER_1_NAME": "Slide mask level",
            "HIER_1_COUNT": 2,
            "HIER_2_NAME": "Slide filter level",
            "HIER_2_COUNT": len(filters),
        }
        for number, (title, colour, level, stored) in enumerate(filters):
            hierarchical[f"HIER_2_VAL_{number}"] = f"FilterLevel_{number}"
            hierarchical[f"HIER_2_VAL_{number}_SECTION"] = f"LAYER_2_LEVEL_{number}_SECTION"
            sections[f"LAYER_2_LEVEL_{number}_SECTION"] = {
                "FILTER_NAME": title,
                **{f"COLOR_{letter}": value for letter, value in zip("RGB", colour)},
                "DATA_IN_THIS_FILTER_LEVEL": f"FilterLevel_{level}",
                "STORING_CHANNEL_NUMBER": stored,
            }
    for number, (title, values) in enumerate(nonhier):
        hierarchical[f"NONHIER_{number}_NAME"] = title
        hierarchical[f"NONHIER_{number}_COUNT"] = len(values)
        for value, text in enumerate(values):
            hierarchical[f"NONHIER_{number}_VAL_{value}"] = text
            hierarchical[f"NONHIER_{number}_VAL_{value}_SECTION"] = f"NONHIERLAYER_{number}_LEVEL_{value}_SECTION"
    ini = {
        "GENERAL": {
            "SLIDE_VERSION": "01.02",
            "SLIDE_ID": SLIDE_ID,
            "SLIDE_NAME": "DOE JANE",
            "IMAGENUMBER_X": across,
            "IMAGENUMBER_Y": down,
            "OBJECTIVE_MAGNIFICATION": 20,
            **({} if filters is None else {"SLIDE_TYPE": "SLIDE_TYPE_FLUORESCENCE"}),
            "CameraImageDivisionsPerSide": divisions,
        },
        "HIERARCHICAL": hierarchical,
        "DATAFILE": {"FILE_COUNT": files, **{f"FILE_{i}": f"Data{i:04}.dat" for i in range(files)}},
        **sections,
    }
    text = "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) + "\n" for group, keys in ini.items())
    (folder / "Slidedat.ini").write_bytes(text.encode(encoding))
    (folder / "Index.dat").write_bytes(writer.index())
    for i, content in enumerate(writer.data):
        (folder / f"Data{i:04}.dat").write_bytes(content)
    preview = OUT / f"{name}.mrxs"
    preview.write_bytes(encode(canvas(40, 30), "JPEG"))
    with openslide.OpenSlide(preview) as opened:
        back = opened.properties["openslide.background-color"]
        for level, size in enumerate(opened.level_dimensions):
            region = opened.read_region((0, 0), level, size)
            flat = Image.new("RGBA", size, "#" + back)
            flat.alpha_composite(region)
            flat.convert("RGB").save(OUT / f"{name}-{level}.png", optimize=True)
            if len(seeds) > 1 or not keep:
                # Compared channel by channel.
                continue
            LISTED.append(
                {
                    "slide": f"{name}.mrxs",
                    "png": f"{name}-{level}.png",
                    "level": level,
                    "downsample": opened.level_downsamples[level],
                }
            )
        if not keep:
            preview.unlink()
            shutil.rmtree(folder)
        print(name, opened.level_dimensions, opened.level_downsamples, sorted(opened.associated_images))


slide("plain", (32, 24), (5, 4), 1, "JPEG", 3, missing={(0, 1), (3, 0), (4, 3)}, files=2, images=True)
slide("cameras", (32, 24), (8, 8), 2, "PNG", 4, (8, 8), "buffer", {(2, 2), (3, 2), (2, 3), (3, 3), (5, 6)}, 3, shift=8)
slide("stitched", (16, 12), (6, 4), 2, "BMP", 2, (4, 4), "stitching", fill=0xC0D8E8, missing={(0, 2)}, encoding="utf-8-sig")
slide("nominal", (32, 24), (6, 4), 2, "JPEG", 3, (8, 8))
slide("joined", (32, 24), (8, 8), 4, "PNG", 3, (4, 4), "buffer", concat0=1, missing={(4, 4), (6, 4), (4, 6), (6, 6)})
# OpenSlide reads the first filter level: the second one is made again as a slide of its own.
stains = [
    ("Rhodamine", (255, 0, 0), 0, 0),
    ("FITC", (0, 255, 0), 0, 1),
    ("DAPI", (0, 0, 255), 0, 2),
    ("Cy5", (255, 0, 255), 1, 0),
    ("Aqua", (0, 255, 255), 1, 1),
    ("Nothing", (255, 255, 255), 4, 0),
]
colour = ((24, 16), (4, 4), 2, "PNG", 2, (4, 4), "buffer", {(2, 2), (3, 2), (2, 3), (3, 3)})
slide("stains", *colour, fill=0, seeds=(1, 5), filters=stains, places=7)
slide("stains-second", *colour, fill=0, seeds=(5,), keep=False, places=7)
(OUT / "mrxs.json").write_text(json.dumps(LISTED, indent=2) + "\n")
