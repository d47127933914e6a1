"""Makes large slides for bench/slides and bench/first-paint, of tissue repeated from CMU-1 within an ellipse of glass: single
levels as TIFF, pyramids as MRXS, CZI (JPEG XR), DICOM, OME-Zarr and OME-TIFF.

    python3 scripts/golden/large_slides.py FOLDER

Needs numpy, pillow, tifffile, imagecodecs, openslide-python, openslide-bin, pydicom and zarr from PyPI. Takes a minute and
700 MB. Made slides: no scanner wrote them.
"""
import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import pydicom
import tifffile
import zarr
from PIL import Image
from pydicom.encaps import encapsulate_extended
from pydicom.uid import JPEGBaseline8Bit, generate_uid

OUT = Path(sys.argv[1])
WIDTH, HEIGHT = 10240, 8192
TILE = 256
MPP = 0.25


def picture():
    with openslide.OpenSlide("public/slides/CMU-1-Small-Region.svs") as slide:
        piece = np.array(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    across, down = -(-WIDTH // piece.shape[1]), -(-HEIGHT // piece.shape[0])
    whole = np.tile(piece, (down, across, 1))[:HEIGHT, :WIDTH]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    glass = ((x / WIDTH - 0.45) / 0.38) ** 2 + ((y / HEIGHT - 0.5) / 0.42) ** 2 > 1
    whole[glass] = (243, 241, 244)
    return whole


def half(image):
    height, width = (side // 2 * 2 for side in image.shape[:2])
    parts = image[:height, :width].reshape(height // 2, 2, width // 2, 2, *image.shape[2:])
    return parts.mean((1, 3), dtype=np.float32).astype(image.dtype)


def tiles(image, side=TILE):
    """Column, row and pixels; padded with white to whole tiles."""
    height, width = image.shape[:2]
    for y in range(0, height, side):
        for x in range(0, width, side):
            tile = np.full((side, side, 3), 255, np.uint8)
            part = image[y : y + side, x : x + side]
            tile[: part.shape[0], : part.shape[1]] = part
            yield x // side, y // side, tile


def jpeg(tile):
    return imagecodecs.jpeg8_encode(tile, level=85, subsampling="422")


def single_levels(image):
    options = {"photometric": "ycbcr", "compression": "jpeg", "compressionargs": {"level": 85}, "metadata": None}
    options |= {"resolution": (1e4 / MPP, 1e4 / MPP), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(OUT / "single.tif", image, tile=(TILE, TILE), **options)
    tifffile.imwrite(OUT / "single-400.tif", image[1024:6144, 1024:6144], tile=(TILE, TILE), **options)
    tifffile.imwrite(OUT / "single-strips.tif", image, photometric="rgb", compression="lzw", rowsperstrip=16, metadata=None)


def svs(image):
    """One level and a thumbnail, as small exports of Aperio's program have them."""
    size = f"{WIDTH}x{HEIGHT}"
    text = f"Aperio Image Library v12.0\r\n{size} [0,0 {size}] (256x256) JPEG/RGB Q=85|AppMag = 40|MPP = {MPP}"
    options = {"photometric": "rgb", "compression": "jpeg", "compressionargs": {"level": 85, "outcolorspace": "rgb"}, "metadata": None}
    with tifffile.TiffWriter(OUT / "single.svs") as tif:
        tif.write(image, tile=(TILE, TILE), description=text, **options)
        tif.write(half(half(half(image))), rowsperstrip=16, description=text, **options)


def ome(levels):
    with tifffile.TiffWriter(OUT / "pyramid.ome.tif", ome=True) as tif:
        options = {"photometric": "rgb", "compression": "jpeg", "tile": (512, 512)}
        tif.write(levels[0], subifds=len(levels) - 1, metadata={"axes": "YXS", "PhysicalSizeX": MPP, "PhysicalSizeY": MPP}, **options)
        for level in levels[1:]:
            tif.write(level, subfiletype=1, **options)
    grey = [255 - level for level in levels]
    with tifffile.TiffWriter(OUT / "channels.ome.tif", ome=True) as tif:
        options = {"photometric": "minisblack", "compression": "zlib", "tile": (512, 512)}
        planes = [np.moveaxis(level, -1, 0).astype(np.uint16) * 40 for level in grey[1:]]
        tif.write(planes[0], subifds=len(planes) - 1, metadata={"axes": "CYX", "Channel": {"Name": ["A", "B", "C"]}}, **options)
        for level in planes[1:]:
            tif.write(level, subfiletype=1, **options)


def mrxs(levels):
    """Photos of 4 by 4 images whose positions the slide gives, without overlap."""
    folder = OUT / "pyramid"
    folder.mkdir(exist_ok=True)
    slide_id = b"0123456789ABCDEF0123456789ABCDEF"
    data = bytearray(b"01.02" + slide_id + bytes(23))
    across, down, divisions = WIDTH // TILE, HEIGHT // TILE, 4
    entries = []
    for number, level in enumerate(levels):
        step = 1 << number
        entries.append([])
        for column, row, tile in tiles(level):
            encoded = jpeg(tile)
            if encoded and column * step < across and row * step < down:
                entries[-1].append((row * step * across + column * step, len(data), len(encoded), 0))
                data += encoded
    packed = b"".join(
        struct.pack("<Bii", 0, x * divisions * TILE, y * divisions * TILE)
        for y in range(down // divisions)
        for x in range(across // divisions)
    )
    position = (len(data), len(packed), 0)
    data += packed
    body = bytearray()
    start = 5 + 32 + 8
    add = lambda content: (start + len(body), body.extend(content))[0]

    def paged(records):
        pages = [records[i : i + 1000] for i in range(0, len(records), 1000)]
        first = start + len(body)
        for number, page in enumerate(pages):
            end = start + len(body) + 8 + 16 * len(page)
            add(struct.pack("<ii", len(page), end if number + 1 < len(pages) else 0))
            for record in page:
                add(struct.pack("<iiii", *record))
        return add(struct.pack("<ii", 0, first))

    lists = [paged(records) for records in entries]
    record = add(struct.pack("<iiiiiii", 1, 0, 0, 0, *position))
    other = add(struct.pack("<ii", 0, record))
    tables = add(b"".join(struct.pack("<i", one) for one in lists)), add(struct.pack("<i", other))
    (folder / "Index.dat").write_bytes(b"01.02" + slide_id + struct.pack("<ii", *tables) + bytes(body))
    (folder / "Data0000.dat").write_bytes(data)
    text = f"[GENERAL]\nSLIDE_VERSION = 01.02\nSLIDE_ID = {slide_id.decode()}\nIMAGENUMBER_X = {across}\nIMAGENUMBER_Y = {down}\n"
    text += f"OBJECTIVE_MAGNIFICATION = 20\nCameraImageDivisionsPerSide = {divisions}\n"
    text += f"[HIERARCHICAL]\nHIER_COUNT = 1\nNONHIER_COUNT = 1\nINDEXFILE = Index.dat\nHIER_0_NAME = Slide zoom level\nHIER_0_COUNT = {len(levels)}\n"
    for i in range(len(levels)):
        text += f"HIER_0_VAL_{i} = ZoomLevel_{i}\nHIER_0_VAL_{i}_SECTION = LAYER_0_LEVEL_{i}_SECTION\n"
    text += "NONHIER_0_NAME = VIMSLIDE_POSITION_BUFFER\nNONHIER_0_COUNT = 1\nNONHIER_0_VAL_0 = default\n"
    text += "NONHIER_0_VAL_0_SECTION = NONHIERLAYER_0_LEVEL_0_SECTION\n[DATAFILE]\nFILE_COUNT = 1\nFILE_0 = Data0000.dat\n"
    for i in range(len(levels)):
        text += f"[LAYER_0_LEVEL_{i}_SECTION]\nOVERLAP_X = 0\nOVERLAP_Y = 0\nMICROMETER_PER_PIXEL_X = {MPP * 2**i}\n"
        text += f"MICROMETER_PER_PIXEL_Y = {MPP * 2**i}\nIMAGE_FORMAT = JPEG\nIMAGE_FILL_COLOR_BGR = 16777215\n"
        text += f"DIGITIZER_WIDTH = {TILE}\nDIGITIZER_HEIGHT = {TILE}\nIMAGE_CONCAT_FACTOR = {0 if i == 0 else 1}\n"
    (folder / "Slidedat.ini").write_text(text)
    (OUT / "pyramid.mrxs").write_bytes(jpeg(levels[-1][:64, :64].copy()))


def czi(levels, name, coding, pack):
    """Subblocks of 1024 pixels; reduced ones over the same places."""
    body, entries = bytearray(), []

    def segment(kind, content):
        at = 544 + len(body)
        size = -(-len(content) // 32) * 32
        body.extend(struct.pack("<16sqq", kind, size, len(content)) + content + bytes(size - len(content)))
        return at

    for number, level in enumerate(levels):
        scale = 1 << number
        for y in range(0, level.shape[0], 1024):
            for x in range(0, level.shape[1], 1024):
                pixels = np.ascontiguousarray(level[y : y + 1024, x : x + 1024])
                content = pack(pixels)
                dims = [("X", x * scale, pixels.shape[1] * scale, pixels.shape[1]), ("Y", y * scale, pixels.shape[0] * scale, pixels.shape[0]), ("C", 0, 1, 1)]
                at = 544 + len(body)
                entry = struct.pack("<2siqiiBB4si", b"DV", 3, at, 0, coding, 0 if number == 0 else 2, 0, b"", len(dims))
                entry += b"".join(struct.pack("<4siifi", n.encode(), s, size, float(s), kept) for n, s, size, kept in dims)
                head = struct.pack("<iiq", 0, 0, len(content)) + entry
                segment(b"ZISRAWSUBBLOCK", head + bytes(max(0, 256 - len(head))) + content)
                entries.append(entry)
    directory = segment(b"ZISRAWDIRECTORY", struct.pack("<i124s", len(entries), b"") + b"".join(entries))
    distance = "".join(f'<Distance Id="{a}"><Value>{MPP * 1e-6:g}</Value></Distance>' for a in "XY")
    xml = f"<ImageDocument><Metadata><Scaling><Items>{distance}</Items></Scaling></Metadata></ImageDocument>".encode()
    metadata = segment(b"ZISRAWMETADATA", struct.pack("<ii248s", len(xml), 0, b"") + xml)
    head = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, bytes(16), bytes(16), 0, directory, metadata, 0, 0)
    with open(OUT / name, "wb") as file:
        file.write(struct.pack("<16sqq", b"ZISRAWFILE", 512, 512) + head + bytes(512 - len(head)))
        file.write(body)


def dicom(levels):
    folder = OUT / "pyramid-dicom"
    folder.mkdir(exist_ok=True)
    study, series, frame_of_reference = (generate_uid(entropy_srcs=[name]) for name in ("study", "series", "frame"))
    for number, level in enumerate(levels):
        height, width = level.shape[:2]
        frames = [jpeg(tile) for _, _, tile in tiles(level)]
        ds = pydicom.Dataset()
        ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
        ds.SOPInstanceUID = generate_uid(entropy_srcs=[f"level {number}"])
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame_of_reference
        ds.Modality, ds.PatientID, ds.PatientName = "SM", "", ""
        ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.StudyID = ""
        ds.SeriesNumber, ds.InstanceNumber = 1, number + 1
        ds.ImageType = ["ORIGINAL" if number == 0 else "DERIVED", "PRIMARY", "VOLUME", "NONE" if number == 0 else "RESAMPLED"]
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "YBR_FULL_422", 0
        ds.NumberOfFrames = len(frames)
        ds.Rows = ds.Columns = TILE
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelRepresentation = 7, 0
        ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = width, height
        ds.ImagedVolumeWidth, ds.ImagedVolumeHeight, ds.ImagedVolumeDepth = WIDTH * MPP / 1000, HEIGHT * MPP / 1000, 0.001
        origin = pydicom.Dataset()
        origin.XOffsetInSlideCoordinateSystem = origin.YOffsetInSlideCoordinateSystem = 0
        ds.TotalPixelMatrixOriginSequence = [origin]
        ds.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
        ds.DimensionOrganizationType = "TILED_FULL"
        ds.TotalPixelMatrixFocalPlanes = ds.NumberOfOpticalPaths = 1
        ds.SpecimenLabelInImage, ds.BurnedInAnnotation, ds.FocusMethod = "NO", "NO", "AUTO"
        ds.ExtendedDepthOfField, ds.VolumetricProperties, ds.LossyImageCompression = "NO", "VOLUME", "01"
        path = pydicom.Dataset()
        path.OpticalPathIdentifier = "0"
        ds.OpticalPathSequence = [path]
        measures = pydicom.Dataset()
        measures.PixelSpacing = [MPP * 2**number / 1000] * 2
        measures.SliceThickness = 0.001
        shared = pydicom.Dataset()
        shared.PixelMeasuresSequence = [measures]
        ds.SharedFunctionalGroupsSequence = [shared]
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
        ds["PixelData"].is_undefined_length = True
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        ds.save_as(folder / f"level-{number}.dcm", enforce_file_format=True)


def ome_zarr(levels):
    group = zarr.open_group(OUT / "pyramid.zarr", mode="w", zarr_format=2)
    for number, level in enumerate(levels):
        planes = np.moveaxis(level, -1, 0)
        array = group.create_array(str(number), shape=planes.shape, chunks=(3, 512, 512), dtype="u1", chunk_key_encoding={"name": "v2", "separator": "/"})
        array[:] = planes
    scale = lambda n: [{"type": "scale", "scale": [1, MPP * 2**n, MPP * 2**n]}]
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "micrometer"} for a in "yx")]
    datasets = [{"path": str(n), "coordinateTransformations": scale(n)} for n in range(len(levels))]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    window = {"min": 0, "max": 255, "start": 0, "end": 255}
    group.attrs["omero"] = {"channels": [{"color": c, "active": True, "window": window} for c in ("FF0000", "00FF00", "0000FF")]}


OUT.mkdir(parents=True, exist_ok=True)
whole = picture()
pyramid = [whole]
while max(pyramid[-1].shape) > 512:
    pyramid.append(half(pyramid[-1]))
single_levels(whole)
svs(whole)
ome(pyramid)
mrxs(pyramid)
# Called 24bppBGR as in files of ZEN: the order in which a decoder hands out its bytes.
RGB24 = bytes.fromhex("24c3dd6f034efe4bb1853d77768dc90d")
jxr = lambda pixels: imagecodecs.jpegxr_encode(pixels, level=0.85).replace(RGB24, RGB24[:-1] + b"\x0c")
czi(pyramid, "pyramid.czi", 4, jxr)
czi(pyramid[:1], "single.czi", 4, jxr)
zstd = lambda pixels: imagecodecs.zstd_encode(np.ascontiguousarray(pixels[..., ::-1]).tobytes())
czi(pyramid, "pyramid-zstd.czi", 5, zstd)
dicom(pyramid)
ome_zarr(pyramid)
Image.fromarray(whole[:7800, :8192]).save(OUT / "plain.jpg", quality=85)
