"""The fields of a fresh org: `api name | label | data type | marks`.

Marks: a number is the length; `ro` cannot be written; `must` is mandatory; `=list` has these options; `>Module` looks
up a record there.
"""

EVERYWHERE = """
id | Record Id | bigint | ro
Owner | Owner | ownerlookup |
Created_By | Created By | ownerlookup | ro
Modified_By | Modified By | ownerlookup | ro
Created_Time | Created Time | datetime | ro
Modified_Time | Modified Time | datetime | ro
Last_Activity_Time | Last Activity Time | datetime | ro
Tag | Tag | text | 2000
Record_Status__s | Record Status | picklist | ro =statuses
Locked__s | Locked | boolean | ro
Description | Description | textarea | 32000
"""

CONTACTS = """
Salutation | Salutation | picklist | =salutations
First_Name | First Name | text | 40
Last_Name | Last Name | text | 80 must
Full_Name | Full Name | text | 80 ro
Account_Name | Account Name | lookup | >Accounts
Email | Email | email | 100
Secondary_Email | Secondary Email | email | 100
Phone | Phone | phone | 30
Mobile | Mobile | phone | 30
Home_Phone | Home Phone | phone | 30
Other_Phone | Other Phone | phone | 30
Fax | Fax | phone | 30
Title | Title | text | 100
Department | Department | text | 50
Assistant | Assistant | text | 50
Reporting_To | Reporting To | lookup | >Contacts
Lead_Source | Lead Source | picklist | =sources
Date_of_Birth | Date of Birth | date |
Email_Opt_Out | Email Opt Out | boolean |
Skype_ID | Skype ID | text | 50
Twitter | Twitter | text | 50
Mailing_Street | Mailing Street | text | 250
Mailing_City | Mailing City | text | 100
Mailing_State | Mailing State | text | 100
Mailing_Zip | Mailing Zip | text | 30
Mailing_Country | Mailing Country | text | 100
Other_Street | Other Street | text | 250
Other_City | Other City | text | 100
Other_Country | Other Country | text | 100
"""

ACCOUNTS = """
Account_Name | Account Name | text | 200 must
Website | Website | website | 450
Phone | Phone | phone | 30
Fax | Fax | phone | 30
Account_Number | Account Number | bigint | 19
Account_Site | Account Site | text | 80
Account_Type | Account Type | picklist | =account_types
Industry | Industry | picklist | =industries
Ownership | Ownership | picklist | =ownerships
Rating | Rating | picklist | =ratings
Employees | Employees | integer | 9
Annual_Revenue | Annual Revenue | currency | 16
SIC_Code | SIC Code | integer | 9
Ticker_Symbol | Ticker Symbol | text | 30
Parent_Account | Parent Account | lookup | >Accounts
Billing_Street | Billing Street | text | 250
Billing_City | Billing City | text | 100
Billing_State | Billing State | text | 100
Billing_Code | Billing Code | text | 30
Billing_Country | Billing Country | text | 100
Shipping_Street | Shipping Street | text | 250
Shipping_City | Shipping City | text | 100
Shipping_Country | Shipping Country | text | 100
"""

DEALS = """
Deal_Name | Deal Name | text | 120 must
Account_Name | Account Name | lookup | >Accounts
Contact_Name | Contact Name | lookup | >Contacts
Amount | Amount | currency | 16
Closing_Date | Closing Date | date |
Pipeline | Pipeline | picklist | must =pipelines
Stage | Stage | picklist | must =stages
Probability | Probability (%) | integer | 3
Expected_Revenue | Expected Revenue | currency | 16 ro
Type | Type | picklist | =deal_types
Lead_Source | Lead Source | picklist | =sources
Next_Step | Next Step | text | 100
Reason_For_Loss__s | Reason For Loss | picklist | =losses
Lead_Conversion_Time | Lead Conversion Time | integer | 9 ro
Sales_Cycle_Duration | Sales Cycle Duration | integer | 9 ro
Overall_Sales_Duration | Overall Sales Duration | integer | 9 ro
"""

LEADS = """
Salutation | Salutation | picklist | =salutations
First_Name | First Name | text | 40
Last_Name | Last Name | text | 80 must
Full_Name | Full Name | text | 80 ro
Company | Company | text | 200 must
Designation | Title | text | 100
Email | Email | email | 100
Secondary_Email | Secondary Email | email | 100
Phone | Phone | phone | 30
Mobile | Mobile | phone | 30
Fax | Fax | phone | 30
Website | Website | website | 450
Lead_Source | Lead Source | picklist | =sources
Lead_Status | Lead Status | picklist | =lead_statuses
Industry | Industry | picklist | =industries
No_of_Employees | No. of Employees | integer | 16
Annual_Revenue | Annual Revenue | currency | 16
Rating | Rating | picklist | =ratings
Email_Opt_Out | Email Opt Out | boolean |
Street | Street | text | 250
City | City | text | 100
State | State | text | 100
Zip_Code | Zip Code | text | 30
Country | Country | text | 100
"""

OPTIONS = {
    "statuses": "Available|Draft|Trash",
    "salutations": "Mr.|Mrs.|Ms.|Dr.|Prof.",
    "sources": "Advertisement|Cold Call|Employee Referral|External Referral|Online Store|Partner|Public Relations|"
    "Sales Email Alias|Seminar Partner|Internal Seminar|Trade Show|Web Download|Web Research|Chat",
    "account_types": "Analyst|Competitor|Customer|Distributor|Integrator|Investor|Other|Partner|Press|Prospect|"
    "Reseller|Supplier|Vendor",
    "industries": "ASP (Application Service Provider)|Data/Telecom OEM|ERP (Enterprise Resource Planning)|"
    "Government/Military|Large Enterprise|ManagementISV|MSP (Management Service Provider)|"
    "Network Equipment Enterprise|Non-management ISV|Optical Networking|Service Provider|Small/Medium Enterprise|"
    "Storage Equipment|Storage Service Provider|Systems Integrator|Wireless Industry|ERP|Management ISV",
    "ownerships": "Other|Private|Public|Subsidiary|Partnership|Government|Privately Held|Public Company",
    "ratings": "Acquired|Active|Market Failed|Project Cancelled|Shut Down",
    "lead_statuses": "Attempted to Contact|Contact in Future|Contacted|Junk Lead|Lost Lead|Not Contacted|"
    "Pre-Qualified|Not Qualified",
    "deal_types": "Existing Business|New Business",
    "losses": "Expectation Mismatch|Price|Unqualified Customer|Lack of response|Missed Follow Ups|Wrong Target|"
    "Competition|Future Interest|Other",
}
