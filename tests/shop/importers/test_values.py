"""Cleaning one value, reading a file of unknown making, telling outliers, and what a title says."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shop.importers import CleaningReport, FileProblem, cleaning
from shop.importers.attributes import attributes, readable
from shop.importers.outliers import iqr_outliers, z_outliers
from shop.importers.reading import open_table
from shop.models import Customer, Product


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  two\t words \x00\x07", "two words"),
        ("Cafe\u0301", "Café"),
        ("=HYPERLINK(1)", "HYPERLINK(1)"),
        ("@SUM(A1)", "SUM(A1)"),
        ("=+-x", "x"),
        ("-20 C freezer bag", "-20 C freezer bag"),
        ("+44 20", "+44 20"),
    ],
)
def test_text_is_one_plain_line_that_starts_no_formula(raw, clean):
    assert cleaning.text(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One Two & three"),
        ("a<br/>b", "a b"),
        ("<style>p{}</style>text<script>x()</script>", "text"),
        ("1 < 2", "1 < 2"),
        ("&lt;script&gt;", "<script>"),
    ],
)
def test_markup_becomes_plain_text(raw, clean):
    assert cleaning.plain(raw) == clean


@pytest.mark.parametrize(
    ("raw", "number"), [("6", 6), ("6.0", 6), ("1,200", 1200), ("-3", -3), ("6.5", None), ("six", None), ("", None), ("9" * 30, None)]
)
def test_whole_numbers(raw, number):
    assert cleaning.whole(raw) == number


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2011-07-01 10:00:00", datetime(2011, 7, 1, 9, tzinfo=UTC)),
        ("01/07/2011 10:00", datetime(2011, 7, 1, 9, tzinfo=UTC)),
        ("2026-01-02 10:30:00 +0100", datetime(2026, 1, 2, 9, 30, tzinfo=UTC)),
        ("2026-01-02T10:30:00Z", datetime(2026, 1, 2, 10, 30, tzinfo=UTC)),
        ("not a time", None),
        ("", None),
        ("0001-01-01", None),
    ],
)
def test_times_become_utc_with_the_shops_zone_where_they_have_none(raw, moment):
    assert cleaning.moment(raw, "Europe/London") == moment


@pytest.mark.parametrize(
    ("raw", "name"), [("EIRE", "Ireland"), ("gb", "United Kingdom"), ("FRANCE", "France"), ("Unspecified", ""), ("Atlantis", "Atlantis")]
)
def test_countries(raw, name):
    assert cleaning.country(raw) == name


@pytest.mark.parametrize(("raw", "address"), [(" Ann@Example.COM ", "ann@example.com"), ("ann@", None), ("a b@c.de", None), ("", None)])
def test_emails(raw, address):
    assert cleaning.email(raw) == address


@given(st.text())
def test_no_value_whatever_makes_cleaning_fail(raw):
    for clean in (cleaning.text, cleaning.plain, cleaning.whole, cleaning.country, cleaning.email, cleaning.identifier, cleaning.yes):
        clean(raw)
    cleaning.amount(raw, "GBP")
    cleaning.moment(raw, "Europe/London")
    readable(raw)
    attributes(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_encoding_and_delimiter_is_read(tmp_path, encoding, delimiter):
    rows = [["sku", "title", "price"], ["A1", "Crème brûlée dish – “small”", "£12.50"], ["A2", "Plain dish", "3"]]
    text = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    path = tmp_path / "file.csv"
    path.write_bytes(gzip.compress(text) if delimiter == ";" else text)
    table = open_table(path)
    assert [list(table.header), *(fields for _, fields in table.rows(CleaningReport("file.csv")))] == rows


def test_line_numbers_are_those_of_the_file_even_after_a_row_of_several_lines(bring):
    report = bring('sku,title,price\nA1,"two\nlines",1.00\nA2,Bowl,none\n', "generic", "products")
    assert report.reasons("dropped")["no price"].lines == [4]


def test_a_row_with_too_few_columns_is_dropped_and_the_rest_kept(bring):
    report = bring("sku,title,price\nA1,Mug,1\nA2,Bowl\nA3,Dish,2\n", "generic", "products")
    assert (report.kept, report.reasons("dropped")["wrong number of columns"].lines) == (2, [3])


def test_a_mapping_takes_other_column_names_and_is_checked(bring, store):
    text = "Artikel,Name,Preis\nA1,Mug,12.50\n"
    bring(text, "generic", "products", mapping={"sku": "Artikel", "title": "Name", "price": "Preis"})
    with store.read() as session:
        assert session.scalars(select(Product.sku)).all() == ["A1"]
    with pytest.raises(FileProblem, match="no column flavour"):
        bring(text, "generic", "products", mapping={"flavour": "Name"})
    with pytest.raises(FileProblem, match="Nom"):
        bring(text, "generic", "products", mapping={"sku": "Artikel", "title": "Nom", "price": "Preis"})


def test_an_email_of_another_customer_is_left_out_rather_than_merging_two_people(bring, store):
    bring("id,email\n1,ann@example.com\n", "generic", "customers")
    report = bring("id,email\n2,ann@example.com\n", "generic", "customers")
    with store.read() as session:
        assert dict(session.execute(select(Customer.external_id, Customer.email)).all()) == {"1": "ann@example.com", "2": None}
    assert "email already belongs to another customer: left out" in report.reasons("repaired")


def test_a_file_that_says_less_takes_nothing_away(bring, store):
    bring("sku,title,price,stock,brand\nA1,Mug,1,5,Clay\n", "generic", "products")
    bring("sku,title,price\nA1,Mug,2\n", "generic", "products")
    with store.read() as session:
        product = session.scalars(select(Product)).one()
        assert (product.price_minor, product.stock, product.brand) == (200, 5, "Clay")


def test_outliers_are_those_far_out_on_a_scale_of_factors():
    values = np.array([1, 2, 2, 3, 3, 3, 4, 4, 5, 6] * 20 + [50_000])
    for marks in (iqr_outliers(values), z_outliers(values)):
        assert np.flatnonzero(marks).tolist() == [200]


@pytest.mark.parametrize("values", [[], [5], [5, 5, 5, 5]])
def test_few_or_equal_values_have_no_outliers(values):
    assert not iqr_outliers(np.array(values)).any()
    assert not z_outliers(np.array(values)).any()


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "White Hanging Heart T-Light Holder"),
        ("CHILDREN'S 3D JIGSAW 12CM ", "Children's 3D Jigsaw 12cm"),
        ("SET OF 3 CAKE TINS,PANTRY", "Set of 3 Cake Tins, Pantry"),
        ("Already Fine", "Already Fine"),
    ],
)
def test_shouted_titles_become_readable(raw, title):
    assert readable(raw) == title


def test_a_colour_word_that_is_no_colour_is_not_taken_for_one():
    assert attributes("Chocolate Box Ribbons").colour == ""
    assert attributes("Pink Chocolate Box").colour == "pink"
