"""Writes golden PNGs of slide regions as OpenSlide and Pillow read them.

Run by hand from the project's root, with Debian's packages python3-openslide and python3-pil:

    python3 scripts/golden/openslide_goldens.py

The PNGs and their list go to src/slide/golden/, where the tests compare our reader with them.
"""
import json
from pathlib import Path

import openslide
from PIL import Image

OUT = Path("src/slide/golden")
SLIDE = "public/slides/CMU-1-Small-Region.svs"

# name, x, y, width, height at level 0, output width and height
REGIONS = [
    ("inside-one-tile", 1220, 1690, 120, 120, 120, 120),
    ("across-tiles", 1130, 1380, 150, 130, 150, 130),
    ("border", 1580, 2900, 150, 130, 150, 130),
    ("reduced-4", 1000, 1900, 640, 480, 160, 120),
]


def flat(image):
    """RGBA on white, as RGB."""
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    slide = openslide.OpenSlide(SLIDE)
    listed = []
    for name, x, y, width, height, out_width, out_height in REGIONS:
        image = flat(slide.read_region((x, y), 0, (width, height)))
        if (out_width, out_height) != (width, height):
            image = image.resize((out_width, out_height), Image.Resampling.BOX)
        image.save(OUT / f"cmu1-{name}.png", optimize=True)
        listed.append(
            {
                "png": f"cmu1-{name}.png",
                "slide": SLIDE,
                "rect": {"x": x, "y": y, "width": width, "height": height},
            }
        )
    for name, box in [("label", (100, 100, 220, 200)), ("macro", (600, 150, 720, 250)), ("thumbnail", (200, 250, 320, 350))]:
        flat(slide.associated_images[name]).crop(box).save(OUT / f"cmu1-{name}.png", optimize=True)
        listed.append({"png": f"cmu1-{name}.png", "slide": SLIDE, "associated": name, "crop": box})
    (OUT / "openslide.json").write_text(json.dumps(listed, indent=2) + "\n")


if __name__ == "__main__":
    main()
