"""Writes small DICOM whole-slide images in transfer syntaxes and layouts that few programs write, and golden PNGs
of them as pydicom decodes their frames (pylibjpeg, OpenJPEG), all frames of the first optical path put together.

Run by hand from the project's root, with dcmtk and these packages from PyPI: pydicom, pylibjpeg, pylibjpeg-libjpeg,
pylibjpeg-openjpeg, pyjpegls, imagecodecs, numpy, pillow:

    python3 scripts/golden/dicom_syntaxes.py
"""
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import imagecodecs
import numpy
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2K,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

OUT = Path("src/slide/golden/dicom")
WIDTH, HEIGHT, SIDE = 40, 28, 16
COLUMNS, ROWS = -(-WIDTH // SIDE), -(-HEIGHT // SIDE)


def picture(seed):
    """Smooth values with a disc and some noise, of 16 bits."""
    y, x = numpy.mgrid[0 : ROWS * SIDE, 0 : COLUMNS * SIDE]
    disc = (x - 15 - 4 * seed) ** 2 + (y - 12) ** 2 < 75
    noise = numpy.random.default_rng(seed).integers(0, 300, x.shape)
    return (x * 600 + y * 400 * (seed + 1) + disc * 20000 + noise).clip(0, 65535).astype(numpy.uint16)


RGB = numpy.stack([(picture(i) >> 8).astype(numpy.uint8) for i in range(3)], -1)
GREY = picture(0)


def frames_of(image):
    return [
        image[r * SIDE : (r + 1) * SIDE, c * SIDE : (c + 1) * SIDE].copy() for r in range(ROWS) for c in range(COLUMNS)
    ]


def data_set(image, frames, photometric=None):
    samples = 3 if image.ndim == 3 else 1
    bits = image.dtype.itemsize * 8
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.3.4"
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.Modality = "SM"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    ds.DimensionOrganizationType = "TILED_FULL"
    ds.SamplesPerPixel = samples
    ds.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    if samples == 3:
        ds.PlanarConfiguration = 0
    ds.NumberOfFrames = len(frames)
    ds.Rows = ds.Columns = SIDE
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = 0
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = WIDTH, HEIGHT
    measures = Dataset()
    measures.PixelSpacing = ["0.0005", "0.0005"]
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PixelData = b"".join(one.tobytes() for one in frames)
    return ds


def save(ds, name):
    ds.save_as(OUT / name, enforce_file_format=True)


def encoded(ds, encoded_frames, syntax):
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate(encoded_frames)
    ds["PixelData"].is_undefined_length = True
    return ds


def paths(count):
    items = []
    for i in range(count):
        one = Dataset()
        one.OpticalPathIdentifier = str(i + 1)
        one.OpticalPathDescription = ["DAPI", "FITC", "Cy3", "Cy5", "Cy7"][i]
        items.append(one)
    return Sequence(items)


def write():
    OUT.mkdir(exist_ok=True)
    rgb, grey = frames_of(RGB), frames_of(GREY)
    save(encoded(data_set(RGB, rgb), [imagecodecs.jpegls_encode(f) for f in rgb], JPEGLSLossless), "jpegls.dcm")
    save(encoded(data_set(RGB, rgb), [imagecodecs.jpegls_encode(f, 3) for f in rgb], JPEGLSNearLossless), "jpegls-near.dcm")
    save(encoded(data_set(GREY, grey), [imagecodecs.jpegls_encode(f) for f in grey], JPEGLSLossless), "jpegls-grey16.dcm")
    ht = lambda f, **options: bytes(imagecodecs.htj2k_encode(f, **options))
    save(encoded(data_set(RGB, rgb, "YBR_RCT"), [ht(f, rgb=True) for f in rgb], HTJ2KLosslessRPCL), "htj2k.dcm")
    save(encoded(data_set(RGB, rgb), [ht(f, rgb=False, planar=False) for f in rgb], HTJ2KLossless), "htj2k-no-transform.dcm")
    lossy = [ht(f, rgb=True, reversible=False, level=0.005) for f in rgb]
    save(encoded(data_set(RGB, rgb, "YBR_ICT"), lossy, HTJ2K), "htj2k-lossy.dcm")
    deep = [bytes(imagecodecs.jpeg2k_encode(f, level=0, reversible=True, codecformat="j2k")) for f in grey]
    save(encoded(data_set(GREY, grey), deep, JPEG2000Lossless), "jpeg2000-grey16.dcm")
    for name, image, frames in (("rle", RGB, rgb), ("rle-grey16", GREY, grey)):
        ds = data_set(image, frames)
        ds.compress(RLELossless)
        save(ds, f"{name}.dcm")
    ds = data_set(RGB, rgb)
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(ds, "deflated.dcm")
    for name, image, frames, options in (
        ("jpeg-lossless", RGB, rgb, ["+e1"]),
        ("jpeg-lossless-grey16", GREY, grey, ["+el", "+sv", "4"]),
    ):
        with tempfile.TemporaryDirectory() as work:
            data_set(image, frames).save_as(Path(work) / "a.dcm", enforce_file_format=True)
            subprocess.run(["dcmcjpeg", *options, "+un", Path(work) / "a.dcm", OUT / f"{name}.dcm"], check=True)
    deep = numpy.stack([picture(i) for i in range(3)], -1)
    save(data_set(deep, frames_of(deep)), "rgb16.dcm")
    ds = data_set(GREY, [f >> 4 for f in grey], "MONOCHROME1")
    ds.BitsStored, ds.HighBit = 12, 11
    window = Dataset()
    window.WindowCenter, window.WindowWidth = "2000", "3001"
    ds.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence = Sequence([window])
    save(ds, "grey12-window.dcm")
    # Three optical paths after one another, and five whose frames lie anywhere.
    three = [frame for i in range(3) for frame in frames_of(picture(i))]
    ds = data_set(GREY, three)
    ds.NumberOfOpticalPaths = 3
    ds.OpticalPathSequence = paths(3)
    ds.compress(RLELossless)
    save(ds, "paths-full.dcm")
    five = [(i, at) for at in range(COLUMNS * ROWS) for i in (4, 2, 0, 1, 3)]
    eight = [(picture(i) >> 8).astype(numpy.uint8) for i in range(5)]
    ds = data_set(eight[0], [frames_of(eight[i])[at] for i, at in five])
    ds.DimensionOrganizationType = "TILED_SPARSE"
    ds.OpticalPathSequence = paths(5)
    groups = []
    for i, at in five:
        position, path, group = Dataset(), Dataset(), Dataset()
        position.ColumnPositionInTotalImagePixelMatrix = at % COLUMNS * SIDE + 1
        position.RowPositionInTotalImagePixelMatrix = at // COLUMNS * SIDE + 1
        path.OpticalPathIdentifier = str(i + 1)
        group.PlanePositionSlideSequence = Sequence([position])
        group.OpticalPathIdentificationSequence = Sequence([path])
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = Sequence(groups)
    ds.compress(RLELossless)
    save(ds, "paths-sparse.dcm")


def whole(frames):
    rows = [numpy.concatenate(list(frames[r * COLUMNS : (r + 1) * COLUMNS]), 1) for r in range(ROWS)]
    return numpy.concatenate(rows, 0)[:HEIGHT, :WIDTH]


def golden(image, listed, entry):
    """Adds an entry; equal pictures share a file. Values of 16 bits are kept as high bytes in red, low ones in green."""
    if entry["kind"] == "values":
        wide = image.astype(numpy.uint16)
        image = numpy.stack([wide >> 8, wide & 255, 0 * wide], -1)
    name = f"golden-{hashlib.sha256(image.astype(numpy.uint8).tobytes()).hexdigest()[:8]}.png"
    Image.fromarray(image.astype(numpy.uint8)).save(OUT / name, optimize=True)
    listed.append({"png": name, **entry})


def goldens():
    listed = []
    for path in sorted(OUT.glob("*.dcm")):
        if path.name == "jpeg.dcm":
            continue
        ds = dcmread(path)
        frames = ds.pixel_array
        if path.name.startswith("paths"):
            for i in range(min(len(ds.OpticalPathSequence), 4)):
                if "PerFrameFunctionalGroupsSequence" in ds:
                    names = [g.OpticalPathIdentificationSequence[0].OpticalPathIdentifier for g in ds.PerFrameFunctionalGroupsSequence]
                    own = [frame for frame, name in zip(frames, names) if name == str(i + 1)]
                else:
                    own = frames[i * COLUMNS * ROWS : (i + 1) * COLUMNS * ROWS]
                golden(whole(own), listed, {"slide": path.name, "kind": "values", "channel": i})
        elif ds.SamplesPerPixel == 1:
            golden(whole(frames), listed, {"slide": path.name, "kind": "values", "channel": 0})
        else:
            golden(whole(frames) >> (ds.BitsStored - 8), listed, {"slide": path.name, "kind": "colours"})
    (OUT / "syntaxes.json").write_text(json.dumps(listed, indent=2) + "\n")


if __name__ == "__main__":
    write()
    goldens()
