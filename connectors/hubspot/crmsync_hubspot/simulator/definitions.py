"""The properties of a fresh portal, one a line: name, label, widget, and marks.

Widgets stand for a pair of type and fieldType. Marks: `ro` the value is calculated, `unique` usable as idProperty,
`open` the options come from elsewhere (`>NAME` names the referenced object), `date` a datetime shown as a date.
"""

from __future__ import annotations

# widget -> type, fieldType
WIDGETS = {
    "text": ("string", "text"),
    "area": ("string", "textarea"),
    "html": ("string", "html"),
    "phone": ("string", "phonenumber"),
    "number": ("number", "number"),
    "day": ("date", "date"),
    "time": ("datetime", "date"),
    "select": ("enumeration", "select"),
    "radio": ("enumeration", "radio"),
    "many": ("enumeration", "checkbox"),
    "yesno": ("enumeration", "booleancheckbox"),
    "bool": ("bool", "booleancheckbox"),
    "formula": ("number", "calculation_equation"),
    "rollup": ("number", "calculation_rollup"),
    "json": ("json", "text"),
}

EVERYWHERE = """
createdate | Create Date | time | ro
hs_object_id | Record ID | number | ro
hs_merged_object_ids | Merged record IDs | many | ro open
hs_object_source | Record creation source | text | ro
hs_object_source_label | Record source | select | ro open
hs_object_source_id | Record creation source ID | text | ro
hs_created_by_user_id | Created by user ID | number | ro
hs_updated_by_user_id | Updated by user ID | number | ro
hs_all_owner_ids | All owner IDs | many | ro open
hs_read_only | Read only object | bool | ro
hs_unique_creation_key | Unique creation key | text | ro
hubspot_owner_id | Owner | select | open >OWNER
hubspot_owner_assigneddate | Owner assigned date | time | ro
hubspot_team_id | Owner's main team | select | ro open
num_notes | Number of times contacted | number | ro
notes_last_updated | Last Activity Date | time | ro
notes_last_contacted | Last Contacted | time | ro
notes_next_activity_date | Next Activity Date | time | ro
"""

CONTACTS = """
lastmodifieddate | Last Modified Date | time | ro
firstname | First Name | text |
lastname | Last Name | text |
salutation | Salutation | text |
email | Email | text | unique
hs_additional_emails | Additional email addresses | many | open
hs_email_domain | Email Domain | text | ro
hs_full_name_or_email | Full name or email | text | ro
phone | Phone Number | phone |
mobilephone | Mobile Phone Number | phone |
fax | Fax Number | phone |
jobtitle | Job Title | text |
company | Company Name | text |
industry | Industry | text |
address | Street Address | text |
city | City | text |
state | State/Region | text |
zip | Postal Code | text |
country | Country/Region | text |
website | Website URL | text |
hs_language | Preferred language | select |
hs_timezone | Time Zone | select |
date_of_birth | Date of birth | text |
hs_birthday | Birthday | day |
message | Message | area |
lifecyclestage | Lifecycle Stage | radio |
hs_lead_status | Lead Status | radio |
hs_buying_role | Buying Role | many |
hs_email_optout | Unsubscribed from all email | yesno |
hs_analytics_source | Original Traffic Source | select | ro
hs_analytics_num_page_views | Number of Pageviews | number | ro
hs_analytics_num_visits | Number of Sessions | number | ro
hs_analytics_first_timestamp | Time First Seen | time | ro
hs_lifecyclestage_lead_date | Became a Lead Date | time | ro
hs_lifecyclestage_customer_date | Became a Customer Date | time | ro
hs_calculated_merged_vids | Merged vids with timestamps | many | ro open
hs_calculated_phone_number | Calculated Phone Number | text | ro
hs_is_unworked | Is Contact Unworked | bool | ro
hs_marketable_status | Marketing contact status | yesno | ro
hs_content_membership_notes | Membership Notes | area |
hs_lead_score_details | Lead score details | json | ro
hubspotscore | HubSpot Score | formula | ro
annualrevenue | Annual Revenue | text |
numemployees | Number of Employees | select |
associatedcompanyid | Primary Associated Company ID | number | >COMPANY
closedate | Close Date | time |
"""

COMPANIES = """
hs_lastmodifieddate | Last Modified Date | time | ro
name | Company name | text |
domain | Company Domain Name | text |
hs_additional_domains | Additional Domains | many | open
website | Website URL | text |
phone | Phone Number | phone |
description | Description | area |
about_us | About Us | area |
industry | Industry | select |
type | Type | select |
numberofemployees | Number of Employees | number |
annualrevenue | Annual Revenue | number |
founded_year | Year Founded | text |
is_public | Is Public | bool |
address | Street Address | text |
address2 | Street Address 2 | text |
city | City | text |
state | State/Region | text |
zip | Postal Code | text |
country | Country/Region | text |
timezone | Time Zone | text |
hs_timezone | Time Zone (list) | select |
linkedin_company_page | LinkedIn Company Page | text |
twitterhandle | Twitter Handle | text |
lifecyclestage | Lifecycle Stage | radio |
hs_lead_status | Lead Status | radio |
hs_analytics_source | Original Traffic Source | select | ro
hs_parent_company_id | Parent Company | number | ro >COMPANY
recent_deal_amount | Recent Deal Amount | number | ro
total_money_raised | Total Money Raised | text |
closedate | Close Date | time |
"""

DEALS = """
hs_lastmodifieddate | Last Modified Date | time | ro
dealname | Deal Name | text |
amount | Amount | number |
amount_in_home_currency | Amount in company currency | number | ro
deal_currency_code | Currency | select |
dealstage | Deal Stage | radio | open
pipeline | Pipeline | select | open
closedate | Close Date | time |
dealtype | Deal Type | radio |
description | Deal Description | area |
hs_priority | Priority | select |
hs_next_step | Next step | text |
hs_manual_forecast_category | Forecast category | select |
hs_analytics_source | Original Traffic Source | select | ro
hs_forecast_amount | Forecast amount | number |
hs_forecast_probability | Forecast probability | number |
hs_deal_stage_probability | Deal probability | number | ro
hs_is_closed | Is Deal Closed? | bool | ro
hs_is_closed_won | Is Closed Won | bool | ro
hs_closed_amount | Closed Deal Amount | formula | ro
hs_projected_amount | Weighted amount | formula | ro
hs_acv | Annual contract value | number |
hs_arr | Annual recurring revenue | number |
hs_mrr | Monthly recurring revenue | number |
hs_tcv | Total contract value | number |
closed_lost_reason | Closed Lost Reason | area |
closed_won_reason | Closed Won Reason | area |
days_to_close | Days to close | rollup | ro
"""

TICKETS = """
hs_lastmodifieddate | Last modified date | time | ro
subject | Ticket name | text |
content | Ticket description | area |
hs_pipeline | Pipeline | select | open
hs_pipeline_stage | Ticket status | radio | open
hs_ticket_priority | Priority | select |
"""

GROUPS = {
    "contacts": ("contactinformation", "Contact information"),
    "companies": ("companyinformation", "Company information"),
    "deals": ("dealinformation", "Deal information"),
    "tickets": ("ticketinformation", "Ticket information"),
}
