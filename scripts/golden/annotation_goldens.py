"""Makes small annotation files of every format, and the class of every pixel that they describe.

The files are as the formats' own descriptions say, written by highdicom (DICOM SEG and ANN), pycocotools (run-length masks),
Pillow and tifffile (masks), or as text. The pictures come from Shapely, NumPy and pycocotools, never from this project's
readers. Run by hand from the project's root, with these packages from PyPI:

    pip install highdicom==0.28.2 pydicom==3.0.2 pycocotools==2.0.11 shapely==2.2.0 pillow==13.0.0 tifffile==2026.3.3
    python3 scripts/golden/annotation_goldens.py

Files go to src/annotation/golden/, what they describe to goldens.json there.
"""
import datetime
import gzip
import json
import math
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import tifffile
from PIL import Image
from pycocotools import mask as coco_mask
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, VLWholeSlideMicroscopyImageStorage
from shapely import affinity, contains_xy
from shapely.geometry import Point, Polygon, box

OUT = Path("src/annotation/golden")
W, H, MPP = 96, 64, 0.5
UID = "1.2.826.0.1.3680043.8.498.1"
SLIDE = {"name": "case.svs", "format": "aperio-svs", "width": W, "height": H, "mpp": {"x": MPP, "y": MPP, "source": ""}, "properties": {}}
goldens = []


def text(content):
    return content.encode()


def runs_of(picture):
    """Values and counts by turns, row by row."""
    flat = picture.flatten()
    starts = [*np.flatnonzero(np.diff(flat, prepend=255)), flat.size]
    return [int(number) for start, end in zip(starts, starts[1:]) for number in (flat[start], end - start)]


def golden(file, content, labels, shapes, slide=SLIDE, exact=True, **more):
    """shapes: (class, Shapely geometry or boolean array), later ones cover earlier ones; classes count from 1."""
    if content is not None:
        (OUT / file).write_bytes(content)
    y, x = np.mgrid[0:H, 0:W] + 0.5
    picture = np.zeros((H, W), np.uint8)
    for index, shape in shapes:
        inside = shape if isinstance(shape, np.ndarray) else contains_xy(shape, x, y)
        picture[inside] = index
    goldens.append({"file": file, "slide": slide, "labels": labels, "exact": exact, "picture": runs_of(picture), **more})


# QuPath: dialects of classification, cells, cores of a tissue microarray, not-a-number, gzip.
def feature(shape, properties, **more):
    return {"type": "Feature", "geometry": shape.__geo_interface__, "properties": properties, **more}


core, cell, nucleus = box(3.2, 3.2, 40.2, 40.2), box(50.3, 10.3, 70.3, 30.3), box(55.3, 15.3, 60.3, 20.3)
holed = Polygon([(10.2, 10.2), (30.2, 10.2), (30.2, 30.2), (10.2, 30.2)], [[(15.2, 15.2), (25.2, 15.2), (25.2, 25.2), (15.2, 25.2)]])
strip = box(0.2, 50.2, 90.2, 60.2)
features = [
    feature(box(0, 0, W, H), {}, id="PathRootObject"),
    feature(core, {"objectType": "tmaCore", "name": "A-1", "isMissing": False, "classification": {"names": ["Core"], "color": [1, 2, 3]}}),
    feature(box(60, 40, 90, 48), {"objectType": "tmaCore", "name": "A-2", "isMissing": True}),
    feature(holed, {"objectType": "annotation", "classification": {"name": "Tumor", "colorRGB": -3670016}, "isLocked": False}),
    feature(cell, {"objectType": "cell", "classification": '{"name": "Cell", "color": [9, 9, 9]}', "measurements": {"Area": float("nan")}}, nucleusGeometry=nucleus.__geo_interface__),
    feature(strip, {"objectType": "annotation", "classification": ["Stroma", "Dense"]}),
    feature(Point(1, 1), {"objectType": "annotation"}),
]
qupath = json.dumps({"type": "FeatureCollection", "features": features})
qupath_labels = ["Core", "Tumor", "Cell", "Stroma: Dense"]
qupath_shapes = [(1, core), (2, holed), (3, cell), (4, strip)]
golden("qupath.geojson.gz", gzip.compress(text(qupath), mtime=0), qupath_labels, qupath_shapes, leftOut=3)
golden("qupath-array.json", text("\ufeff" + json.dumps(features)), qupath_labels, qupath_shapes, leftOut=3)
golden("qupath-utf16.geojson", qupath.encode("utf-16"), qupath_labels, qupath_shapes, leftOut=3)

