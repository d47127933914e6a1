"""Small CZI files of every kind that the reader knows, and their levels as pylibCZIrw (ZEISS's libCZI) reads them.

Run by hand, with pylibCZIrw (6.1), imagecodecs, numpy and pillow from PyPI:

    python3 scripts/golden/czi_goldens.py

Files are written by the structure of "ZISRAW (CZI) file format" here, because pylibCZIrw writes no reduced copies; one is written by
pylibCZIrw itself. JPEG, which libCZI does not read, is decoded by Pillow. The pictures are drawn: no patient, no licence.
"""
import io
import json
import os
import struct
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image
from pylibCZIrw import czi

folder = Path(__file__).resolve().parents[2] / "src/slide/golden/czi"
GRAY8, GRAY16, GRAY_FLOAT, BGR24, BGR48 = 0, 1, 2, 3, 4
RGB24 = bytes.fromhex("24c3dd6f034efe4bb1853d77768dc90d")
BGR24_FORMAT = RGB24[:-1] + b"\x0c"
NONE, JPEG, LZW, JPEG_XR, ZSTD0, ZSTD1 = 0, 1, 2, 4, 5, 6


def drawn(width, height, seed=0, maximum=255):
    """A picture of three colours: ramps and discs."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    out = np.empty((height, width, 3))
    out[..., 0] = 235 - 40 * x / width
    out[..., 1] = 210 - 90 * y / height
    out[..., 2] = 225 - 20 * np.sin(x / 23 + seed)
    rng = np.random.default_rng(seed)
    for _ in range(max(4, width * height // 1500)):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(3, 11)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < r * r
        out[inside] = rng.uniform(60, 190, 3)
    return np.clip(out / 255 * maximum, 0, maximum).astype(np.uint8 if maximum == 255 else np.uint16)


def halved(image):
    """Means over 2 by 2 pixels."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    parts = image[:height, :width].reshape(height // 2, 2, width // 2, 2, -1).astype(float)
    return np.round(parts.mean((1, 3))).astype(image.dtype).reshape(height // 2, width // 2, *image.shape[2:])


def packed(pixels, compression, quick=False):
    """Bytes of a subblock; colours are red, green, blue here and blue, green, red in the file."""
    swapped = np.ascontiguousarray(pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    if compression == NONE:
        return swapped.tobytes()
    if compression == LZW:
        return imagecodecs.lzw_encode(swapped.tobytes())
    if compression == JPEG:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "JPEG", quality=90)
        return out.getvalue()
    if compression == JPEG_XR:
        encoded = imagecodecs.jpegxr_encode(np.ascontiguousarray(pixels), level=0.85 if quick else 1.0)
        # The same stream, called 24bppBGR as in files of ZEN: the order in which a decoder hands out its bytes.
        return encoded.replace(RGB24, BGR24_FORMAT) if pixels.dtype == np.uint8 else encoded
    if compression == ZSTD0:
        return imagecodecs.zstd_encode(swapped.tobytes())
    raw = swapped.tobytes()
    # Low bytes first, then high bytes. libCZI 6.1 reads colours that are split so wrongly, so they are not.
    if swapped.dtype.itemsize == 2 and swapped.ndim == 2:
        return b"\x03\x01\x01" + imagecodecs.zstd_encode(raw[0::2] + raw[1::2])
    return b"\x01" + imagecodecs.zstd_encode(raw)


class Writer:
    """A CZI file in memory."""

    def __init__(self, xml="", part=0):
        self.body, self.entries, self.attachments = bytearray(), [], []
        self.xml, self.part = xml.encode(), part

    def segment(self, name, data):
        at = 544 + len(self.body)
        size = -(-len(data) // 32) * 32
        self.body += struct.pack("<16sqq", name, size, len(data)) + data + bytes(size - len(data))
        return at

    def tile(self, pixels, x, y, compression, scale=1, pixel_type=None, size=None, quick=False, **dimensions):
        height, width = pixels.shape[:2]
        if pixel_type is None:
            pixel_type = {(2, 1): GRAY8, (2, 2): GRAY16, (3, 1): BGR24, (3, 2): BGR48}[pixels.ndim, pixels.itemsize]
        full = size or (width * scale, height * scale)
        dims = [("X", x, full[0], width), ("Y", y, full[1], height)]
        dims += [(name, start, 1, 0) for name, start in dimensions.items()]
        data = packed(pixels, compression, quick)
        entry = lambda at: struct.pack(
            "<2siqiiBB4si", b"DV", pixel_type, at, self.part, compression, 0 if scale == 1 else 2, 0, b"", len(dims)
        ) + b"".join(struct.pack("<4siifi", n.encode(), s, l, float(s), k) for n, s, l, k in dims)
        at = 544 + len(self.body)
        head = struct.pack("<iiq", 0, 0, len(data)) + entry(at)
        self.segment(b"ZISRAWSUBBLOCK", head + bytes(max(0, 256 - len(head))) + data)
        self.entries.append(entry(at))

    def attach(self, name, kind, data):
        entry = lambda at: struct.pack("<2s10sqi16s8s80s", b"A1", b"", at, 0, bytes(16), kind, name)
        at = 544 + len(self.body)
        self.segment(b"ZISRAWATTACH", struct.pack("<i12s", len(data), b"") + entry(at) + bytes(112) + data)
        self.attachments.append(entry(at))

    def bytes(self):
        directory = self.segment(b"ZISRAWDIRECTORY", struct.pack("<i124s", len(self.entries), b"") + b"".join(self.entries))
        metadata = self.segment(b"ZISRAWMETADATA", struct.pack("<ii248s", len(self.xml), 0, b"") + self.xml)
        attached = 0
        if self.attachments:
            head = struct.pack("<i252s", len(self.attachments), b"")
            attached = self.segment(b"ZISRAWATTDIR", head + b"".join(self.attachments))
        guid = bytes(range(16))
        head = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, guid, guid, self.part, directory, metadata, 0, attached)
        return struct.pack("<16sqq", b"ZISRAWFILE", 512, 512) + head + bytes(512 - len(head)) + bytes(self.body)


def metadata(channels=(), um=0.25):
    acquired = "".join(f'<Channel Id="Channel:{i}" Name="{name}"/>' for i, (name, _) in enumerate(channels))
    shown = "".join(f'<Channel Id="Channel:{i}"><Color>{c}</Color></Channel>' for i, (_, c) in enumerate(channels))
    distance = "".join(f'<Distance Id="{a}"><Value>{um * 1e-6:g}</Value></Distance>' for a in "XY")
    return f"""<?xml version="1.0" encoding="utf-8"?><ImageDocument><Metadata><Information>
<User><DisplayName>DOE JANE</DisplayName></User><Document><Title>S24-00001</Title></Document>
<Image><Dimensions><Channels>{acquired}</Channels></Dimensions><ObjectiveSettings><ObjectiveRef Id="Objective:2"/></ObjectiveSettings></Image>
<Instrument><Microscopes><Microscope Id="M" Name="Axioscan 7"/></Microscopes><Objectives>
<Objective Id="Objective:1" Name="5x"><NominalMagnification>5</NominalMagnification></Objective>
<Objective Id="Objective:2" Name="Plan-Apochromat 20x/0.8"><NominalMagnification>20</NominalMagnification></Objective>
</Objectives></Instrument></Information><DisplaySetting><Channels>{shown}</Channels></DisplaySetting>
<Scaling><Items>{distance}</Items></Scaling></Metadata></ImageDocument>"""


def tiles(writer, image, x0, y0, side, step, compression, scale=1, mosaic=True, **dimensions):
    """Cuts an image into tiles, `step` apart; a later one, which lies on top, is brighter where they overlap."""
    index = 0
    height, width = image.shape[:2]
    for y in range(0, max(1, height - (side - step)), step):
        for x in range(0, max(1, width - (side - step)), step):
            part = image[y : y + side, x : x + side]
            if mosaic:
                part = part - part // 16 * (index % 2)
            extra = {"M": index} if mosaic else {}
            writer.tile(part, x0 + x * scale, y0 + y * scale, compression, scale, quick=True, **dimensions, **extra)
            index += 1


def brightfield():
    """Two scenes, of which the smaller has no copy reduced by 4; overlapping camera tiles; label and preview."""
    writer = Writer(metadata())
    for scene, (width, height, x, y, depth) in enumerate([(208, 160, -1000, 500, 3), (112, 96, -760, 700, 2)]):
        image = drawn(width, height, scene)
        tiles(writer, image, x, y, 80, 64, JPEG_XR if scene == 0 else ZSTD1, S=scene)
        for level in range(1, depth):
            image = halved(image)
            tiles(writer, image, x, y, 64, 64, JPEG_XR, 2**level, mosaic=False, S=scene)
    label = Writer()
    label.tile(drawn(60, 40, 7), 0, 0, NONE)
    writer.attach(b"Label", b"CZI", label.bytes())
    preview = Writer()
    preview.tile(drawn(90, 40, 8), 0, 0, ZSTD0)
    writer.attach(b"SlidePreview", b"CZI", preview.bytes())
    writer.attach(b"Thumbnail", b"JPG", packed(drawn(43, 36, 9), JPEG))
    writer.attach(b"TimeStamps", b"CZTIMS", bytes(16))
    return writer.bytes()


def fluorescence():
    """Three channels of 16 bits and one of 8; two focal planes; a level reduced by 3."""
    channels = [("DAPI", "#FF0000FF"), ("FITC", "#FF00FF00"), ("Cy3", "#FFFF8000"), ("BF", "#FFFFFFFF")]
    writer = Writer(metadata(channels, 0.325))
    for channel in range(4):
        image = drawn(120, 90, channel, 4095 if channel < 3 else 255)[..., channel % 3]
        image = image.max() - image
        for z in range(2):
            tiles(writer, image // (z + 1), 0, 0, 60, 60, ZSTD1 if channel < 2 else JPEG_XR, C=channel, Z=z)
        small = image[1::3, 1::3]
        writer.tile(small, 0, 0, ZSTD1, 3, C=channel, Z=0)
        writer.tile(small // 2, 0, 0, ZSTD1, 3, C=channel, Z=1)
    return writer.bytes()


def single(pixels, compression, **options):
    writer = Writer(metadata())
    writer.tile(pixels, 0, 0, compression, **options)
    return writer.bytes()


def by_libczi(path):
    """Written by pylibCZIrw itself."""
    path.unlink(missing_ok=True)
    with czi.create_czi(str(path)) as document:
        image = drawn(100, 80, 21)[..., ::-1]
        for x in (0, 50):
            document.write(np.ascontiguousarray(image[:, x : x + 50]), location=(x, 0), compression_options="zstd0:ExplicitLevel=3" if x else "zstd1:ExplicitLevel=3")
        document.write_metadata(document_name="made", scale_x=0.5e-6, scale_y=0.5e-6)


def planes(path, levels, channel, grey_shift=0):
    """Levels as libCZI reads them; red, green, blue."""
    with czi.open_czi(str(path)) as document:
        box = document.total_bounding_rectangle_no_pyramid
        for scale in levels:
            pixels = document.read(roi=(box.x, box.y, box.w, box.h), plane={"C": channel, "Z": 0, "T": 0}, zoom=1 / scale, background_pixel=(1, 1, 1))
            yield pixels[..., ::-1] if pixels.shape[2] == 3 else pixels[..., 0]


def main():
    folder.mkdir(parents=True, exist_ok=True)
    goldens = []

    def golden(name, level, pixels, **more):
        png = f"{name.removesuffix('.czi')}-{level}{'-c%d' % more['channel'] if 'channel' in more else ''}.png"
        Image.fromarray(np.ascontiguousarray(pixels)).save(folder / png, optimize=True)
        goldens.append({"slide": name, "level": level, "png": png, **more})

    (folder / "brightfield.czi").write_bytes(brightfield())
    for level, pixels in enumerate(planes(folder / "brightfield.czi", [1, 2], 0)):
        golden("brightfield.czi", level, pixels)
    (folder / "fluorescence.czi").write_bytes(fluorescence())
    for channel in range(4):
        for level, pixels in enumerate(planes(folder / "fluorescence.czi", [1, 3], channel)):
            golden("fluorescence.czi", level, pixels, channel=channel)
    by_libczi(folder / "libczi.czi")
    golden("libczi.czi", 0, next(planes(folder / "libczi.czi", [1], 0)))
    colours, deep = drawn(37, 29, 31), drawn(37, 29, 32, 65535)
    for name, pixels, compression in [
        ("bgr24-none", colours, NONE),
        ("bgr24-zstd0", colours, ZSTD0),
        ("bgr24-jpeg-xr", colours, JPEG_XR),
        ("bgr48-zstd1", deep, ZSTD1),
        ("bgr48-jpeg-xr", deep, JPEG_XR),
        ("gray8-none", colours[..., 1], NONE),
    ]:
        (folder / f"{name}.czi").write_bytes(single(pixels, compression))
        read = next(planes(folder / f"{name}.czi", [1], 0))
        assert read.dtype == pixels.dtype and (read == pixels).all(), name
        golden(f"{name}.czi", 0, (read >> 8).astype(np.uint8) if read.dtype == np.uint16 else read)
    for name, compression in [("bgr24-jpeg", JPEG), ("bgr24-lzw", LZW)]:
        (folder / f"{name}.czi").write_bytes(single(colours, compression))
        decoded = np.asarray(Image.open(io.BytesIO(packed(colours, JPEG)))) if compression == JPEG else colours
        golden(f"{name}.czi", 0, decoded, lossy=compression == JPEG)
    (folder / "gray-float.czi").write_bytes(single(np.zeros((8, 8), np.float32), NONE, pixel_type=GRAY_FLOAT))
    part = Writer(metadata(), part=1)
    part.tile(colours[:8, :8], 0, 0, NONE)
    (folder / "part.czi").write_bytes(part.bytes())
    (folder / "czi.json").write_text(json.dumps(goldens, indent=2) + "\n")
    print(sum(f.stat().st_size for f in folder.iterdir()), "bytes")


main()
