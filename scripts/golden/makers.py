"""Makes small slides in the dialects of scanners' makers from a piece of CMU-1, and golden PNGs of them as OpenSlide reads
them; and TIFFs whose JPEG tiles are of other colours than the file says, with PNGs as Pillow reads the tiles.

Run by hand from the project's root, with numpy, pillow, tifffile, imagecodecs, openslide-python and openslide-bin
(4.0.1) from PyPI:

    python3 scripts/golden/makers.py

Files and PNGs go to src/slide/golden/makers/, their list to makers.json there.
"""
import base64
import io
import json
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import tifffile
from PIL import Image

OUT = Path("src/slide/golden/makers")
SOURCE = "public/slides/CMU-1-Small-Region.svs"
TILE = 32
LISTED = []


def piece(left, top, width, height):
    with openslide.OpenSlide(SOURCE) as slide:
        return np.array(slide.read_region((left, top), 0, (width, height)).convert("RGB"))


def half(image):
    height, width = (side // 2 * 2 for side in image.shape[:2])
    return image[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3)).astype(np.uint8)


def padded(image):
    height, width = image.shape[:2]
    return np.pad(image, ((0, -height % TILE), (0, -width % TILE), (0, 0)), constant_values=255)


def page(writer, image, description=None, tiled=True, **options):
    writer.write(
        image,
        photometric="rgb" if options.get("compression") == "zlib" else "ycbcr",
        tile=(TILE, TILE) if tiled else None,
        rowsperstrip=None if tiled else image.shape[0],
        description=description,
        metadata=None,
        **{"compression": "jpeg", "compressionargs": {"level": 90}, "subsampling": (1, 1), **options},
    )


def keep(name, slide, level, left=0, top=0, size=None):
    """The PNG of a level, opaque on white, from a place in level-0 pixels."""
    width, height = size or slide.level_dimensions[level]
    image = slide.read_region((left, top), level, (width, height))
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    png = f"{Path(name).stem}-{level}.png"
    Image.alpha_composite(white, image).convert("RGB").save(OUT / png)
    LISTED.append({"png": png, "slide": name, "level": level})


def leica():
    first, second = piece(1130, 1400, 112, 80), piece(900, 900, 64, 64)
    macro = piece(0, 0, 40, 100)
    nm = 250
    collection = (40 * 20_000, 100 * 20_000)
    places = [(100_000, 400_000), (100_000 + 100 * nm, 400_000 + 96 * nm)]
    pages, images = [], ""

    def image(name, levels, view, offset, objective):
        nonlocal images
        sizes = "".join(
            f'<dimension sizeX="{a.shape[1]}" sizeY="{a.shape[0]}" r="{r}" ifd="{len(pages) + r}"/>'
            for r, a in enumerate(levels)
        )
        height, width = levels[0].shape[:2]
        images += (
            f'<image name="{name}" uuid="u"><creationDate>2024-01-01T00:00:00Z</creationDate>'
            f'<device model="Leica SCN400" version="1.5"/><pixels sizeX="{width}" sizeY="{height}">{sizes}</pixels>'
            f'<view sizeX="{view[0]}" sizeY="{view[1]}" offsetX="{offset[0]}" offsetY="{offset[1]}"/>'
            f"<scanSettings><objectiveSettings><objective>{objective}</objective></objectiveSettings>"
            "<illuminationSettings><numericalAperture>0.65</numericalAperture>"
            "<illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>"
        )
        pages.extend(levels)

    image("macro", [macro, half(macro)], collection, (0, 0), 0.6)
    for area, place in zip((first, second), places):
        height, width = area.shape[:2]
        image("area", [area, half(area)], (width * nm, height * nm), place, 40)
    xml = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="u0">'
        f'<collection name="c" uuid="u1" sizeX="{collection[0]}" sizeY="{collection[1]}">'
        f"<barcode>Tk9ORQ==</barcode>{images}</collection></scn>"
    )
    with tifffile.TiffWriter(OUT / "leica-areas.scn", bigtiff=True) as writer:
        for i, one in enumerate(pages):
            page(writer, one, xml if i == 0 else None, software=None)
    with openslide.OpenSlide(OUT / "leica-areas.scn") as slide:
        bounds = [int(slide.properties[f"openslide.bounds-{key}"]) for key in ("x", "y", "width", "height")]
        keep("leica-areas.scn", slide, 0, bounds[0], bounds[1], (bounds[2], bounds[3]))