# NDP.view: nanometres from the centre of the glass; the numbers as OpenSlide gives them for an NDPI.
X_OFFSET, Y_OFFSET = 12_538_720, -96_063
NDPI = {**SLIDE, "name": "case.ndpi", "format": "hamamatsu-ndpi", "properties": {"XOffsetFromSlideCentre": str(X_OFFSET), "YOffsetFromSlideCentre": str(Y_OFFSET)}}


def nm(x, y):
    return round((x - W / 2) * MPP * 1000 + X_OFFSET), round((y - H / 2) * MPP * 1000 + Y_OFFSET)


def ndpa_state(number, title, annotation):
    return (
        f'<ndpviewstate id="{number}"><title>{title}</title><details/><coordformat>nanometers</coordformat><lens>2.5</lens>'
        f"<x>0</x><y>0</y><z>0</z><showtitle>0</showtitle>{annotation}</ndpviewstate>"
    )


def ndpa_points(points):
    return "<pointlist>" + "".join("<point><x>%d</x><y>%d</y></point>" % nm(*p) for p in points) + "</pointlist>"


freehand = [(5.2, 5.2), (40.2, 8.2), (30.2, 50.2)]
rectangle = [(50.2, 5.2), (80.2, 5.2), (80.2, 20.2), (50.2, 20.2)]
cx, cy = nm(70.2, 45.2)
ndpa = '<?xml version="1.0" encoding="utf-8" standalone="yes"?><annotations>' + "".join([
    ndpa_state(1, "Tumor &amp; more", '<annotation type="freehand" displayname="AnnotateFreehand" color="#ff0000"><measuretype>0</measuretype><closed>1</closed>' + ndpa_points(freehand) + "</annotation>"),
    ndpa_state(2, "Stroma", '<annotation type="freehand" displayname="AnnotateRectangle" color="#00ff00"><measuretype>0</measuretype><closed>1</closed>' + ndpa_points(rectangle) + "<specialtype>rectangle</specialtype></annotation>"),
    ndpa_state(3, "Gland", f'<annotation type="circle" displayname="AnnotateCircle" color="#0000ff"><x>{cx}</x><y>{cy}</y><radius>{round(12 * MPP * 1000)}</radius><measuretype>1</measuretype></annotation>'),
    ndpa_state(4, "line", '<annotation type="freehand" displayname="AnnotateFreehandLine" color="#000000"><measuretype>0</measuretype><closed>0</closed>' + ndpa_points(freehand) + "</annotation>"),
    ndpa_state(5, "ruler", '<annotation type="linearmeasure" displayname="AnnotateRuler" color="#000000"><measuretype>0</measuretype><x1>0</x1><y1>0</y1><x2>9</x2><y2>9</y2></annotation>'),
    ndpa_state(6, "pin", '<annotation type="pin" displayname="AnnotatePin" color="#000000"><x>0</x><y>0</y><icon>pinred</icon><stricon>iconpinred</stricon></annotation>'),
]) + "</annotations>"
ndpa_shapes = [(1, Polygon(freehand)), (2, Polygon(rectangle)), (3, Point(70.2, 45.2).buffer(12, 256))]
golden("case.ndpi.ndpa", text(ndpa), ["Tumor & more", "Stroma", "Gland"], ndpa_shapes, NDPI, exact=False, leftOut=3)
golden("utf16.ndpa", ("\ufeff" + ndpa.replace("utf-8", "utf-16")).encode("utf-16-be"), ["Tumor & more", "Stroma", "Gland"], ndpa_shapes, NDPI, exact=False, leftOut=3)

# large_image's annotation schema: rotation turns x towards y.
def turned(shape, radians):
    return affinity.rotate(shape, radians, origin="center", use_radians=True)


def ellipse(x, y, rx, ry, radians=0.0):
    return affinity.rotate(affinity.scale(Point(x, y).buffer(1, 256), rx, ry), radians, origin=(x, y), use_radians=True)


