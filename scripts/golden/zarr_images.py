"""Writes small OME-Zarr images (0.4 and 0.5) as zip archives, with the values of their planes as zarr-python reads them:
PNGs in `golden/`, high bytes in red, low bytes in green.

Run by hand from the project's root, with these packages from PyPI: zarr, ome-zarr, numpy, pillow:

    python3 scripts/golden/zarr_images.py
"""
import base64
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy
import zarr
from numcodecs import Blosc, GZip, Zlib
from ome_zarr.format import FormatV04
from ome_zarr.io import parse_url
from ome_zarr.writer import write_multiscale
from PIL import Image

OUT = Path("src/slide/golden/zarr")
WIDTH, HEIGHT = 59, 43


def picture(seed, bits=16, width=WIDTH, height=HEIGHT):
    y, x = numpy.mgrid[0:height, 0:width]
    disc = (x - 30 - 5 * seed) ** 2 + (y - 25) ** 2 < 200
    values = (x * 250 + y * 150 * (seed + 1) + disc * 20000).clip(0, 65535).astype(numpy.uint16)
    return values if bits == 16 else (values >> 8).astype(numpy.uint8)


def halved(array, y, x):
    """Every second value, which is enough to tell levels apart."""
    index = [slice(None)] * array.ndim
    index[y] = index[x] = slice(None, None, 2)
    return array[tuple(index)]


def axes(names, unit="micrometer"):
    kinds = {"t": "time", "c": "channel"}
    return [
        {"name": n, "type": kinds.get(n, "space"), **({"unit": unit} if n in "zyx" else {})} for n in names
    ]


def multiscales(names, size, unit="micrometer", levels=2, **more):
    scale = lambda level: [size * 2**level if n in "yx" else 1.0 for n in names]
    datasets = [
        {"path": str(i), "coordinateTransformations": [{"type": "scale", "scale": scale(i)}]} for i in range(levels)
    ]
    return [{"name": "made", "axes": axes(names, unit), "datasets": datasets, **more}]


def pack(folder, name, names):
    """The folder, and the values of each level's planes by channel at the first time and focal plane."""
    OUT.mkdir(exist_ok=True)
    root = zarr.open_group(folder, mode="r")
    image = root["0"] if "0" in root and isinstance(root["0"], zarr.Group) else root
    with zipfile.ZipFile(OUT / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                # Fixed dates: the same script writes the same archive.
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes(), zipfile.ZIP_DEFLATED)
        attributes = image.attrs.asdict()
        datasets = attributes.get("ome", attributes)["multiscales"][0]["datasets"]
        for level, dataset in enumerate(datasets):
            values = image[dataset["path"]][:]
            for axis in "tz":
                if axis in names:
                    values = values.take(0, names.replace("t", "", names.index(axis) > names.find("t") >= 0).index(axis))
            left = "".join(n for n in names if n not in "tz")
            planes = numpy.moveaxis(values, left.index("c"), 0) if "c" in left else values[None]
            for channel, plane in enumerate(planes):
                wide = plane.astype(numpy.uint16)
                rgb = numpy.stack([wide >> 8, wide & 255, 0 * wide], -1).astype(numpy.uint8)
                data = io.BytesIO()
                Image.fromarray(rgb).save(data, "PNG", optimize=True)
                archive.writestr(zipfile.ZipInfo(f"golden/{level}-{channel}.png"), data.getvalue())


def rgb_by_ome_zarr_py(folder):
    image = numpy.stack([picture(i, 8) for i in range(3)])
    group = zarr.open_group(parse_url(str(folder), mode="w", fmt=FormatV04()).store, mode="a", zarr_format=2)
    scale = lambda f: [{"type": "scale", "scale": [1.0, 0.25 * f, 0.25 * f]}]
    write_multiscale(
        [image, halved(image, 1, 2)],
        group,
        fmt=FormatV04(),
        axes=axes("cyx"),
        coordinate_transformations=[scale(1), scale(2)],
        storage_options={"chunks": (1, 32, 32), "compressor": Blosc("lz4", 5, Blosc.SHUFFLE)},
    )


