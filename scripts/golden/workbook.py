"""Writes a small workbook as openpyxl does, for the reader of patients' tables.

Run by hand from the project's root, with openpyxl (3.1.5) from PyPI:

    python3 scripts/golden/workbook.py
"""
from openpyxl import Workbook

book = Workbook()
sheet = book.active
sheet.append(["slide_id", "patient_id", "Gleason_primary", "note"])
sheet.append(["16B0001851", 7, 3, "a & b <c>"])
sheet.append(["18B0005478J", 12, None, "x"])
sheet.append([None, None, None, None])
sheet.append(["18B0001159D", 1.5, 0, None])
sheet["AA2"] = "far"
book.create_sheet("other").append(["x"])
book.save("src/training/golden/patients.xlsx")