dsa_elements = [
    {"type": "polyline", "closed": True, "points": [[x, y, 0] for x, y in holed.exterior.coords[:-1]], "holes": [[[x, y, 0] for x, y in holed.interiors[0].coords[:-1]]], "group": "tumor", "label": {"value": "other"}, "lineColor": "rgb(255,0,0)", "fillColor": "rgba(0,0,0,0)", "lineWidth": 2},
    {"type": "rectangle", "center": [60.2, 20.2, 0], "width": 30, "height": 8, "rotation": 0.5, "normal": [0, 0, 1], "label": {"value": "stroma"}},
    {"type": "ellipse", "center": [60.2, 45.2, 0], "width": 40, "height": 14, "rotation": -0.4, "group": "gland"},
    {"type": "circle", "center": [15.2, 50.2, 0], "radius": 10},
    {"type": "polyline", "closed": False, "points": [[1, 1, 0], [5, 5, 0], [9, 1, 0]]},
    {"type": "point", "center": [4, 4, 0]},
    {"type": "image", "girderId": "0" * 24, "transform": {"xoffset": 3, "yoffset": 4, "matrix": [[2, 0], [0, 2]]}},
]
dsa_shapes = [
    (1, holed),
    (2, turned(box(45.2, 16.2, 75.2, 24.2), 0.5)),
    (3, ellipse(60.2, 45.2, 20, 7, -0.4)),
    (4, Point(15.2, 50.2).buffer(10, 256)),
]
dsa_labels = ["tumor", "stroma", "gland", "Reader 1"]
golden("dsa.json", text(json.dumps({"name": "Reader 1", "elements": dsa_elements})), dsa_labels, dsa_shapes, exact=False, leftOut=3)
golden("dsa-list.json", text(json.dumps([{"_id": "1", "itemId": "2", "annotation": {"name": "Reader 1", "elements": dsa_elements}}])), dsa_labels, dsa_shapes, exact=False, leftOut=3)

# COCO: polygons, packed and plain runs, boxes; two images.
rng = np.random.default_rng(7)
blob = np.zeros((H, W), np.uint8)
blob[20:44, 30:60] = 1
blob[28:36, 40:50] = 0
blob[41:44, 30:60] = rng.integers(0, 2, (3, 30))
packed = coco_mask.encode(np.asfortranarray(blob))
ring = np.zeros((H, W), np.uint8)
ring[2:12, 70:95] = 1
ring[5:9, 75:90] = 0
runs, value = [0], 0
for pixel in ring.flatten(order="F"):
    if pixel != value:
        runs.append(0)
        value = pixel
    runs[-1] += 1
assert (coco_mask.decode(coco_mask.frPyObjects({"counts": runs, "size": [H, W]}, H, W)) == ring).all()
coco = {
    "info": {},
    "images": [{"id": 3, "file_name": "other/CASE.png", "width": W, "height": H}, {"id": 4, "file_name": "elsewhere.png", "width": 5, "height": 5}],
    "categories": [{"id": 1, "name": "tumor"}, {"id": 2, "name": "gland"}, {"id": 7, "name": "vessel"}],
    "annotations": [
        {"id": 1, "image_id": 3, "category_id": 1, "segmentation": [[5.2, 5.2, 25.2, 5.2, 15.2, 18.2], [5.2, 50.2, 25.2, 50.2, 25.2, 60.2, 5.2, 60.2]], "bbox": [5, 5, 20, 55], "iscrowd": 0},
        {"id": 2, "image_id": 3, "category_id": 2, "segmentation": {"size": packed["size"], "counts": packed["counts"].decode()}, "iscrowd": 1},
        {"id": 3, "image_id": 3, "category_id": 2, "segmentation": {"size": [H, W], "counts": runs}, "iscrowd": 1},
        {"id": 4, "image_id": 3, "category_id": 7, "segmentation": [], "bbox": [65.2, 50.2, 20, 10]},
        {"id": 5, "image_id": 4, "category_id": 1, "segmentation": [[0, 0, 5, 0, 5, 5]]},
        {"id": 6, "image_id": 3, "category_id": 7, "keypoints": [1, 1, 2]},
    ],
}
golden("coco.json", text(json.dumps(coco)), ["tumor", "gland", "vessel"], [
    (1, Polygon([(5.2, 5.2), (25.2, 5.2), (15.2, 18.2)])), (1, box(5.2, 50.2, 25.2, 60.2)),
    (2, coco_mask.decode(packed) == 1), (2, ring == 1), (3, box(65.2, 50.2, 85.2, 60.2)),
], leftOut=1, notes=1)

