# ruff: noqa: E501 - samples are lines of CSV
"""What holds for every importer and every kind of file it reads."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys

import pytest

from shop.importers import FileProblem, import_file, importer
from shop.importers.report import CleaningReport, Reason
from shop.settings import PROJECT
from shop.store import Store

RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SAMPLES = {
    (
        "shopify",
        "products",
    ): "Handle,Title,Body (HTML),Vendor,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n"
    'mug,Mug,<p>Holds tea</p>,Clay,"tea, gift",Colour,Blue,MUG-B,12.50,shopify,4\nmug,,,,,,Red,MUG-R,12.50,shopify,-1\n,,,,,,,,1,,\nbowl,Bowl,,,,,,,twelve,,\n',
    (
        "shopify",
        "customers",
    ): "Customer ID,First Name,Last Name,Email,Accepts Email Marketing\n'1,Ann,Ash,ANN@example.com,yes\n2,Bo,Birch,not an address,no\n,Cy,,nobody,no\n",
    ("shopify", "orders"): "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"
    "#1,ann@example.com,2026-01-02 10:00:00 +0000,2,Mug,12.50,MUG-B\n#1,ann@example.com,,1,Bowl,9.00,BOWL\n#2,,yesterday-ish,1,Mug,12.50,MUG-B\n",
    ("generic", "products"): "sku,title,price,stock\nA1,Mug,£12.50,4\nA2,Bowl,none,1\nA1,Mug again,1,1\nA3,=cmd(),3.00,lots\n",
    ("generic", "customers"): "id,email,name,marketing\n1.0,ann@example.com,Ann,yes\n,,,\n2,bo@example.com,Bo,no\n",
    (
        "generic",
        "orders",
    ): "order,date,sku,quantity,price,customer\n9,2026-01-02 10:00,A1,2,12.50,1\n9,2026-01-02 10:00,A2,1,3,1\n10,never,A1,1,12.50,1\n",
    (
        "generic",
        "interactions",
    ): "customer,kind,date,sku,value,query\n1,search,2026-01-02 10:00,,,mug\n1,stare,2026-01-02 10:00,,,\n7,search,2026-01-02 10:00,,,mug\n",
    ("online-retail", "sales"): RETAIL
    + "1,10001,BLUE MUG,2,2011-01-02 10:00:00,1.25,7.0,EIRE\n1,10002,RED MUG,1,2011-01-02 10:00:00,1.25,7.0,EIRE\n1,POST,POSTAGE,1,2011-01-02 10:00:00,18,7.0,EIRE\nC2,10009,OLD MUG,-1,2011-01-02 10:00:00,1.25,7.0,EIRE\n",
}
EACH = pytest.mark.parametrize(("name", "kind"), SAMPLES)


def test_every_kind_of_every_importer_is_held_to_this_contract():
    known = {(name, kind) for name in ("shopify", "generic", "online-retail") for kind in importer(name).kinds}
    assert known == set(SAMPLES)


@EACH
def test_good_rows_are_kept_bad_ones_dropped_with_their_line_and_the_counts_add_up(bring, name, kind):
    if kind == "interactions":
        bring(SAMPLES["generic", "customers"], "generic", "customers")
    report = bring(SAMPLES[name, kind], name, kind)
    assert report.read == report.kept + report.dropped == SAMPLES[name, kind].count("\n") - 1
    assert report.kept
    assert report.dropped
    lines = [line for reason in report.reasons("dropped").values() for line in reason.lines]
    assert len(lines) == len(set(lines)) == report.dropped
    assert all(2 <= line <= report.read + 1 for line in lines)


@EACH
def test_a_second_import_changes_nothing(bring, store, digest, name, kind):
    if kind == "interactions":
        bring(SAMPLES["generic", "customers"], "generic", "customers")
    first = bring(SAMPLES[name, kind], name, kind)
    assert first.written
    before = digest(store)
    assert not bring(SAMPLES[name, kind], name, kind).written
    assert digest(store) == before


@EACH
def test_a_dry_run_reports_and_writes_nothing(bring, store, digest, name, kind):
    before = digest(store)
    assert bring(SAMPLES[name, kind], name, kind, dry_run=True).read
    assert digest(store) == before


DAMAGES = {
    "is empty": (lambda text: b"", lambda text: b"   \n\n"),
    "no rows": (lambda text: text.splitlines(keepends=True)[0].encode(),),
    "quotation mark": (lambda text: text.encode() + b'"never closed, and on it goes\n',),
    "cut-off gzip": (lambda text: gzip.compress(text.encode() * 50)[:-20],),
    "not a CSV": (lambda text: b"PK\x03\x04\x00\x00 a spreadsheet", lambda text: b"just some prose\nwithout columns\n"),
    "lacks the column": (lambda text: b"one,two\n1,2\n",),
}


@EACH
def test_a_broken_file_leaves_the_store_as_it_was_and_says_why(bring, store, digest, name, kind):
    bring(SAMPLES["generic", "products"], "generic", "products")
    before = digest(store)
    for message, damages in DAMAGES.items():
        for damage in damages:
            with pytest.raises(FileProblem, match=message):
                bring(damage(SAMPLES[name, kind]), name, kind)
    assert digest(store) == before


def test_a_missing_column_is_named_together_with_those_that_are_there(bring):
    with pytest.raises(FileProblem, match=r"lacks the column price.*It has: sku, title"):
        bring("sku,title\nA,B\n", "generic", "products")


def test_an_unknown_importer_or_kind_is_refused_by_name(bring, store, tmp_path):
    with pytest.raises(FileProblem, match="shopify, generic, online-retail"):
        import_file(store, tmp_path / "x.csv", "magento")
    with pytest.raises(FileProblem, match="products, customers, orders"):
        bring("a,b\n1,2\n", "shopify", "gift cards")


def test_killed_in_the_middle_of_writing_leaves_the_store_as_it_was_and_it_can_be_run_again(tmp_path, digest, slice_path):
    from shop.migrate import migrate

    url = f"sqlite:///{tmp_path / 'shop.db'}"
    store = Store(url)
    migrate(store)
    before = digest(store)
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom shop.importers import apply_orders, import_file\nfrom shop.store import Store\n"
        "apply_orders._purchases = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "import_file(Store(sys.argv[1]), Path(sys.argv[2]), 'online-retail')\n"
    )
    died = subprocess.run([sys.executable, "-c", script, url, str(slice_path)], cwd=PROJECT, env=os.environ | {"PYTHONPATH": str(PROJECT)})
    assert died.returncode == -signal.SIGKILL
    assert digest(store) == before
    assert import_file(store, slice_path, "online-retail").written["orders added"] > 100
    assert digest(store) != before


def test_only_a_reasons_first_thousand_lines_are_listed_and_the_rest_counted(tmp_path):
    reason = Reason()
    for line in range(2500):
        reason.note(line)
    assert (reason.count, len(reason.lines)) == (2500, 1000)


def test_the_report_can_be_saved_and_read_back(tmp_path):
    report = CleaningReport("file.csv")
    report.read = 3
    report.drop(2, "no price")
    report.drop(2, "no title")
    report.repair(3, "mended")
    report.save(tmp_path / "report.json")
    saved = json.loads((tmp_path / "report.json").read_text())
    assert saved["rows"] == {"read": 3, "kept": 2, "repaired": 1, "dropped": 1}
    assert saved["reasons"]["dropped"] == {"no price": {"count": 1, "lines": [2]}}
