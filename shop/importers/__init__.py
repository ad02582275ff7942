"""Brings a shop's own data in: read, clean, stage in memory, then apply in one transaction."""

from shop.importers.contract import Importer, import_file, importer
from shop.importers.reading import FileProblem
from shop.importers.report import CleaningReport

__all__ = ["CleaningReport", "FileProblem", "Importer", "import_file", "importer"]
