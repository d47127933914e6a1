"""Prints a cohort's table without the column that varies between runs. Usage: without-seconds.py cohort.csv"""

import csv
import sys

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
for row in rows:
    row.pop("seconds")
csv.writer(sys.stdout).writerows([list(rows[0]), *(list(row.values()) for row in rows)])