# V7 Darwin JSON 2.0 and 1.0: paths by the even-odd rule, with an island in the hole.
def path(coordinates):
    return [{"x": x, "y": y} for x, y in coordinates]


square = [(5.2, 5.2), (35.2, 5.2), (35.2, 35.2), (5.2, 35.2)]
inner = [(10.2, 10.2), (30.2, 10.2), (30.2, 30.2), (10.2, 30.2)]
island = [(15.2, 15.2), (25.2, 15.2), (25.2, 25.2), (15.2, 25.2)]
raster = np.zeros((H, W), np.uint8)
raster[50:62, 10:40] = 1
raster[53:58, 20:30] = 2
dense = runs_of(raster)
darwin_shapes = [
    (1, Polygon(square, [inner])), (1, Polygon(island)), (2, ellipse(60.2, 30.2, 20, 8, 0.7)), (3, box(70.2, 50.2, 90.2, 60.2)),
    (2, raster == 1), (3, raster == 2),
]
darwin = {
    "version": "2.0",
    "schema_ref": "https://darwin-public.s3.eu-west-1.amazonaws.com/darwin_json/2.0/schema.json",
    "item": {"name": "case.svs", "path": "/", "slots": [{"type": "image", "slot_name": "0", "width": W, "height": H, "source_files": [{"file_name": "case.svs"}]}]},
    "annotations": [
        {"id": "a", "name": "tumor", "polygon": {"paths": [path(square), path(inner), path(island)]}, "bounding_box": {"x": 5.2, "y": 5.2, "w": 30, "h": 30}, "slot_names": ["0"]},
        {"id": "b", "name": "gland", "ellipse": {"angle": 0.7, "center": {"x": 60.2, "y": 30.2}, "radius": {"x": 20, "y": 8}}, "slot_names": ["0"]},
        {"id": "c", "name": "vessel", "bounding_box": {"x": 70.2, "y": 50.2, "w": 20, "h": 10}, "slot_names": ["0"]},
        {"id": "d", "name": "line", "line": {"path": path(square)}, "slot_names": ["0"]},
        {"id": "e", "name": "tag", "tag": {}, "slot_names": ["0"]},
        {"id": "f", "name": "gland", "mask": {}, "slot_names": ["0"]},
        {"id": "g", "name": "vessel", "mask": {}, "slot_names": ["0"]},
        {"id": "h", "name": "__raster_layer__", "raster_layer": {"dense_rle": dense, "mask_annotation_ids_mapping": {"f": 1, "g": 2}, "total_pixels": W * H}, "slot_names": ["0"]},
    ],
}
golden("darwin.json", text(json.dumps(darwin)), ["tumor", "gland", "vessel"], darwin_shapes, exact=False, leftOut=2)
darwin_1 = {
    "dataset": "d",
    "image": {"width": W, "height": H, "filename": "case.svs", "original_filename": "case.svs"},
    "annotations": [
        {"id": "a", "name": "tumor", "polygon": {"path": path(square), "additional_paths": [path(inner)]}},
        {"id": "b", "name": "gland", "complex_polygon": {"path": [path(island)]}},
    ],
}
golden("darwin-1.json", text(json.dumps(darwin_1)), ["tumor", "gland"], [(1, Polygon(square, [inner])), (2, Polygon(island))], leftOut=0)

# Index masks: palette, grey of 4 bits, a quarter of the size, TIFF.
mask = np.zeros((H, W), np.uint8)
mask[5:30, 5:40] = 1
mask[10:20, 15:25] = 0
mask[40:60, 50:90] = 2
mask[45:50, 60:70] = 3
values = ["value 1", "value 2", "value 3"]
by_value = [(i, mask == i) for i in (1, 2, 3)]
image = Image.fromarray(mask, "P")
image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200])
image.save(OUT / "palette_mask.png", bits=2)
golden("palette_mask.png", None, values, by_value)
Image.fromarray(mask, "L").save(OUT / "grey_mask.png")
golden("grey_mask.png", None, values, by_value)
small = mask[::8, ::8]
Image.fromarray(small, "L").save(OUT / "eighth_mask.png")
golden("eighth_mask.png", None, values, [(i, np.kron(small == i, np.ones((8, 8), bool))) for i in (1, 2, 3)], notes=1)
tifffile.imwrite(OUT / "tiled_mask.tif", mask, tile=(32, 32), compression="deflate", predictor=False)
golden("tiled_mask.tif", None, values, by_value)
tifffile.imwrite(OUT / "sixteen_mask.tif", mask.astype(np.uint16), rowsperstrip=16, compression="deflate", predictor=True)
golden("sixteen_mask.tif", None, values, by_value)

