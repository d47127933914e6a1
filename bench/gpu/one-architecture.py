"""Empties the machine code for all but one of NVIDIA's architectures in a library, so that it compresses to a fraction.

    python3 one-architecture.py LIBRARY 90

Rewrites LIBRARY in place. Code for the newest architecture up to the given one stays; code that exists only for newer ones, too.
"""

import struct
import subprocess
import sys

MAGIC = 0xBA55ED50
ELF = 2


def section(path: str) -> tuple[int, int]:
    """Offset and size of the section with the code."""
    for line in subprocess.check_output(["readelf", "-S", "-W", path], text=True).splitlines():
        parts = line.replace("[", "").replace("]", "").split()
        if len(parts) > 5 and parts[1] == ".nv_fatbin":
            return int(parts[4], 16), int(parts[5], 16)
    sys.exit(f"{path} has no code for NVIDIA's cards")


def main() -> None:
    path, wanted = sys.argv[1], int(sys.argv[2])
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        at, size = section(path)
        end = at + size
        while at < end - 16:
            magic, _version, header, length = struct.unpack_from("<IHHQ", data, at)
            if magic != MAGIC:
                at += 8
                continue
            entry, stop = at + header, at + header + length
            found = []
            while entry < stop:
                kind, _, size_of_header, payload = struct.unpack_from("<HHIQ", data, entry)
                (architecture,) = struct.unpack_from("<I", data, entry + 28)
                found.append((kind, architecture, entry + size_of_header, payload))
                entry += size_of_header + payload
            usable = [each for kind, each, _, _ in found if kind == ELF and each <= wanted]
            if usable:
                for kind, architecture, start, payload in found:
                    if (kind, architecture) != (ELF, max(usable)):
                        data[start : start + payload] = bytes(payload)
            at = stop
        file.seek(0)
        file.write(data)


main()
