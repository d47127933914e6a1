"""Tiles per second of another reader, on one thread and on as many as there are processors. Called by run.ts:

    python3 bench/slides/peer.py SLIDE COLUMN ROW WIDTH HEIGHT COLUMNS COUNT

reads COUNT tiles of WIDTH by HEIGHT pixels from that column and row on, in rows of COLUMNS. OpenSlide for files that it opens,
pylibCZIrw for CZI, wsidicom for a folder of DICOM; from PyPI.
"""
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

path = Path(sys.argv[1])
first_column, first_row, width, height, columns, count = map(int, sys.argv[2:8])
start = first_row * columns + first_column
places = [((n % columns) * width, n // columns * height) for n in range(start, start + count)]

if path.suffix == ".czi":
    from pylibCZIrw import czi

    # Keeps the document open as long as the program runs.
    context = czi.open_czi(str(path))
    document = context.__enter__()
    name, read = "pylibCZIrw", lambda place: document.read(roi=(*place, width, height), plane={"C": 0})
elif path.is_dir() and any(path.glob("*.dcm")):
    import wsidicom

    slide = wsidicom.WsiDicom.open(path)
    right, bottom = slide.size.width, slide.size.height
    # It refuses what reaches beyond the slide.
    name, read = "wsidicom", lambda p: slide.read_region(p, 0, (min(width, right - p[0]), min(height, bottom - p[1])))
else:
    import openslide

    slide = openslide.OpenSlide(path.with_suffix(".mrxs") if path.is_dir() else path)
    name, read = "OpenSlide", lambda place: slide.read_region(place, 0, (width, height))


def rate(threads):
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        list(pool.map(read, places))
        return len(places) / (time.perf_counter() - began)


def uncached(threads):
    """OpenSlide keeps decoded tiles: not from one measurement to the next."""
    if name == "OpenSlide":
        slide.set_cache(openslide.OpenSlideCache(0))
    return rate(threads)


for place in places[:16]:
    read(place)
print(json.dumps({"reader": name, "one": uncached(1), "pool": uncached(os.cpu_count())}))
