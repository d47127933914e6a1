"""Objects of a made class map, as SciPy and scikit-image find and measure them, for the tests of src/objects.

Run by hand from the project's root, with scipy and scikit-image from PyPI:

    python3 scripts/golden/objects.py
    npx prettier --write src/objects/golden/objects.json
"""
import base64
import json
import zlib

import numpy as np
import scipy
import skimage
from scipy import ndimage
from skimage.measure import regionprops

width, height = 150, 120
noise = np.random.default_rng(22)
# Blobs: smooth noise cut at a level; class 0 is the background, 255 was not segmented.
field = ndimage.gaussian_filter(noise.normal(size=(height, width)), 3)
kind = ndimage.gaussian_filter(noise.normal(size=(height, width)), 5)
classes = np.where(field > 0.035, np.where(kind > 0.01, 3, np.where(kind > -0.01, 2, 1)), 0).astype(np.uint8)
classes[100:, 100:] = 255
rows, columns = np.mgrid[:height, :width]
confidence = (100 + (5 * columns + 3 * rows) % 156).astype(np.uint8)


def objects(labels):
    found = []
    for region in regionprops(labels, intensity_image=confidence):
        top, left, bottom, right = region.bbox
        inside = classes[region.coords[:, 0], region.coords[:, 1]]
        found.append({
            "pixels": int(region.area),
            "box": [left, top, right, bottom],
            "confidenceSum": round(float(region.intensity_mean * region.area)),
            "pixelsByClass": [int((inside == value).sum()) for value in range(4)],
        })
    return found


# scipy.ndimage.label is 4-connected by default.
foreground, _ = ndimage.label((classes > 0) & (classes < 255))
by_class = [one for value in (1, 2, 3) for one in objects(ndimage.label(classes == value)[0])]
packed = lambda values: base64.b64encode(zlib.compress(values.tobytes(), 9)).decode()
with open("src/objects/golden/objects.json", "w") as file:
    json.dump({
        "made": f"scipy {scipy.__version__}, scikit-image {skimage.__version__}",
        "width": width, "height": height,
        "classes": packed(classes), "confidence": packed(confidence),
        "foreground": objects(foreground), "byClass": by_class,
    }, file, separators=(",", ":"))
    file.write("\n")
