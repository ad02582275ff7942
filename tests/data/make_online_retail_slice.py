"""Writes `online_retail_slice.csv`: an invented gift shop's sales, with every kind of dirt of the UCI Online Retail export, in its format.

Nothing in it comes from that file. `python tests/data/make_online_retail_slice.py` makes the same bytes every time.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

HEADER = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
START = datetime(2011, 1, 4, 9, 0)  # noqa: DTZ001 - the format has no zones

# theme: (title, pence); a theme's articles are bought together
THEMES = {
    "lights": [
        ("HANGING HEART T-LIGHT HOLDER", 255),
        ("GLASS STAR T-LIGHT HOLDER", 145),
        ("ZINC HEART T-LIGHT HOLDER", 125),
        ("PACK OF 24 T-LIGHTS", 295),
        ("METAL GARDEN LANTERN", 425),
        ("SCENTED CANDLE IN JAR", 195),
        ("BEACH PEBBLE CANDLE HOLDER", 165),
        ("TALL CHURCH CANDLE", 349),
    ],
    "tea": [
        ("SPOTTY TEA MUG", 195),
        ("ENAMEL TEAPOT", 795),
        ("TEA COSY COTTAGE DESIGN", 425),
        ("SET OF 3 CAKE TINS", 495),
        ("CERAMIC CAKE STAND", 1095),
        ("PAPER NAPKINS TEA PARTY", 85),
        ("TEA TOWEL HARBOUR DESIGN", 275),
        ("COTTON APRON COTTAGE DESIGN", 550),
    ],
    "bags": [
        ("JUMBO BAG SPOTTY", 208),
        ("LUNCH BAG SAILING BOATS", 165),
        ("CANVAS SHOPPER BAG OWLS", 245),
        ("COIN PURSE SPOTTY", 125),
        ("LUGGAGE TAG STRIPES", 95),
    ],
    "nursery": [
        ("WOODEN BUILDING BLOCKS", 595),
        ("SOFT TOY RABBIT", 450),
        ("FELT BUNTING ANIMALS", 375),
        ("CHILDRENS JIGSAW FARM", 250),
        ("WOODEN SPINNING TOP", 110),
        ("DOLL IN RED COAT", 325),
    ],
    "paper": [
        ("NOTEBOOK WITH ELASTIC", 145),
        ("SET OF 12 COLOURING PENCILS", 105),
        ("GIFT WRAP SPOTTY", 42),
        ("BIRTHDAY CARD BALLOONS", 42),
        ("SATIN RIBBON REEL", 165),
        ("PHOTO FRAME DRIFTWOOD", 399),
    ],
    "christmas": [
        ("CHRISTMAS TREE DECORATION FELT", 85),
        ("GLASS BAUBLE SNOWFLAKE", 125),
        ("CHRISTMAS GARLAND STARS", 245),
        ("SANTA STOCKING KNITTED", 595),
    ],
    "kitchen": [
        ("CAST IRON HOOK KEYS", 225),
        ("KITCHEN WALL CLOCK", 850),
        ("SLATE KITCHEN SIGN", 295),
        ("WICKER STORAGE BASKET LARGE", 695),
        ("GLASS STORAGE JAR 12CM", 285),
    ],
}
COLOURED = {
    "HANGING HEART T-LIGHT HOLDER": 5,
    "SPOTTY TEA MUG": 4,
    "JUMBO BAG SPOTTY": 4,
    "ENAMEL TEAPOT": 3,
    "NOTEBOOK WITH ELASTIC": 3,
    "GLASS BAUBLE SNOWFLAKE": 3,
    "SCENTED CANDLE IN JAR": 3,
}
COLOURS = ("WHITE", "RED", "PINK", "BLUE", "CREAM")
COUNTRIES = ("United Kingdom",) * 14 + ("EIRE", "France", "Germany", "RSA", "Unspecified", "Channel Islands")


def main() -> None:
    path = Path(__file__).with_name("online_retail_slice.csv")
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows(Random(2011)))


def rows(rng: Random) -> list[tuple]:
    catalogue = _catalogue()
    customers = [(f"{14000 + 7 * k}.0", rng.choice(COUNTRIES), rng.sample(list(THEMES), 2)) for k in range(64)] + [
        ("", "United Kingdom", list(THEMES)[:3])
    ] * 9
    found: list[tuple] = []
    invoice, clock = 600001, START
    for _ in range(278):
        customer, country, themes = rng.choice(customers)
        clock += timedelta(minutes=rng.randint(20, 900))
        basket = _basket(catalogue, themes, rng)
        lines = [_line(str(invoice), article, clock, customer, country, rng) for article in basket]
        found += lines
        if rng.random() < 0.04:
            found.append(lines[0])  # the same row once more
        if country not in ("United Kingdom", "Unspecified"):
            found.append((str(invoice), "POST", "POSTAGE", 1, f"{clock}", "18.0", customer, country))
        if customer and rng.random() < 0.05:
            found.append(_cancelled(invoice, lines[-1], clock + timedelta(days=2), rng))
        invoice += 1
    return found + _dirt(catalogue, clock)


def _catalogue() -> dict[str, list[tuple[str, str, int]]]:
    """Theme -> (code, title, pence)."""
    catalogue: dict[str, list[tuple[str, str, int]]] = {theme: [] for theme in THEMES}
    number = 70100
    for theme, articles in THEMES.items():
        for title, pence in articles:
            number += 11
            variants = COLOURED.get(title, 0)
            if variants:
                catalogue[theme] += [(f"{number}{'ABCDE'[k]}", f"{COLOURS[k]} {title}", pence) for k in range(variants)]
            else:
                catalogue[theme].append((str(number), title, pence))
    return catalogue


def _basket(catalogue, themes: list[str], rng: Random) -> list[tuple[str, str, int]]:
    mine = [article for theme in themes for article in catalogue[theme]]
    basket = rng.sample(mine, min(len(mine), rng.randint(3, 10)))
    if rng.random() < 0.3:
        basket.append(rng.choice(catalogue[rng.choice(list(catalogue))]))
    return list(dict.fromkeys(basket))


def _line(invoice: str, article: tuple[str, str, int], at: datetime, customer: str, country: str, rng: Random) -> tuple:
    code, title, pence = article
    price = pence if customer else round(pence * 1.9)  # the web shop's anonymous customers paid more
    code = code.lower() if rng.random() < 0.02 else code
    title = title + " " if rng.random() < 0.1 else title.replace("T-LIGHT", "TLIGHT") if rng.random() < 0.03 else title
    return invoice, code, title, rng.choice((1, 2, 3, 6, 6, 12, 24)), f"{at}", f"{price / 100:g}", customer, country


def _cancelled(invoice: int, line: tuple, at: datetime, rng: Random) -> tuple:
    taken = line[3] if rng.random() < 0.5 else max(1, line[3] // 2)
    return f"C{invoice}", line[1], line[2], -taken, f"{at}", line[5], line[6], line[7]


def _dirt(catalogue, clock: datetime) -> list[tuple]:
    """One of each kind that the baskets above do not have; the tests look for these by their invoice numbers."""
    code, title, pence = catalogue["lights"][0]
    other, other_title, _ = catalogue["tea"][0]
    uk, price, at = "United Kingdom", f"{pence / 100:g}", f"{clock + timedelta(days=1)}"
    later = f"{clock + timedelta(days=3)}"
    return [
        ("700001", code, title, 6, at, price, "15000.0", uk),
        ("700001", other, other_title, 6, at, "1.95", "15000.0", uk),
        ("C700002", code, title, -6, later, price, "15000.0", uk),
        ("C700002", other, other_title, -6, later, "1.95", "15000.0", uk),  # wholly cancelled
        ("700003", code, title, 12, at, price, "15001.0", uk),
        ("C700004", code, title, -5, later, price, "15001.0", uk),  # partly
        ("C700005", code, title, -4, at, price, "15002.0", uk),  # of nothing in the file
        ("700006", code, title, 74000, at, price, "15003.0", uk),
        ("C700007", code, title, -74000, later, price, "15003.0", uk),  # a slip of the finger
        ("700008", code, "damaged?", -30, at, "0.0", "", uk),
        ("700009", code, "wet", -3, at, "0", "", uk),
        ("700010", code, "check", 40, at, "0.0", "", uk),
        ("700011", "99999", "found", 2, at, "1.0", "", uk),
        ("700012", "99998", "", 2, at, "3.0", "", uk),  # no usable description at all
        ("700013", "M", "Manual", 1, at, "12.5", "15001.0", uk),
        ("700014", "D", "Discount", -1, at, "27.5", "15001.0", uk),
        ("C700014", "D", "Discount", -1, at, "27.5", "15001.0", uk),
        ("700015", "BANK CHARGES", "Bank Charges", 1, at, "15.0", "", uk),
        ("700016", "AMAZONFEE", "AMAZON FEE", 1, at, "133.2", "", uk),
        ("C700017", "CRUK", "CRUK Commission", -1, at, "48.1", "15001.0", uk),
        ("700018", "S", "SAMPLES", 1, at, "33.1", "", uk),
        ("700019", "TEST001", "This is a test product.", 5, at, "4.5", "15001.0", uk),
        ("700020", "gift_0001_20", "Gift Voucher 20.00", 1, at, "16.67", "", uk),
        ("700021", "PADS", "PADS TO MATCH ALL CUSHIONS", 1, at, "0.001", "15001.0", uk),
        ("700022", "DOT", "DOTCOM POSTAGE", 1, at, "19.9", "", uk),
        ("A700023", "B", "Adjust bad debt", 1, at, "-1102.06", "", uk),
        ("700024", code, title, "six", at, price, "15001.0", uk),
        ("700025", code, title, 6, "yesterday", price, "15001.0", uk),
        ("700026", code, title, 6, at, "n/a", "15001.0", uk),
        ("700027", other, other_title, 1, at, "199.5", "15001.0", uk),  # a price out of line
        ("700028", code, '=HYPERLINK("http://shop.example")', 1, at, price, "15001.0", uk),
    ]


if __name__ == "__main__":
    main()