# DICOM: a whole-slide image of 96 × 64 pixels, and the same at half resolution, as sources of highdicom's objects.
ORIGIN = (10.0, 20.0)
ORIENTATION = [0, -1, 0, -1, 0, 0]


def wsi(width, height, mpp, number, tile=32):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = VLWholeSlideMicroscopyImageStorage
    meta.MediaStorageSOPInstanceUID = f"{UID}.{number}"
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID, ds.SOPInstanceUID = VLWholeSlideMicroscopyImageStorage, f"{UID}.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = f"{UID}.100", f"{UID}.101", f"{UID}.102"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "SM", "made", "made"
    ds.PatientID = ds.PatientName = ds.PatientBirthDate = ds.PatientSex = ds.AccessionNumber = ds.StudyID = ""
    ds.StudyDate = ds.StudyTime = ds.ReferringPhysicianName = ""
    ds.SeriesNumber, ds.InstanceNumber = 1, number
    ds.PositionReferenceIndicator = "SLIDE_CORNER"
    ds.ContainerIdentifier = "c"
    ds.IssuerOfTheContainerIdentifierSequence = []
    ds.ContainerTypeCodeSequence = []
    specimen = Dataset()
    specimen.SpecimenIdentifier, specimen.SpecimenUID = "s", f"{UID}.103"
    specimen.IssuerOfTheSpecimenIdentifierSequence = []
    specimen.SpecimenPreparationSequence = []
    ds.SpecimenDescriptionSequence = [specimen]
    ds.Rows = ds.Columns = tile
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = width, height
    ds.TotalPixelMatrixFocalPlanes, ds.NumberOfOpticalPaths = 1, 1
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = ORIGIN
    ds.TotalPixelMatrixOriginSequence = [origin]
    ds.ImageOrientationSlide = ORIENTATION
    ds.ImagedVolumeWidth, ds.ImagedVolumeHeight, ds.ImagedVolumeDepth = width * mpp / 1000, height * mpp / 1000, 0.001
    ds.DimensionOrganizationType = "TILED_FULL"
    path_ = Dataset()
    path_.OpticalPathIdentifier = "1"
    path_.IlluminationTypeCodeSequence = []
    ds.OpticalPathSequence = [path_]
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [mpp / 1000, mpp / 1000], 0.001
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.NumberOfFrames = math.ceil(width / tile) * math.ceil(height / tile)
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = bytes(ds.NumberOfFrames * tile * tile * 3)
    return ds


