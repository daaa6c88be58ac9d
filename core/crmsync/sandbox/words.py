"""Word lists for made-up people and companies. No text needs escaping in JSON."""
# ruff: noqa: SIM905, RUF001 - lists of words read better as one text, and names have the letters that they have

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

# given name, and how it is spelt in an e-mail address
GIVEN = (
    "Amara Ana Ada Aarav Aisha Akira Alejandra Aleksander Ama Amélie Anders Anika Anneke Antonio Aoife Ayşe "
    "Beatriz Ben Björn Bogdan Brigitte Camila Carlos Cátia Chiara Chidi Chloe Claire Dana Daniel David Deepa "
    "Diego Dmitri Ebba Elena Elif Elodie Emeka Emily Emma Erik Esther Eszter Fatima Femi Fernanda Fiona Florian "
    "François Gabriela Giulia Grace Gunnar Hana Hannah Haruto Hassan Helena Hiroshi Hugo Ifeoma Ingrid Irina "
    "Isabel Ismail Ivan Jakub James Jan Jana Jasmine João John Jorge José Joseph Julia Jun Kaan Kamala Karim "
    "Katarzyna Kenji Kofi Krzysztof Kwame Laila Lars Laura Layla Leila Léa Li Linh Lucas Lucía Łukasz Luis Mads "
    "Magdalena Maja Malik Marco María Marta Mateo Maya Mehmet Mei Michael Miguel Mina Ming Miriam Mohammed Nadia "
    "Naoko Nasrin Ngozi Nguyen Nikhil Nina Noah Nora Olga Oliver Olivia Omar Oscar Paolo Patricia Paul Pedro "
    "Petra Pia Piotr Priya Rachel Rahul Rania Ravi Renata Robert Rosa Sakura Samira Samuel Sanjay Sara Sébastien "
    "Seo-yeon Shreya Simone Sofia Søren Stefan Sunita Susan Svetlana Tadeusz Tariq Tereza Thabo Thandiwe Thomas "
    "Tomás Uma Valentina Vera Victor Vikram Wanjiru Wei William Xiu Yasmin Yuki Yusuf Zainab Zanele Zoë Zsófia"
).split()
FAMILY = (
    "Abe Adeyemi Agarwal Ahmed Åkesson Ali Almeida Andersen Anderson Aydın Baker Banerjee Becker Bello Berg "
    "Bianchi Boateng Brown Campbell Carvalho Castillo Çelik Chen Chowdhury Clark Cohen Costa Cruz Da-Silva Das "
    "Davies Demir Diallo Díaz Dlamini Dubois Duarte Edwards Eriksson Evans Fernández Ferrari Fischer Flores "
    "Fofanah Fontaine Fujita García Gomes González Gonçalves Gupta Haddad Hall Hansen Hashimoto Hernández "
    "Hoffmann Horváth Hughes Hussain Ibrahim Ionescu Ito Ivanova Jackson Jansen Jensen Johansson Johnson Jones "
    "Joshi Kamau Kang Kapoor Kaya Khan Kim King Kobayashi Koch Kovács Kowalski Kozlov Kruger Kumar Larsen Le Lee "
    "Lewandowski Li Lindqvist Lopes López Magnusson Mahlangu Martin Martínez Mbeki Mehta Mensah Meyer Mitchell "
    "Molina Moore Morales Moreau Moretti Müller Mwangi Nakamura Nguyen Nielsen Novák Nowak O-Brien Okafor Okonkwo "
    "Olsen Oliveira Ortiz Osei Owusu Papadopoulos Park Patel Pereira Pérez Petrov Pham Popescu Rahman Ramírez Rao "
    "Reddy Ribeiro Ricci Rivera Roberts Rodríguez Romero Rossi Roux Ruiz Russo Sánchez Santos Sato Schmidt "
    "Schneider Scott Sharma Silva Singh Sithole Smith Sokolov Suzuki Svensson Takahashi Tan Tanaka Taylor "
    "Thompson Torres Tran Traoré Tshabalala Turner Vargas Vasquez Virtanen Visser Vogel Wagner Walker Wang "
    "Watanabe Weber White Williams Wilson Wójcik Wong Wood Wright Wu Yamamoto Yang Yıldız Young Zhang Zhou "
    "Zimmermann"
).split()

