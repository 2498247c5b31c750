"""Everything that a stranger can make large, and how large it may be: one table, shown in docs/limits.md.

A project folder and a source file may come from anybody, and neither may use up the machine. Each limit is
far above what a real move needs. What passes one is a finding that names it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of `unit` in `of`."""

    most: int
    unit: str
    of: str

    @property
    def sentence(self) -> str:
        """The limit in words, for the end of a message."""
        return f"{self.of} may have at most {self.most:,} {self.unit}"


PROJECT_FILE = Limit(20_000_000, "bytes", "a YAML or CSV file of a project")
MAPPING_FILES = Limit(5_000_000, "bytes", "all mappings of a project together")
YAML_CHARACTERS = Limit(5_000_000, "characters", "a YAML file")
YAML_VALUES = Limit(200_000, "values", "a YAML file")
YAML_EXPANSION = Limit(10_000, "values", "what the aliases of a YAML file stand for")
YAML_DEPTH = Limit(50, "levels", "a YAML file")
YAML_FINDINGS = Limit(500, "findings", "the check of a YAML file")
EXPRESSION_CHARACTERS = Limit(2_000, "characters", "an expression")
EXPRESSION_DEPTH = Limit(24, "levels of brackets", "an expression")
MAPPING_LETS = Limit(200, "lets", "a mapping")
TEXT = Limit(1_000_000, "characters", "a text that an expression or a transform makes")
RECORD_TEXT = Limit(10_000_000, "characters", "all that expressions and transforms make of a record")
RECORD_ITEMS = Limit(1_000_000, "items", "all lists that expressions go through for a record")
NESTED_ITEMS = Limit(10_000, "items", "a list of lists")
DIGITS = Limit(38, "digits", "a number")
DECIMALS = Limit(100, "decimals", "a number")
DAYS = Limit(3_652_058, "days", "the distance between two dates")

FILES_MATCHED = Limit(10_000, "files", "what a pattern such as *.csv matches")
ENTRIES_SEEN = Limit(200_000, "entries", "a folder in which files are found by a pattern")
SOURCE_FILE = Limit(4 << 30, "bytes", "a source file")
CELL = Limit(1_000_000, "characters", "a cell or another value of a source file")
CSV_ROW = Limit(10_000_000, "characters", "a row of a CSV file")
RECORD = Limit(10_000_000, "characters", "a record of a source file, such as a voucher with its lines")
XML_RECORD = Limit(500_000, "elements and attributes", "a record of an XML file")
XML_DEPTH = Limit(100, "levels", "a record of an XML file")
DATABASE_SECONDS = Limit(600, "seconds", "the reading of a source database")
JSON_FILE = Limit(256 << 20, "bytes", "a JSON file")
JSON_DEPTH = Limit(100, "levels", "a JSON file")
WORKBOOK_BYTES = Limit(2 << 30, "bytes", "a workbook, unpacked")
WORKBOOK_PARTS = Limit(10_000, "parts", "a workbook")
WORKBOOK_DIRECTORY = Limit(4 << 20, "bytes", "the directory of a workbook's parts")
WORKBOOK_RATIO = Limit(250, "times its packed bytes", "a part of a workbook, unpacked")
WORKBOOK_MEMORY = Limit(384 << 20, "bytes", "what is kept of a workbook (shared texts, settings)")
WORKBOOK_ROWS = Limit(1_048_576, "rows", "a sheet")
WORKBOOK_COLUMNS = Limit(16_384, "columns", "a sheet")
WORKBOOK_CELLS = Limit(100_000_000, "cells", "a sheet, the blank ones before the last of a row included")
WORKBOOK_SHEETS = Limit(1_000, "sheets", "a workbook")
WORKBOOK_MERGED = Limit(1_000_000, "cells", "the merged cells of a sheet")
DATASET_ROWS = Limit(1_000_000, "rows", "the result of an SQL query")
SOURCE_ENTRIES = Limit(500, "files, datasets, figures, items and checks", "a sources.yaml")
SQL_CHARACTERS = Limit(100_000, "characters", "an SQL query")
SQL_SECONDS = Limit(5, "seconds", "the execution of an SQL query")  #: the user may allow more: config.yaml
SQL_MEMORY = Limit(400_000_000, "bytes", "the memory of an SQL query")
SQL_DISK = Limit(2_000_000_000, "bytes", "what SQL queries keep in temporary files")

KEY_FILE = Limit(10_000, "bytes", "a file with the key of a vault")
STATE_FILE = Limit(100_000_000, "bytes", "a file of the project's own folder")
SNAPSHOT_FILE = Limit(64 << 30, "bytes", "a snapshot")
OUTCOME_FILE = Limit(64 << 30, "bytes", "the prepared outcomes of a snapshot")
PLAN_FILE = Limit(4 << 30, "bytes", "a plan")
PLAN_LINE = Limit(64 << 20, "bytes", "a line of a plan")
SANDBOX_FILE = Limit(512 << 20, "bytes", "the saved state of a sandbox")
WITNESS_FILE = Limit(100_000, "bytes", "the witness of a store")

#: The table, in the order of the documentation.
LIMITS = tuple(value for value in list(globals().values()) if isinstance(value, Limit))