def fluorescence(folder):
    """Zarr 2: five channels, two to a chunk, two focal planes, a missing chunk, gzip and zlib, dots in names."""
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    stack = numpy.stack([numpy.stack([picture(c) + 7 * z for z in range(2)]) for c in range(5)])[None]
    for level, compressor in enumerate((GZip(5), Zlib(5))):
        array = root.create_array(
            str(level), shape=stack.shape, chunks=(1, 2, 2, 32, 32), dtype="<u2", compressors=compressor, fill_value=11
        )
        array[:] = stack
        stack = halved(stack, 3, 4)
    (folder / "0/0.0.0.1.1").unlink()
    colours = ["0000FF", "00FF00", "FF0000", "FFFFFF", "FF00FF"]
    names = ["DAPI", "FITC", "Cy3", "Cy5", "Cy7"]
    root.attrs["multiscales"] = multiscales("tczyx", 325.0, "nanometer", version="0.4")
    root.attrs["omero"] = {
        "channels": [
            {"label": n, "color": c, "active": n != "FITC", "window": {"start": 500, "end": 40000, "min": 0, "max": 65535}}
            for n, c in zip(names, colours)
        ],
        "rdefs": {"defaultZ": 0, "defaultT": 0},
    }


def sharded(folder):
    """Zarr 3: shards of four chunks, Zstandard, one of the shards missing."""
    root = zarr.open_group(folder, mode="w", zarr_format=3)
    image = numpy.stack([picture(i) for i in range(2)])
    for level in range(2):
        array = root.create_array(
            str(level),
            shape=image.shape,
            chunks=(1, 16, 16),
            shards=(1, 32, 32),
            dtype="uint16",
            compressors=zarr.codecs.ZstdCodec(level=3),
            fill_value=5,
        )
        array[:] = image
        image = halved(image, 1, 2)
    (folder / "0/c/1/1/1").unlink()
    root.attrs["ome"] = {"version": "0.5", "multiscales": multiscales("cyx", 0.5)}


def interleaved(folder):
    """Zarr 3: axes y, x, c; big-endian without compression is for 16 bits, so here plain bytes."""
    root = zarr.open_group(folder, mode="w", zarr_format=3)
    image = numpy.stack([picture(i, 8) for i in range(3)], -1)
    for level in range(2):
        array = root.create_array(
            str(level), shape=image.shape, chunks=(32, 32, 3), dtype="uint8", compressors=None, fill_value=255
        )
        array[:] = image
        image = halved(image, 0, 1)
    root.attrs["ome"] = {"version": "0.5", "multiscales": multiscales("yxc", 0.5)}


def big_endian(folder):
    """Zarr 2: grey, big-endian, Fortran order, no compression."""
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    array = root.create_array("0", shape=(HEIGHT, WIDTH), chunks=(32, 48), dtype=">u2", compressors=None, order="F")
    array[:] = picture(1)
    root.attrs["multiscales"] = multiscales("yx", 0.5, levels=1, version="0.4")


def bioformats2raw(folder):
    """Two images and a mask, as bioformats2raw lays them out."""
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    root.create_group("OME").attrs["series"] = ["0", "1"]
    for series in range(2):
        group = root.create_group(str(series))
        array = group.create_array(
            "0", shape=(1, 1, 1, HEIGHT, WIDTH), chunks=(1, 1, 1, 64, 64), dtype="|u1",
            compressors=Blosc("zstd", 5, Blosc.BITSHUFFLE), chunk_key_encoding={"name": "v2", "separator": "/"},
        )
        array[0, 0, 0] = picture(series, 8)
        group.attrs["multiscales"] = multiscales("tczyx", 0.5, levels=1, version="0.4")
    root["0"].create_group("labels").attrs["labels"] = ["nuclei", "cells"]


MADE = {
    "rgb-ome-zarr-py": (rgb_by_ome_zarr_py, "cyx"),
    "fluorescence": (fluorescence, "tczyx"),
    "sharded": (sharded, "cyx"),
    "interleaved": (interleaved, "yxc"),
    "big-endian": (big_endian, "yx"),
    "bioformats2raw": (bioformats2raw, "tczyx"),
}


def blosc_chunks():
    """Chunks in every compression and order of bytes, and the values that they hold, in base64."""
    base = picture(2, width=40, height=24) + numpy.arange(40, dtype=numpy.uint16) % 7
    listed = []
    for compressor in ("blosclz", "lz4", "zlib", "zstd"):
        for shuffle in (Blosc.NOSHUFFLE, Blosc.SHUFFLE, Blosc.BITSHUFFLE):
            # Of 957 values: blocks that are no whole number of eights.
            values = base if shuffle == Blosc.SHUFFLE else base.ravel()[:957].copy()
            chunk = Blosc(compressor, 5, shuffle, 512).encode(values)
            text = lambda data: base64.b64encode(data).decode()
            listed.append({"name": f"{compressor} {shuffle}", "chunk": text(chunk), "values": text(values.tobytes())})
    (OUT / "blosc.json").write_text(json.dumps(listed, indent=2) + "\n")


def main():
    blosc_chunks()
    for name, (make, names) in MADE.items():
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work) / f"{name}.zarr"
            make(folder)
            pack(folder, name, names)


if __name__ == "__main__":
    main()
