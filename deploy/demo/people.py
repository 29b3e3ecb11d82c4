"""Invented people, firms and places. Mail goes to `.example`, French numbers are those kept free for fiction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Final, Literal

from shared.contracts.policy import PostalAddress

_FRENCH_FIRST: Final = [
    "Camille",
    "Inès",
    "Hugo",
    "Léa",
    "Théo",
    "Manon",
    "Jules",
    "Chloé",
    "Nathan",
    "Zoé",
    "Émile",
    "Agathe",
    "Bastien",
    "Élodie",
]
_FRENCH_LAST: Final = [
    "Marchebois",
    "Vallorges",
    "Daubrive",
    "Sorelmont",
    "Pontaillac",
    "Grandcœur",
    "Lavarenne",
    "Fontbrune",
]
_FRENCH_STREETS: Final = (
    "rue des Tilleuls",
    "avenue du Vieux-Moulin",
    "impasse des Glycines",
    "quai des Tanneurs",
    "place de la Fontaine",
)
_FRENCH_TOWNS: Final = (
    ("69003", "Lyon"),
    ("69100", "Villeurbanne"),
    ("38000", "Grenoble"),
    ("42000", "Saint-Étienne"),
)
_FRENCH_FIRMS: Final = ("Boulangerie du Pont Vert", "Menuiserie Hautefeuille", "Transports Clairval")

_HEBREW_FIRST: Final = [
    "נועה",
    "איתי",
    "מאיה",
    "יונתן",
    "תמר",
    "עידו",
    "שירה",
    "אורי",
    "יעל",
    "דניאל",
    "הדס",
    "גיא",
    "רוני",
    "ליאור",
]
_HEBREW_LATIN_FIRST: Final = [
    "noa",
    "itai",
    "maya",
    "yonatan",
    "tamar",
    "ido",
    "shira",
    "uri",
    "yael",
    "daniel",
    "hadas",
    "guy",
    "roni",
    "lior",
]
_HEBREW_LAST: Final = ["אלונים", "ברקאי", "גפנוני", "דקלאי", "הראלי", "ורדימון", "זיתוני", "חרמוני"]
_HEBREW_LATIN_LAST: Final = [
    "alonim",
    "barkai",
    "gafnoni",
    "diklai",
    "hareli",
    "vardimon",
    "zeitoni",
    "hermoni",
]
_HEBREW_STREETS: Final = ("רחוב הרימון", "שדרות הדקל", "רחוב הגפן", "סמטת השקד", "רחוב התאנה")
_HEBREW_TOWNS: Final = (
    ("3303142", "חיפה"),
    ("6423806", "תל אביב"),
    ("4951447", "פתח תקווה"),
    ("2161401", "כרמיאל"),
)
_HEBREW_FIRMS: Final = ("מאפיית הגשר הירוק", "נגריית האלון", "הובלות הצפון השקט")


@dataclass(frozen=True)
class Person:
    """What a client record needs of a person or firm."""

    kind: Literal["person", "company"]
    first_name: str
    last_name: str
    company_name: str
    email: str
    phone: str
    address: PostalAddress
    identity_number: str
    language: Literal["fr", "he"]

    @property
    def name(self) -> str:
        """As written on a document."""
        return self.company_name or f"{self.first_name} {self.last_name}"


def french(random: Random, count: int) -> list[Person]:
    """People and three firms of the French agency."""
    names = list(product(_FRENCH_FIRST, _FRENCH_LAST))
    random.shuffle(names)
    found = []
    for number, (first, last) in enumerate(names[:count]):
        postal_code, city = random.choice(_FRENCH_TOWNS)
        firm = _FRENCH_FIRMS[number] if number < len(_FRENCH_FIRMS) else ""
        found.append(
            Person(
                kind="company" if firm else "person",
                first_name="" if firm else first,
                last_name="" if firm else last,
                company_name=firm,
                email=f"contact{number:02}@courrier.example",
                phone=f"06 39 98 {number:02} {random.randrange(100):02}",
                address=PostalAddress(
                    street=f"{random.randrange(1, 120)} {random.choice(_FRENCH_STREETS)}",
                    postal_code=postal_code,
                    city=city,
                    country="FR",
                ),
                identity_number=_check_digit_number(random) if firm else "",
                language="fr",
            )
        )
    return found


def israeli(random: Random, count: int) -> list[Person]:
    """People and three firms of the Israeli agency."""
    names = list(product(range(len(_HEBREW_FIRST)), range(len(_HEBREW_LAST))))
    random.shuffle(names)
    found = []
    for number, (first, last) in enumerate(names[:count]):
        postal_code, city = random.choice(_HEBREW_TOWNS)
        firm = _HEBREW_FIRMS[number] if number < len(_HEBREW_FIRMS) else ""
        found.append(
            Person(
                kind="company" if firm else "person",
                first_name="" if firm else _HEBREW_FIRST[first],
                last_name="" if firm else _HEBREW_LAST[last],
                company_name=firm,
                email=f"{_HEBREW_LATIN_FIRST[first]}.{_HEBREW_LATIN_LAST[last]}@doar.example",
                phone=f"05{random.choice('0248')}-555-{number:02}{random.randrange(100):02}",
                address=PostalAddress(
                    street=f"{random.choice(_HEBREW_STREETS)} {random.randrange(1, 120)}",
                    postal_code=postal_code,
                    city=city,
                    country="IL",
                ),
                identity_number="" if firm else _check_digit_number(random),
                language="he",
            )
        )
    return found


def french_plate(random: Random) -> str:
    """A plate in the French form (no I, O, U; neither SS nor WW in front)."""
    letters = "ABCDEFGHJKLMNPQRSTVXYZ"
    first, second = ("".join(random.choice(letters) for _ in range(2)) for _ in range(2))
    return f"{'FA' if first in {'SS', 'WW'} else first}-{random.randrange(1, 1000):03}-{second}"


def israeli_plate(random: Random) -> str:
    """A plate in the Israeli form since 2017, or the one before."""
    digits = f"{random.randrange(10_000_000, 99_999_999)}"
    if random.random() < 0.6:  # noqa: PLR2004 - most cars are newer
        return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"
    return f"{digits[:2]}-{digits[2:5]}-{digits[5:7]}"


def _check_digit_number(random: Random) -> str:
    """Eight digits and their Luhn check digit: so are an Israeli identity number and a French SIREN made."""
    digits = [random.randrange(10) for _ in range(8)]
    total = sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)
