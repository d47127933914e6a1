"""Writes golden PNGs of DICOM frames as dcmtk decodes them, and of NDPI regions as OpenSlide does.

Run by hand from the project's root, with Debian's packages dcmtk, python3-openslide and python3-pil;
the slides are the project's development data:

    python3 scripts/golden/dicom_ndpi_goldens.py ../shared/data/slides
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import openslide
from PIL import Image

OUT = Path("src/slide/golden")
DATA = Path(sys.argv[1])
VOLUME = "1.2.826.0.1.3680043.8.498.48407760015771729984593744789552618416.dcm"

# name, file, frame (from 1), its left and top in the slide, crop within the frame
FRAMES = [
    ("dicom-cmu1", DATA / "dicom-cmu1" / VOLUME, 66, (1200, 1440), (0, 0, 120, 120)),
    ("dicom-jpeg", OUT / "dicom/jpeg.dcm", 6, (256, 256), (0, 0, 120, 120)),
]
# name, file, level, x, y (level 0), width, height (level)
REGIONS = [
    ("ndpi-0", DATA / "ndpi/test3-dapi.ndpi", 0, 3700, 4700, 120, 120),
    ("ndpi-2", DATA / "ndpi/test3-dapi.ndpi", 2, 400, 600, 200, 200),
]


def main():
    listed = []
    with tempfile.TemporaryDirectory() as work:
        for name, path, frame, (left, top), box in FRAMES:
            target = Path(work) / f"{name}.png"
            # Plain upsampling (+Wn) differs from libjpeg's; full quality of the default is close.
            subprocess.run(["dcmj2pnm", "+F", str(frame), "+on", str(path), str(target)], check=True)
            Image.open(target).convert("RGB").crop(box).save(OUT / f"{name}.png", optimize=True)
            rect = {"x": left + box[0], "y": top + box[1], "width": box[2] - box[0], "height": box[3] - box[1]}
            listed.append({"png": f"{name}.png", "slide": str(path), "rect": rect})
    for name, path, level, x, y, width, height in REGIONS:
        slide = openslide.OpenSlide(path)
        image = slide.read_region((x, y), level, (width, height))
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        Image.alpha_composite(white, image).convert("RGB").save(OUT / f"{name}.png", optimize=True)
        scale = round(slide.level_downsamples[level])
        rect = {"x": x, "y": y, "width": width * scale, "height": height * scale}
        listed.append({"png": f"{name}.png", "slide": str(path), "level": level, "rect": rect})
    (OUT / "formats.json").write_text(json.dumps(listed, indent=2) + "\n")


if __name__ == "__main__":
    main()