# city, state or region, country, postal code's form, telephone number's form, time zone
PLACES = (
    ("Accra", "Greater Accra", "Ghana", "GA-###-####", "+233 24 ### ####", "Africa/Accra"),
    ("Amsterdam", "Noord-Holland", "Netherlands", "10## AB", "+31 20 ### ####", "Europe/Amsterdam"),
    ("Auckland", "Auckland", "New Zealand", "10##", "+64 9 ### ####", "Pacific/Auckland"),
    ("Austin", "TX", "United States", "787##", "+1 512-555-01##", "US/Central"),
    ("Bengaluru", "Karnataka", "India", "5600##", "+91 80 #### ####", "Asia/Kolkata"),
    ("Berlin", "Berlin", "Germany", "10###", "+49 30 ########", "Europe/Berlin"),
    ("Bogotá", "Cundinamarca", "Colombia", "11####", "+57 601 ### ####", "America/Bogota"),
    ("Boston", "MA", "United States", "021##", "+1 617-555-01##", "US/Eastern"),
    ("Bucureşti", "Bucureşti", "Romania", "01####", "+40 21 ### ####", "Europe/Bucharest"),
    ("Buenos Aires", "CABA", "Argentina", "C10##", "+54 11 #### ####", "America/Argentina/Buenos_Aires"),
    ("Cape Town", "Western Cape", "South Africa", "80##", "+27 21 ### ####", "Africa/Johannesburg"),
    ("Chicago", "IL", "United States", "606##", "(312) 555-01##", "US/Central"),
    ("Cork", "Co. Cork", "Ireland", "T12 X##Y", "+353 21 ### ####", "Europe/Dublin"),
    ("Denver", "CO", "United States", "802##", "303.555.01##", "US/Mountain"),
    ("Dubai", "Dubai", "United Arab Emirates", None, "+971 4 ### ####", "Asia/Dubai"),
    ("Göteborg", "Västra Götaland", "Sweden", "411 ##", "+46 31 ## ## ##", "Europe/Stockholm"),
    ("Hà Nội", None, "Vietnam", "10####", "+84 24 #### ####", "Asia/Ho_Chi_Minh"),
    ("Helsinki", "Uusimaa", "Finland", "001##", "+358 9 ### ####", "Europe/Helsinki"),
    ("İstanbul", "İstanbul", "Türkiye", "34###", "+90 212 ### ## ##", "Europe/Istanbul"),
    ("Jakarta", "DKI Jakarta", "Indonesia", "10###", "+62 21 #### ####", "Asia/Jakarta"),
    ("Johannesburg", "Gauteng", "South Africa", "20##", "+27 11 ### ####", "Africa/Johannesburg"),
    ("Kraków", "Małopolskie", "Poland", "30-###", "+48 12 ### ## ##", "Europe/Warsaw"),
    ("Lagos", "Lagos", "Nigeria", "10####", "+234 80 #### ####", "Africa/Lagos"),
    ("Lima", "Lima", "Peru", "150##", "+51 1 ### ####", "America/Lima"),
    ("Lisboa", "Lisboa", "Portugal", "11##-###", "+351 21 ### ####", "Europe/Lisbon"),
    ("London", None, "United Kingdom", "EC1A #BB", "+44 20 7946 0###", "Europe/London"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France", "6900#", "+33 4 ## ## ## ##", "Europe/Paris"),
    ("Madrid", "Madrid", "Spain", "280##", "+34 91 ### ## ##", "Europe/Madrid"),
    ("Manila", "Metro Manila", "Philippines", "10##", "+63 2 #### ####", "Asia/Manila"),
    ("Melbourne", "VIC", "Australia", "30##", "+61 3 #### ####", "Australia/Melbourne"),
    ("México", "CDMX", "Mexico", "06###", "+52 55 #### ####", "America/Mexico_City"),
    ("Milano", "MI", "Italy", "201##", "+39 02 ########", "Europe/Rome"),
    ("Montréal", "QC", "Canada", "H2X #A#", "+1 514-555-01##", "America/Toronto"),
    ("Mumbai", "Maharashtra", "India", "4000##", "+91 22 #### ####", "Asia/Kolkata"),
    ("München", "Bayern", "Germany", "80###", "089 / ########", "Europe/Berlin"),
    ("Nairobi", "Nairobi County", "Kenya", "00###", "+254 20 #######", "Africa/Nairobi"),
    ("New York", "NY", "United States", "100##", "+1 212-555-01##", "US/Eastern"),
    ("Oslo", "Oslo", "Norway", "01##", "+47 22 ## ## ##", "Europe/Oslo"),
    ("Praha", "Praha", "Czech Republic", "110 ##", "+420 2## ### ###", "Europe/Prague"),
    ("San Francisco", "CA", "United States", "941##", "(415) 555-01## ext. ##", "US/Pacific"),
    ("São Paulo", "SP", "Brazil", "01###-###", "+55 11 9####-####", "America/Sao_Paulo"),
    ("Seoul", "Seoul", "South Korea", "04###", "+82 2 #### ####", "Asia/Seoul"),
    ("Singapore", None, "Singapore", "0#####", "+65 6### ####", "Asia/Singapore"),
    ("Tel Aviv", "Tel Aviv", "Israel", "61#####", "+972 3 ### ####", "Asia/Jerusalem"),
    ("Toronto", "ON", "Canada", "M5V #A#", "+1 416-555-01##", "America/Toronto"),
    ("Wien", "Wien", "Austria", "10#0", "+43 1 ########", "Europe/Vienna"),
    ("Zürich", "ZH", "Switzerland", "80##", "+41 44 ### ## ##", "Europe/Zurich"),
    ("東京", "東京都", "Japan", "100-00##", "+81 3-####-####", "Asia/Tokyo"),
)
STREETS = (
    "Acacia Avenue|Bahnhofstraße|Baker Street|Broadway|Calle de Alcalá|Canal Street|Cedar Lane|Church Road|Elm Street|"
    "Friedrichstraße|Garden Court|Harbour View|High Street|Industrial Parkway|Jalan Sudirman|Kaiserweg|Kingsway|"
    "Lake Drive|Long Street|Main Street|Market Square|MG Road|Mill Lane|Nowy Świat|Oak Street|Ocean Drive|Park Avenue|"
    "Plaza Mayor|Prinsengracht|Queens Road|Railway Terrace|River Road|Rua Augusta|Rue de la Paix|Station Road|"
    "Storgatan|Sunset Boulevard|Uhuru Highway|Via Roma|Victoria Street|Wall Street|West End|Willow Close"
).split("|")
TITLES = (
    "Account Executive|Accountant|Architect|Art Director|Business Analyst|Buyer|Chef de projet|Chief Executive Officer|"
    "Chief Financial Officer|Chief of Staff|Chief Technology Officer|Consultant|Controller|Customer Success Manager|"
    "Data Engineer|Data Scientist|Designer|Director of Operations|Editor|Facilities Manager|Founder & CEO|"
    "General Manager|Geschäftsführerin|Graphic Designer|Head of Growth|Head of IT|Head of Procurement|HR Manager|"
    "Ingénieur logiciel|IT Administrator|Jefe de ventas|Legal Counsel|Logistics Coordinator|Marketing Manager|Nurse|"
    "Office Manager|Operations Manager|Partner|Plant Manager|Principal|Product Manager|Professor|Project Manager|"
    "Purchasing Agent|QA Engineer|Receptionist|Recruiter|Regional Manager|Researcher|Sales Manager|"
    "Sales Representative|Scrum Master|Site Reliability Engineer|Software Engineer|Solutions Architect|"
    "Store Manager|Supply Chain Manager|Support Engineer|Teacher|Technician|Treasurer|VP Sales|VP, Marketing & Brand"
).split("|")
PRODUCTS = ("Annual licence", "Pilot", "Renewal", "Spare parts", "Consulting", "Fleet", "Training", "Support plan")

NAME_STARTS = (
    "Acorn Alder Alpine Amber Andes Anchor Apex Arbor Aster Atlas Aurora Azure Baltic Banyan Beacon Birch Blue "
    "Bright Cactus Cairn Canyon Cedar Cinder Citrus Cobalt Compass Copper Coral Crescent Cypress Delta Dune Eagle "
    "Echo Ember Equinox Fjord Forge Fox Glacier Golden Granite Green Harbor Hazel Heron Highland Indigo Iron "
    "Ivory Jade Juniper Kestrel Kite Lantern Lark Lotus Lumen Lunar Maple Marble Meridian Mesa Monsoon Mosaic "
    "Nile Nimbus Nordic North Nova Oak Oasis Ocean Olive Onyx Orchid Orion Osprey Pacific Palm Pine Pioneer Polar "
    "Prairie Quartz Rain Raven Red Ridge River Robin Saffron Sahara Sequoia Silver Sky Solar Spruce Stellar Stone "
    "Summit Swift Tamarind Terra Thistle Tide Timber Topaz Tundra Umber Velvet Verde Vista Willow Zephyr"
).split()
NAME_MIDDLES = (
    "Analytics Apparel Bakery Bank Biotech Capital Care Chemicals Cloud Coffee Construction Consulting Cycles "
    "Data Design Dynamics Education Energy Engineering Farms Finance Foods Freight Games Glass Health Holdings "
    "Hotels Instruments Insurance Labs Legal Logistics Machines Marine Media Metals Mobility Motors Optics Paper "
    "Pharma Plastics Power Print Property Retail Robotics Security Software Steel Studios Systems Telecom "
    "Textiles Tools Trading Travel Water Works"
).split()
NAME_ENDS = (
    "AB",
    "AG",
    "& Co.",
    "GmbH",
    "Group",
    "Inc.",
    "KK",
    "LLC",
    "Ltd",
    "Ltda.",
    "NV",
    "Oy",
    "Pty",
    "S.A.",
    "SARL",
    "SpA",
)


def slug(name: str) -> str:
    """A name in the plain letters of an address."""
    latin = name.translate(str.maketrans("łŁøØßıæ", "lLoOsia"))
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum())


def sparse(dice: random.Random, values: Sequence[Choice]) -> Choice | None:
    """One of the values, or nothing in one case of five."""
    return None if dice.random() < 0.2 else dice.choice(values)


def filled_form(form: str, dice: random.Random) -> str:
    """The form with a digit for each `#`."""
    return "".join(str(dice.randint(0, 9)) if letter == "#" else letter for letter in form)