full, half = wsi(W, H, MPP, 1), wsi(W // 2, H // 2, MPP * 2, 2)
pydicom.dcmwrite(OUT / "wsi.dcm", full, enforce_file_format=True)
SM = "wsi.dcm"


def described(number, label):
    return hd.seg.SegmentDescription(
        segment_number=number, segment_label=label, segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm, algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL)


def segmentation(file, source, pixels, kind, number, syntax=ExplicitVRLittleEndian, **more):
    seg = hd.seg.Segmentation(
        source_images=[source], pixel_array=pixels[None], segmentation_type=kind,
        segment_descriptions=[described(1, "Tumor"), described(2, "Stroma")], series_instance_uid=f"{UID}.2{number}",
        series_number=2, sop_instance_uid=f"{UID}.3{number}", instance_number=1, manufacturer="made",
        manufacturer_model_name="made", software_versions="1", device_serial_number="1", tile_pixel_array=True,
        tile_size=(32, 32), transfer_syntax_uid=syntax, **more)
    seg.save_as(OUT / file)


tumor = np.zeros((H, W), bool)
tumor[5:50, 10:45] = True
tumor[20:30, 20:30] = False
tumor[3, 80] = True
stroma = np.zeros((H, W), bool)
stroma[40:60, 40:90] = True
both = np.stack([tumor, stroma], -1).astype(np.uint8)
labels = ["Tumor", "Stroma"]
kinds, organisation = hd.seg.SegmentationTypeValues, hd.DimensionOrganizationTypeValues
segmentation("seg-binary.dcm", full, both, kinds.BINARY, 1)
golden("seg-binary.dcm", None, labels, [(1, tumor), (2, stroma)], SM)
segmentation("seg-full.dcm", full, both, kinds.BINARY, 2, dimension_organization_type=organisation.TILED_FULL, omit_empty_frames=False)
golden("seg-full.dcm", None, labels, [(1, tumor), (2, stroma)], SM)
fractions = both * 0.3
fractions[10:20, 12:18, 0] = 0.5
fractions[45:55, 50:60, 1] = 1.0
segmentation("seg-fractional.dcm", full, fractions, kinds.FRACTIONAL, 3, max_fractional_value=200)
golden("seg-fractional.dcm", None, labels, [(i + 1, fractions[..., i] >= 0.5) for i in (0, 1)], SM, notes=1)
segmentation("seg-rle.dcm", full, fractions, kinds.FRACTIONAL, 4, RLELossless, max_fractional_value=200)
golden("seg-rle.dcm", None, labels, [(i + 1, fractions[..., i] >= 0.5) for i in (0, 1)], SM, notes=1)
label_map = np.where(stroma, 2, tumor.astype(np.uint8)).astype(np.uint8)
segmentation("seg-labelmap.dcm", full, label_map, kinds.LABELMAP, 5)
golden("seg-labelmap.dcm", None, labels, [(1, label_map == 1), (2, label_map == 2)], SM)
halved = both[::2, ::2]
segmentation("seg-half.dcm", half, halved, kinds.BINARY, 6)
golden("seg-half.dcm", None, labels, [(i + 1, np.kron(halved[..., i] > 0, np.ones((2, 2), bool))) for i in (0, 1)], SM)

# Bulk annotations: every graphic type, single and double precision, pixels and mm on the glass.
ann_polygons = [holed.exterior.coords[:-1], [(60.2, 5.2), (90.2, 8.2), (75.2, 30.2)]]
ann_rectangle = [(50.2, 40.2), (80.2, 40.2), (80.2, 50.2), (50.2, 50.2)]
major, minor = ((10.2, 50.2), (40.2, 50.2)), ((25.2, 42.2), (25.2, 58.2))
ann_shapes = [(1, Polygon(ann_polygons[0])), (1, Polygon(ann_polygons[1])), (2, Polygon(ann_rectangle)), (3, ellipse(25.2, 50.2, 15, 8))]


def annotation(file, number, dtype, to_glass=None):
    def coordinates(points):
        array = np.array(points, float)
        if to_glass is not None:
            array = to_glass(array)
        return array.astype(dtype)

    def group(index, label, graphic, shapes):
        return hd.ann.AnnotationGroup(
            number=index, uid=f"{UID}.4{number}{index}", label=label, annotated_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            annotated_property_type=codes.SCT.Neoplasm, graphic_type=graphic, graphic_data=[coordinates(shape) for shape in shapes],
            algorithm_type=hd.ann.AnnotationGroupGenerationTypeValues.MANUAL)

    types = hd.ann.GraphicTypeValues
    ann = hd.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[full],
        annotation_coordinate_type=hd.ann.AnnotationCoordinateTypeValues.SCOORD if to_glass is None else hd.ann.AnnotationCoordinateTypeValues.SCOORD3D,
        annotation_groups=[
            group(1, "Tumor", types.POLYGON, ann_polygons), group(2, "Stroma", types.RECTANGLE, [ann_rectangle]),
            group(3, "Gland", types.ELLIPSE, [[*major, *minor]]), group(4, "Cells", types.POINT, [[(5, 5)], [(6, 6)]]),
        ],
        series_instance_uid=f"{UID}.5{number}", series_number=3, sop_instance_uid=f"{UID}.6{number}", instance_number=1,
        manufacturer="made", manufacturer_model_name="made", software_versions="1", device_serial_number="1",
        content_description="made", content_creator_name="made^by")
    ann.save_as(OUT / file)
    golden(file, None, ["Tumor", "Stroma", "Gland"], ann_shapes, SM, exact=False, leftOut=2)


annotation("ann-2d.dcm", 1, np.float64)
annotation("ann-2d-single.dcm", 2, np.float32)
to_reference = hd.spatial.ImageToReferenceTransformer(
    image_position=[*ORIGIN, 0.0], image_orientation=ORIENTATION, pixel_spacing=[MPP / 1000, MPP / 1000])
annotation("ann-3d.dcm", 3, np.float64, to_reference)

lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in goldens)
(OUT / "goldens.json").write_text(f"[\n{lines}\n]\n")
