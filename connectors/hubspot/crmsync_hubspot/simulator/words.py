"""Word lists for made-up people and companies. No text needs escaping in JSON."""
# ruff: noqa: SIM905, RUF001 - lists of words read better as one text, and names have the letters that they have

from __future__ import annotations

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
    ("Accra", "Greater Accra", "Ghana", "GA-###-####", "+233 24 ### ####", "africa_slash_accra"),
    ("Amsterdam", "Noord-Holland", "Netherlands", "10## AB", "+31 20 ### ####", "europe_slash_amsterdam"),
    ("Auckland", "Auckland", "New Zealand", "10##", "+64 9 ### ####", "pacific_slash_auckland"),
    ("Austin", "TX", "United States", "787##", "+1 512-555-01##", "us_slash_central"),
    ("Bengaluru", "Karnataka", "India", "5600##", "+91 80 #### ####", "asia_slash_kolkata"),
    ("Berlin", "Berlin", "Germany", "10###", "+49 30 ########", "europe_slash_berlin"),
    ("Bogotá", "Cundinamarca", "Colombia", "11####", "+57 601 ### ####", "america_slash_bogota"),
    ("Boston", "MA", "United States", "021##", "+1 617-555-01##", "us_slash_eastern"),
    ("Bucureşti", "Bucureşti", "Romania", "01####", "+40 21 ### ####", "europe_slash_bucharest"),
    ("Buenos Aires", "CABA", "Argentina", "C10##", "+54 11 #### ####", "america_slash_argentina_slash_buenos_aires"),
    ("Cape Town", "Western Cape", "South Africa", "80##", "+27 21 ### ####", "africa_slash_johannesburg"),
    ("Chicago", "IL", "United States", "606##", "(312) 555-01##", "us_slash_central"),
    ("Cork", "Co. Cork", "Ireland", "T12 X##Y", "+353 21 ### ####", "europe_slash_dublin"),
    ("Denver", "CO", "United States", "802##", "303.555.01##", "us_slash_mountain"),
    ("Dubai", "Dubai", "United Arab Emirates", None, "+971 4 ### ####", "asia_slash_dubai"),
    ("Göteborg", "Västra Götaland", "Sweden", "411 ##", "+46 31 ## ## ##", "europe_slash_stockholm"),
    ("Hà Nội", None, "Vietnam", "10####", "+84 24 #### ####", "asia_slash_ho_chi_minh"),
    ("Helsinki", "Uusimaa", "Finland", "001##", "+358 9 ### ####", "europe_slash_helsinki"),
    ("İstanbul", "İstanbul", "Türkiye", "34###", "+90 212 ### ## ##", "europe_slash_istanbul"),
    ("Jakarta", "DKI Jakarta", "Indonesia", "10###", "+62 21 #### ####", "asia_slash_jakarta"),
    ("Johannesburg", "Gauteng", "South Africa", "20##", "+27 11 ### ####", "africa_slash_johannesburg"),
    ("Kraków", "Małopolskie", "Poland", "30-###", "+48 12 ### ## ##", "europe_slash_warsaw"),
    ("Lagos", "Lagos", "Nigeria", "10####", "+234 80 #### ####", "africa_slash_lagos"),
    ("Lima", "Lima", "Peru", "150##", "+51 1 ### ####", "america_slash_lima"),
    ("Lisboa", "Lisboa", "Portugal", "11##-###", "+351 21 ### ####", "europe_slash_lisbon"),
    ("London", None, "United Kingdom", "EC1A #BB", "+44 20 7946 0###", "europe_slash_london"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France", "6900#", "+33 4 ## ## ## ##", "europe_slash_paris"),
    ("Madrid", "Madrid", "Spain", "280##", "+34 91 ### ## ##", "europe_slash_madrid"),
    ("Manila", "Metro Manila", "Philippines", "10##", "+63 2 #### ####", "asia_slash_manila"),
    ("Melbourne", "VIC", "Australia", "30##", "+61 3 #### ####", "australia_slash_melbourne"),
    ("México", "CDMX", "Mexico", "06###", "+52 55 #### ####", "america_slash_mexico_city"),
    ("Milano", "MI", "Italy", "201##", "+39 02 ########", "europe_slash_rome"),
    ("Montréal", "QC", "Canada", "H2X #A#", "+1 514-555-01##", "america_slash_toronto"),
    ("Mumbai", "Maharashtra", "India", "4000##", "+91 22 #### ####", "asia_slash_kolkata"),
    ("München", "Bayern", "Germany", "80###", "089 / ########", "europe_slash_berlin"),
    ("Nairobi", "Nairobi County", "Kenya", "00###", "+254 20 #######", "africa_slash_nairobi"),
    ("New York", "NY", "United States", "100##", "+1 212-555-01##", "us_slash_eastern"),
    ("Oslo", "Oslo", "Norway", "01##", "+47 22 ## ## ##", "europe_slash_oslo"),
    ("Praha", "Praha", "Czech Republic", "110 ##", "+420 2## ### ###", "europe_slash_prague"),
    ("San Francisco", "CA", "United States", "941##", "(415) 555-01## ext. ##", "us_slash_pacific"),
    ("São Paulo", "SP", "Brazil", "01###-###", "+55 11 9####-####", "america_slash_sao_paulo"),
    ("Seoul", "Seoul", "South Korea", "04###", "+82 2 #### ####", "asia_slash_seoul"),
    ("Singapore", None, "Singapore", "0#####", "+65 6### ####", "asia_slash_singapore"),
    ("Tel Aviv", "Tel Aviv", "Israel", "61#####", "+972 3 ### ####", "asia_slash_jerusalem"),
    ("Toronto", "ON", "Canada", "M5V #A#", "+1 416-555-01##", "america_slash_toronto"),
    ("Wien", "Wien", "Austria", "10#0", "+43 1 ########", "europe_slash_vienna"),
    ("Zürich", "ZH", "Switzerland", "80##", "+41 44 ### ## ##", "europe_slash_zurich"),
    ("東京", "東京都", "Japan", "100-00##", "+81 3-####-####", "asia_slash_tokyo"),
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

INDUSTRIES = (
    "ACCOUNTING AIRLINES_AVIATION ALTERNATIVE_DISPUTE_RESOLUTION ALTERNATIVE_MEDICINE ANIMATION APPAREL_FASHION "
    "ARCHITECTURE_PLANNING ARTS_AND_CRAFTS AUTOMOTIVE AVIATION_AEROSPACE BANKING BIOTECHNOLOGY BROADCAST_MEDIA "
    "BUILDING_MATERIALS BUSINESS_SUPPLIES_AND_EQUIPMENT CAPITAL_MARKETS CHEMICALS CIVIC_SOCIAL_ORGANIZATION "
    "CIVIL_ENGINEERING COMMERCIAL_REAL_ESTATE COMPUTER_NETWORK_SECURITY COMPUTER_GAMES COMPUTER_HARDWARE "
    "COMPUTER_NETWORKING COMPUTER_SOFTWARE INTERNET CONSTRUCTION CONSUMER_ELECTRONICS CONSUMER_GOODS "
    "CONSUMER_SERVICES COSMETICS DAIRY DEFENSE_SPACE DESIGN EDUCATION_MANAGEMENT E_LEARNING "
    "ELECTRICAL_ELECTRONIC_MANUFACTURING ENTERTAINMENT ENVIRONMENTAL_SERVICES EVENTS_SERVICES EXECUTIVE_OFFICE "
    "FACILITIES_SERVICES FARMING FINANCIAL_SERVICES FINE_ART FISHERY FOOD_BEVERAGES FOOD_PRODUCTION FUND_RAISING "
    "FURNITURE GAMBLING_CASINOS GLASS_CERAMICS_CONCRETE GOVERNMENT_ADMINISTRATION GOVERNMENT_RELATIONS "
    "GRAPHIC_DESIGN HEALTH_WELLNESS_AND_FITNESS HIGHER_EDUCATION HOSPITAL_HEALTH_CARE HOSPITALITY HUMAN_RESOURCES "
    "IMPORT_AND_EXPORT INDIVIDUAL_FAMILY_SERVICES INDUSTRIAL_AUTOMATION INFORMATION_SERVICES "
    "INFORMATION_TECHNOLOGY_AND_SERVICES INSURANCE INTERNATIONAL_AFFAIRS INTERNATIONAL_TRADE_AND_DEVELOPMENT "
    "INVESTMENT_BANKING INVESTMENT_MANAGEMENT JUDICIARY LAW_ENFORCEMENT LAW_PRACTICE LEGAL_SERVICES "
    "LEGISLATIVE_OFFICE LEISURE_TRAVEL_TOURISM LIBRARIES LOGISTICS_AND_SUPPLY_CHAIN LUXURY_GOODS_JEWELRY "
    "MACHINERY MANAGEMENT_CONSULTING MARITIME MARKET_RESEARCH MARKETING_AND_ADVERTISING "
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING MEDIA_PRODUCTION MEDICAL_DEVICES MEDICAL_PRACTICE MENTAL_HEALTH_CARE "
    "MILITARY MINING_METALS MOTION_PICTURES_AND_FILM MUSEUMS_AND_INSTITUTIONS MUSIC NANOTECHNOLOGY NEWSPAPERS "
    "NON_PROFIT_ORGANIZATION_MANAGEMENT OIL_ENERGY ONLINE_MEDIA OUTSOURCING_OFFSHORING PACKAGE_FREIGHT_DELIVERY "
    "PACKAGING_AND_CONTAINERS PAPER_FOREST_PRODUCTS PERFORMING_ARTS PHARMACEUTICALS PHILANTHROPY PHOTOGRAPHY "
    "PLASTICS POLITICAL_ORGANIZATION PRIMARY_SECONDARY_EDUCATION PRINTING PROFESSIONAL_TRAINING_COACHING "
    "PROGRAM_DEVELOPMENT PUBLIC_POLICY PUBLIC_RELATIONS_AND_COMMUNICATIONS PUBLIC_SAFETY PUBLISHING "
    "RAILROAD_MANUFACTURE RANCHING REAL_ESTATE RECREATIONAL_FACILITIES_AND_SERVICES RELIGIOUS_INSTITUTIONS "
    "RENEWABLES_ENVIRONMENT RESEARCH RESTAURANTS RETAIL SECURITY_AND_INVESTIGATIONS SEMICONDUCTORS SHIPBUILDING "
    "SPORTING_GOODS SPORTS STAFFING_AND_RECRUITING SUPERMARKETS TELECOMMUNICATIONS TEXTILES THINK_TANKS TOBACCO "
    "TRANSLATION_AND_LOCALIZATION TRANSPORTATION_TRUCKING_RAILROAD UTILITIES VENTURE_CAPITAL_PRIVATE_EQUITY "
    "VETERINARY WAREHOUSING WHOLESALE WINE_AND_SPIRITS WIRELESS WRITING_AND_EDITING"
).split()