def ventana():
    columns, rows, overlap = 4, 3, 4
    full = piece(1130, 1400, columns * TILE - (columns - 1) * overlap, rows * TILE - (rows - 1) * overlap)
    step = TILE - overlap
    stored = np.concatenate(
        [
            np.concatenate([full[r * step : r * step + TILE, c * step : c * step + TILE] for c in range(columns)], 1)
            for r in range(rows)
        ]
    )

    def number(column, row):
        up = rows - 1 - row
        return up * columns + (column if up % 2 == 0 else columns - 1 - column) + 1

    def joint(direction, one, other, x, y):
        return (
            f'<TileJointInfo FlagJoined="1" Confidence="100" Direction="{direction}" Tile1="{number(*one)}" '
            f'Tile2="{number(*other)}" OverlapX="{x}" OverlapY="{y}"/>'
        )

    joints = "".join(
        joint("RIGHT", (c, r), (c + 1, r), overlap, 0) for r in range(rows) for c in range(columns - 1)
    ) + "".join(joint("UP", (c, r + 1), (c, r), 0, overlap) for r in range(rows - 1) for c in range(columns))
    scan = b'<?xml version="1.0"?><iScan Magnification="40" ScanRes="0.25" ScannerModel="VENTANA iScan HT" Z-layers="1"/>'
    encode = (
        '<?xml version="1.0"?><EncodeInfo Ver="2"><SlideStitchInfo>'
        f'<ImageInfo AOIScanned="1" AOIIndex="0" NumRows="{rows}" NumCols="{columns}" Width="{TILE}" Height="{TILE}" '
        f'Pos-X="0" Pos-Y="0">{joints}</ImageInfo></SlideStitchInfo>'
        '<AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>'
    ).encode()
    with tifffile.TiffWriter(OUT / "ventana.bif", bigtiff=True) as writer:
        page(writer, piece(0, 0, 64, 96), "Label Image", extratags=[(700, "B", len(scan), scan, True)], software=None)
        page(writer, half(full), "Thumbnail", software=None)
        for level, image in enumerate([stored, half(stored)]):
            tags = [(700, "B", len(encode), encode, True)] if level == 0 else []
            page(writer, image, f"level={level} mag={40 >> level} quality=90", extratags=tags, software=None)
    with openslide.OpenSlide(OUT / "ventana.bif") as slide:
        for level in range(2):
            keep("ventana.bif", slide, level)


def philips():
    image = piece(1130, 1400, 112, 80)
    levels = [image, half(image), half(half(image))]
    label = io.BytesIO()
    Image.fromarray(piece(0, 0, 48, 32)).save(label, "JPEG")
    spacing = lambda level: f"&quot;{0.00025 * 2**level}&quot; &quot;{0.00025 * 2**level}&quot;"

    def attribute(name, kind, value):
        return f'<Attribute Name="{name}" Group="0x0028" Element="0x0030" PMSVR="{kind}">{value}</Attribute>'

    sizes = "".join(
        '<DataObject ObjectType="PixelDataRepresentation">'
        + attribute("DICOM_PIXEL_SPACING", "IDoubleArray", spacing(level))
        + attribute("PIIM_PIXEL_DATA_REPRESENTATION_NUMBER", "IUInt16", level)
        + "</DataObject>"
        for level in range(3)
    )
    scanned = (
        '<DataObject ObjectType="DPScannedImage">'
        + attribute("PIM_DP_IMAGE_TYPE", "IString", "WSI")
        + attribute("DICOM_PIXEL_SPACING", "IDoubleArray", spacing(0))
        + attribute("PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE", "IDataObjectArray", f"<Array>{sizes}</Array>")
        + '</DataObject><DataObject ObjectType="DPScannedImage">'
        + attribute("PIM_DP_IMAGE_TYPE", "IString", "LABELIMAGE")
        + attribute("PIM_DP_IMAGE_DATA", "IString", base64.b64encode(label.getvalue()).decode())
        + "</DataObject>"
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        + attribute("DICOM_MANUFACTURER", "IString", "PHILIPS")
        + attribute("PIM_DP_SCANNED_IMAGES", "IDataObjectArray", f"<Array>{scanned}</Array>")
        + "</DataObject>"
    )
    with tifffile.TiffWriter(OUT / "philips.tiff") as writer:
        for level, one in enumerate(levels):
            page(
                writer,
                padded(one),
                xml if level == 0 else f"level={level} mag={40 >> level} quality=80",
                software="Philips DP v1.0",
                subfiletype=1 if level else 0,
            )
    with openslide.OpenSlide(OUT / "philips.tiff") as slide:
        for level in range(3):
            keep("philips.tiff", slide, level)


def contradictions():
    """JPEG tiles whose own marks contradict the file's photometric tag."""
    image = piece(1130, 1400, 96, 64)
    tiles = [image[y : y + TILE, x : x + TILE] for y in range(0, 64, TILE) for x in range(0, 96, TILE)]
    for name, photometric, space, subsampling in [
        ("jfif-420-in-rgb", "rgb", "YCBCR", "420"),
        ("jfif-444-in-rgb", "rgb", "YCBCR", "444"),
        ("adobe-rgb-in-ycbcr", "ycbcr", "RGB", "444"),
    ]:
        encoded = [
            imagecodecs.jpeg8_encode(tile, level=90, colorspace="RGB", outcolorspace=space, subsampling=subsampling)
            for tile in tiles
        ]
        with tifffile.TiffWriter(OUT / f"{name}.tif") as writer:
            writer.write(
                iter(encoded),
                shape=image.shape,
                dtype=np.uint8,
                photometric=photometric,
                compression="jpeg",
                tile=(TILE, TILE),
                metadata=None,
                software=None,
            )
        decoded = [np.array(Image.open(io.BytesIO(tile)).convert("RGB")) for tile in encoded]
        whole = np.concatenate([np.concatenate(decoded[row * 3 : row * 3 + 3], 1) for row in range(2)])
        Image.fromarray(whole).save(OUT / f"{name}-0.png")
        LISTED.append({"png": f"{name}-0.png", "slide": f"{name}.tif", "level": 0})


OUT.mkdir(parents=True, exist_ok=True)
leica()
ventana()
philips()
contradictions()
(OUT / "makers.json").write_text(json.dumps(LISTED, indent=2) + "\n")
