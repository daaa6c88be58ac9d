"""The short lists of a fresh database. A row's id is its place, from 1 on."""

from __future__ import annotations

from crmsync.sandbox.words import PLACES

INDUSTRIES = (
    ("Agriculture", "A - AGRICULTURE, FORESTRY AND FISHING"),
    ("Mining", "B - MINING AND QUARRYING"),
    ("Manufacturing", "C - MANUFACTURING"),
    ("Energy supply", "D - ELECTRICITY, GAS, STEAM AND AIR CONDITIONING SUPPLY"),
    ("Water supply", "E - WATER SUPPLY; SEWERAGE, WASTE MANAGEMENT AND REMEDIATION ACTIVITIES"),
    ("Construction", "F - CONSTRUCTION"),
    ("Wholesale/Retail", "G - WHOLESALE AND RETAIL TRADE; REPAIR OF MOTOR VEHICLES AND MOTORCYCLES"),
    ("Transportation/Logistics", "H - TRANSPORTATION AND STORAGE"),
    ("Food/Hospitality", "I - ACCOMMODATION AND FOOD SERVICE ACTIVITIES"),
    ("IT/Communication", "J - INFORMATION AND COMMUNICATION"),
    ("Finance/Insurance", "K - FINANCIAL AND INSURANCE ACTIVITIES"),
    ("Real Estate", "L - REAL ESTATE ACTIVITIES"),
    ("Scientific", "M - PROFESSIONAL, SCIENTIFIC AND TECHNICAL ACTIVITIES"),
    ("Administrative/Utilities", "N - ADMINISTRATIVE AND SUPPORT SERVICE ACTIVITIES"),
    ("Public Administration", "O - PUBLIC ADMINISTRATION AND DEFENCE; COMPULSORY SOCIAL SECURITY"),
    ("Education", "P - EDUCATION"),
    ("Health/Social", "Q - HUMAN HEALTH AND SOCIAL WORK ACTIVITIES"),
    ("Entertainment", "R - ARTS, ENTERTAINMENT AND RECREATION"),
    ("Other Services", "S - OTHER SERVICE ACTIVITIES"),
    ("Households", "T - ACTIVITIES OF HOUSEHOLDS AS EMPLOYERS"),
    ("Extraterritorial", "U - ACTIVITIES OF EXTRATERRITORIAL ORGANISATIONS AND BODIES"),
)
STAGES = (
    ("New", 0, False),
    ("Qualified", 1, False),
    ("Proposition", 2, False),
    ("Won", 70, True),
)  # name, sequence, won
WON = 4
CURRENCIES = (
    ("EUR", "€", True),
    ("USD", "$", True),
    ("AUD", "$", False),
    ("BRL", "R$", False),
    ("CAD", "$", False),
    ("CHF", "CHF", False),
    ("GBP", "£", False),
    ("INR", "₹", False),
    ("JPY", "¥", False),
    ("KWD", "د.ك", False),
    ("MXN", "$", False),
    ("PLN", "zł", False),
    ("SEK", "kr", False),
    ("ZAR", "R", False),
)  # name, symbol, active; the first is the company's
COMPANY_CURRENCY = 1
CATEGORIES = ("Customer", "Newsletter", "Partner", "Prospect", "Reseller", "Vendor", "VIP")
TAGS = ("Consulting", "Design", "Information", "Other", "Product", "Services", "Software", "Training")
LOST_REASONS = ("Too expensive", "We don't have people/skills", "Not enough stock")
TEAMS = ("Sales", "Website", "Pre-Sales")
TITLES = (("Doctor", "Dr."), ("Madam", "Mrs."), ("Miss", "Miss"), ("Mister", "Mr."), ("Professor", "Prof."))

_CODES = {
    "Argentina": "AR",
    "Australia": "AU",
    "Austria": "AT",
    "Brazil": "BR",
    "Canada": "CA",
    "Colombia": "CO",
    "Czech Republic": "CZ",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ghana": "GH",
    "India": "IN",
    "Indonesia": "ID",
    "Ireland": "IE",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Kenya": "KE",
    "Mexico": "MX",
    "Netherlands": "NL",
    "New Zealand": "NZ",
    "Nigeria": "NG",
    "Norway": "NO",
    "Peru": "PE",
    "Philippines": "PH",
    "Poland": "PL",
    "Portugal": "PT",
    "Romania": "RO",
    "Singapore": "SG",
    "South Africa": "ZA",
    "South Korea": "KR",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "Türkiye": "TR",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "United States": "US",
    "Vietnam": "VN",
}
COUNTRIES = tuple(sorted(_CODES.items()))  # name, code
STATES = tuple(sorted({(place[1], place[2]) for place in PLACES if place[1]}))  # name, country


def country_id(name: str) -> int:
    return [country for country, _ in COUNTRIES].index(name) + 1


def state_id(name: str | None, country: str) -> int | None:
    return STATES.index((name, country)) + 1 if name else None
