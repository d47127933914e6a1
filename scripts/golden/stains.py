"""Writes what scikit-image makes of stains, for the tests of src/stain.

Run by hand from the project's root, with scikit-image (0.26) and Pillow from PyPI:

    python3 scripts/golden/stains.py

Amounts are scikit-image's, times 6: it takes logarithms to the base of 1e-6. The stains of a picture are estimated with
NumPy, as Macenko et al. (ISBI 2009) describe it: no code of the project takes part.
"""
import json
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import color

OUT = Path("src/stain/golden/stains.json")
# A real H&E slide, CC0; the crop is OpenSlide's.
CROP = Path("src/slide/golden/cmu1-inside-one-tile.png")
STEP = 5
THRESHOLDS = [0.2, 0.4, 0.6]


def amounts(rgb, matrix):
    return color.separate_stains(rgb, np.linalg.inv(matrix)) * 6


def rounded(values, digits):
    return np.round(np.asarray(values, dtype=float).ravel(), digits).tolist()


def macenko(rgb, beta=0.15, alpha=1):
    density = -np.log10(rgb.reshape(-1, 3).astype(float) / 255)
    density = density[np.linalg.norm(density, axis=1) >= beta]
    _, _, rows = np.linalg.svd(density, full_matrices=False)
    plane = rows[:2].T
    if plane[:, 0].sum() < 0:
        plane[:, 0] *= -1
    angles = np.arctan2(density @ plane[:, 1], density @ plane[:, 0])
    low, high = np.percentile(angles, [alpha, 100 - alpha])
    vectors = [plane @ [np.cos(a), np.sin(a)] for a in (low, high)]
    return sorted(([v / np.linalg.norm(v) for v in vectors]), key=lambda v: -v[0])


def grades(values, norm):
    values = values * norm
    edges = [-np.inf, *THRESHOLDS, np.inf]
    return [float(np.mean((values >= a) & (values < b))) for a, b in zip(edges, edges[1:])]


def main():
    # Known amounts of hematoxylin along x and of DAB along y, as light through both.
    hdx = np.array(color.rgb_from_hdx)
    known = np.array([[(0.1 * x, 0.1 * y, 0) for x in range(12)] for y in range(12)])
    light = color.combine_stains(known / 6, hdx)
    made = np.round(255 * light).astype(np.uint8)
    made_amounts = amounts(made, hdx)
    # Black counts as 1: its density would be infinite.
    crop = np.maximum(np.array(Image.open(CROP).convert("RGB")), 1)
    hed = np.array(color.rgb_from_hed)
    few = crop[::STEP, ::STEP]
    dab = amounts(crop, hdx)[..., 1]
    data = {
        "hdx": hdx.tolist(),
        "hed": hed.tolist(),
        "made": {
            "width": 12,
            "known": rounded(known[..., :2], 3),
            "rgb": made.ravel().tolist(),
            "amounts": rounded(made_amounts, 5),
        },
        "crop": {
            "png": CROP.name,
            "step": STEP,
            "hed": rounded(amounts(few, hed), 5),
            "hdx": rounded(amounts(few, hdx), 5),
            "thresholds": THRESHOLDS,
            # Shares of negative, weak, moderate and strong, by the length of the unit vector.
            "grades": grades(dab, np.linalg.norm(hdx[1])),
            "macenko": [rounded(v, 6) for v in macenko(crop)],
        },
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(data, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
