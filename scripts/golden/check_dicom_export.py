"""Reads the DICOM files that this project writes with highdicom, and compares them with what they should say.

Run by hand from the project's root, with highdicom 0.28.2 from PyPI and dciodvfy of Debian's dicom3tools:

    DUALSCOPE_KEEP_DICOM=/tmp/exported npx vitest run src/export/dicom-export.test.ts
    python3 scripts/golden/check_dicom_export.py /tmp/exported
    dciodvfy -new /tmp/exported/seg.dcm

dciodvfy has no errors about seg.dcm. Of ann.dcm it calls CommonZCoordinateValue an error, which the file does not have: it does
so for every annotation in the slide's plane, those of highdicom too.
"""
import sys
from pathlib import Path

import highdicom as hd
import numpy as np

folder = Path(sys.argv[1])
W, H = 2001, 1501
y, x = np.mgrid[0:H, 0:W]
outside = (x > 1800) & (y > 1400)
tumour = ((x - 300) ** 2 + (y - 300) ** 2 < 62_500) & ~outside
in_situ = (x > 100) & (y > 50) & ~tumour & ~outside

seg = hd.seg.segread(folder / "seg.dcm")
assert [s.segment_label for s in seg.SegmentSequence] == ["Tumör", "in situ"]
matrix = seg.get_total_pixel_matrix()
assert (matrix[..., 0] == tumour).all() and (matrix[..., 1] == in_situ).all(), "pixels differ"
geometry = seg.get_volume_geometry()
spacing = [float(v) for v in seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing]
assert np.allclose(spacing, [0.0005 * 64 / H, 0.0005 * 96 / W]), spacing

# The centre of each frame's first pixel on the glass, by highdicom's own transformation of the slide's pixels.
to_glass = hd.spatial.ImageToReferenceTransformer([10.0, 20.0, 0.0], [0, -1, 0, -1, 0, 0], [0.0005, 0.0005])
for frame in seg.PerFrameFunctionalGroupsSequence:
    place = frame.PlanePositionSlideSequence[0]
    column, row = place.ColumnPositionInTotalImagePixelMatrix, place.RowPositionInTotalImagePixelMatrix
    expected = to_glass(np.array([[(column - 0.5) * 96 / W, (row - 0.5) * 64 / H]]))[0]
    found = [float(place.XOffsetInSlideCoordinateSystem), float(place.YOffsetInSlideCoordinateSystem)]
    assert np.allclose(found, expected[:2], atol=1e-9), (found, expected)

ann = hd.ann.annread(folder / "ann.dcm")
hole = np.array([[30, 10], [40, 10], [35, 20]], float)
outer = np.array([[1.25, 2], [90.125, 3], [40, 60.5]])
groups = ann.get_annotation_groups()
assert [group.label for group in groups] == ["Tumör", "Stroma"]
for group, shapes in zip(groups, [[outer, hole], [hole]]):
    assert group.graphic_type == hd.ann.GraphicTypeValues.POLYGON and group.number_of_annotations == len(shapes)
    read = group.get_graphic_data(coordinate_type=ann.annotation_coordinate_type)
    assert all((a == b).all() for a, b in zip(read, shapes))
print("SEG and ANN as they should be")
