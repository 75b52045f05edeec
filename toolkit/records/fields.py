"""Field types as the documentation gives them, for reading without asking the portal.

`crm.item.fields` is asked when a snapshot is taken and wins; these tables serve the entities that have no
such method, the fields it leaves out (`searchContent`, `phoneWork`), and snapshots written without a portal.
One line per type: `type: field field ...`; `[]` after a type means a list of it.

Source:
    api-reference/crm/universal/object-fields.md, api-reference/crm/timeline/activities/activity-base/
    crm-activity-fields.md, api-reference/user/user-get.md, api-reference/departments/department-get.md,
    api-reference/telephony/voximplant/voximplant-statistic-get.md, api-reference/crm/requisites/universal/
    index.md, api-reference/crm/requisites/bank-detail/crm-requisite-bank-detail-list.md,
    api-reference/crm/universal/category/crm-category-list.md, api-reference/crm/status/crm-status-list.md,
    api-reference/crm/crm-stage-history-list.md, api-reference/bizproc/bizproc-workflow-instances.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DOCUMENTED", "definitions"]

_COMMON = """
integer: id entityTypeId webformId
user: assignedById createdBy updatedBy lastActivityBy
datetime: createdTime updatedTime lastActivityTime
boolean: opened
string: utmSource utmMedium utmCampaign utmContent utmTerm
user[]: observers
"""

_CONVERSATION = """
boolean: hasPhone hasEmail hasImol
string: emailHome emailWork emailMailing phoneMobile phoneWork phoneMailing imol email phone
crm_multifield: fm
text: searchContent comments address
"""

_MONEY = """
double: opportunity taxValue
boolean: isManualOpportunity
crm_currency: currencyId
"""

_PERSON = """
string: name lastName secondName shortName fullName post login originatorId originId
date: birthdate
crm_status: honorific sourceId
text: sourceDescription
"""

_MOVES = """
user: movedBy
datetime: movedTime
crm_status: stageId previousStageId sourceId
crm_category: categoryId
crm_company: companyId mycompanyId
crm_contact: contactId
crm_contact[]: contactIds
date: begindate closedate
string: xmlId title
text: sourceDescription
location: locationId
"""

_SHORT_DATES = """
datetime: dateCreateShort dateModifyShort begindateShort closedateShort eventDateShort
"""

DOCUMENTED: Mapping[str, str] = {
    "lead": _COMMON
    + _CONVERSATION
    + _PERSON
    + _SHORT_DATES
    + """
string: title companyTitle productId stageSemanticId skype icq
crm_status: stageId
crm_company: companyId
crm_contact: contactId
crm_contact[]: contactIds
boolean: isConvert isReturnCustomer isManualOpportunity
double: opportunity
crm_currency: currencyId
text: statusDescription
datetime: dateClosed movedTime
user: movedBy
""",
    "deal": _COMMON
    + _MONEY
    + _SHORT_DATES
    + """
string: title productId stageSemanticId originatorId originId additionalInfo orderStage receivedAmount
string: lostAmount
crm_lead: leadId
crm_company: companyId
crm_contact: contactId
crm_contact[]: contactIds
crm_quote: quoteId
crm_category: categoryId
crm_status: stageId typeId eventId sourceId
boolean: isNew isRecurring isReturnCustomer isRepeatedApproach closed isWork isWon isLose hasProducts
integer: probability
text: comments eventDescription sourceDescription searchContent
date: begindate closedate
datetime: eventDate movedTime
user: movedBy
location: locationId
""",
    "contact": _COMMON
    + _CONVERSATION
    + _PERSON
    + """
string: originVersion
crm_company: companyId
crm_company[]: companyIds
crm_lead: leadId
crm_status: typeId
crm_category: categoryId
boolean: export
file: photo
""",
    "company": _COMMON
    + _CONVERSATION
    + """
string: title bankingDetails originatorId originId originVersion
text: addressLegal
crm_status: typeId industry employees
double: revenue
crm_currency: currencyId
crm_lead: leadId
crm_category: categoryId
boolean: isMyCompany
file: logo ufLogo ufStamp ufDirectorSign ufAccountantSign
crm_contact[]: contactIds
""",
    "quote": _COMMON
    + _MONEY
    + _SHORT_DATES
    + """
crm_lead: leadId
crm_deal: dealId
crm_company: companyId mycompanyId
crm_contact: contactId
crm_contact[]: contactIds
integer: personTypeId commentsType contentType termsType storageTypeId
integer[]: storageElementIds
string: title quoteNumber clientTitle clientAddr clientContact clientEmail clientPhone clientTpId clientTpaId
text: comments content terms searchContent
crm_status: stageId
boolean: closed hasProducts
date: begindate closedate actualDate
location: locationId
""",
    "invoice": _COMMON + _MONEY + _MOVES + "string: accountNumber\ntext: comments\n",
    "item": _COMMON
    + _MONEY
    + _MOVES
    + "double: opportunityAccount taxValueAccount\ncrm_currency: accountCurrencyId\n",
    "user": """
integer: ID
boolean: ACTIVE IS_ONLINE
string: XML_ID NAME LAST_NAME SECOND_NAME TITLE EMAIL TIME_ZONE USER_TYPE WORK_POSITION WORK_PHONE
string: PERSONAL_GENDER PERSONAL_MOBILE PERSONAL_PHONE PERSONAL_WWW PERSONAL_CITY PERSONAL_PHOTO
string: UF_PHONE_INNER WORK_COMPANY TIME_ZONE_OFFSET UF_SKYPE
datetime: LAST_LOGIN DATE_REGISTER TIMESTAMP_X LAST_ACTIVITY_DATE
date: PERSONAL_BIRTHDAY UF_EMPLOYMENT_DATE
iblock_section[]: UF_DEPARTMENT
""",
    "department": """
integer: ID SORT
iblock_section: PARENT
string: NAME
user: UF_HEAD
""",
    "activity": """
integer: ID OWNER_ID ASSOCIATED_ENTITY_ID AUTOCOMPLETE_RULE NOTIFY_VALUE RESULT_MARK
integer: RESULT_STATUS RESULT_STREAM
crm_enum_ownertype: OWNER_TYPE_ID
crm_enum_activitytype: TYPE_ID
crm_enum_contenttype: DESCRIPTION_TYPE
crm_enum_activitydirection: DIRECTION
crm_enum_activitynotifytype: NOTIFY_TYPE
crm_enum_activitypriority: PRIORITY
crm_enum_activitystatus: STATUS
user: AUTHOR_ID EDITOR_ID RESPONSIBLE_ID
char: COMPLETED IS_INCOMING_CHANNEL
datetime: CREATED DEADLINE END_TIME LAST_UPDATED START_TIME
string: SUBJECT DESCRIPTION LOCATION ORIGINATOR_ID ORIGIN_ID ORIGIN_VERSION PROVIDER_DATA PROVIDER_GROUP_ID
string: PROVIDER_ID PROVIDER_TYPE_ID RESULT_CURRENCY_ID RESULT_SOURCE_ID
double: RESULT_SUM RESULT_VALUE
object: SETTINGS PROVIDER_PARAMS BINDINGS COMMUNICATIONS
diskfile[]: FILES WEBDAV_ELEMENTS
""",
    "call": """
integer: ID CALL_DURATION CALL_TYPE CALL_VOTE CRM_ACTIVITY_ID CRM_ENTITY_ID REST_APP_ID RECORD_DURATION
integer: REDIAL_ATTEMPT TRANSCRIPT_ID
user: PORTAL_USER_ID
string: PORTAL_NUMBER PHONE_NUMBER CALL_ID EXTERNAL_CALL_ID CALL_CATEGORY CALL_LOG CALL_RECORD_URL
string: COST_CURRENCY CALL_FAILED_CODE CALL_FAILED_REASON CRM_ENTITY_TYPE REST_APP_NAME SESSION_ID COMMENT
char: TRANSCRIPT_PENDING
datetime: CALL_START_DATE
double: COST
file: RECORD_FILE_ID
""",
    "requisite": """
integer: ID ENTITY_TYPE_ID ENTITY_ID PRESET_ID SORT
datetime: DATE_CREATE DATE_MODIFY
user: CREATED_BY_ID MODIFY_BY_ID
string: NAME CODE XML_ID ORIGINATOR_ID RQ_NAME RQ_FIRST_NAME RQ_LAST_NAME RQ_SECOND_NAME RQ_COMPANY_NAME
string: RQ_COMPANY_FULL_NAME RQ_COMPANY_REG_DATE RQ_DIRECTOR RQ_ACCOUNTANT RQ_CONTACT RQ_EMAIL RQ_PHONE RQ_FAX
string: RQ_INN RQ_KPP RQ_IFNS RQ_OGRN RQ_OGRNIP RQ_OKPO RQ_OKTMO RQ_OKVED
char: ACTIVE ADDRESS_ONLY RQ_VAT_PAYER
""",
    "bankdetail": """
integer: ID ENTITY_ID COUNTRY_ID SORT
datetime: DATE_CREATE DATE_MODIFY
user: CREATED_BY_ID MODIFY_BY_ID
string: NAME CODE XML_ID ORIGINATOR_ID COMMENTS RQ_BANK_NAME RQ_BANK_ADDR RQ_BANK_CODE RQ_BIK RQ_ACC_NAME
string: RQ_ACC_NUM RQ_ACC_TYPE RQ_ACC_CURRENCY RQ_COR_ACC_NUM RQ_IBAN RQ_SWIFT RQ_BIC
char: ACTIVE
""",
    "address": """
integer: ID TYPE_ID ENTITY_TYPE_ID ENTITY_ID ANCHOR_TYPE_ID ANCHOR_ID LOC_ADDR_ID
string: ADDRESS_1 ADDRESS_2 CITY POSTAL_CODE REGION PROVINCE COUNTRY COUNTRY_CODE
""",
    "requisitelink": """
integer: ID ENTITY_TYPE_ID ENTITY_ID REQUISITE_ID BANK_DETAIL_ID MC_REQUISITE_ID MC_BANK_DETAIL_ID
""",
    "workflow": """
integer: NUMBER TEMPLATE_ID
user: STARTED_BY
string: ID MODULE_ID ENTITY DOCUMENT_ID
datetime: MODIFIED OWNED_UNTIL STARTED
""",
    "task": """
integer: id parentId status priority groupId timeEstimate
string: title description mark
crm[]: ufCrmTask
user: responsibleId createdBy changedBy closedBy statusChangedBy
datetime: createdDate changedDate closedDate statusChangedDate deadline startDatePlan endDatePlan
datetime: dateStart activityDate
""",
    "list": """
integer: ID SORT SOCNET_GROUP_ID
string: IBLOCK_TYPE_ID CODE NAME DESCRIPTION
datetime: TIMESTAMP_X
""",
    "listcolumn": """
integer: ID
""",
    "listelement": """
integer: ID IBLOCK_SECTION_ID SORT
string: NAME CODE PREVIEW_TEXT DETAIL_TEXT
user: CREATED_BY
datetime: DATE_CREATE TIMESTAMP_X
""",
    "category": """
integer: id sort entityTypeId
string: name originId originatorId code
boolean: isDefault isSystem
""",
    "status": """
integer: ID SORT
string: ENTITY_ID STATUS_ID NAME NAME_INIT COLOR SEMANTICS
crm_category: CATEGORY_ID
boolean: SYSTEM
object: EXTRA
""",
    "stagehistory": """
integer: ID TYPE_ID OWNER_ID
datetime: CREATED_TIME
crm_category: CATEGORY_ID
string: STAGE_ID STAGE_SEMANTIC_ID STATUS_ID STATUS_SEMANTIC_ID
""",
    "type": """
integer: id entityTypeId customSectionId
string: title code
user: createdBy updatedBy
datetime: createdTime updatedTime
boolean: isCategoriesEnabled isStagesEnabled isBeginCloseDatesEnabled isClientEnabled isObserversEnabled
boolean: isSourceEnabled isAutomationEnabled isLinkWithProductsEnabled isMycompanyEnabled isRecyclebinEnabled
object: relations linkedUserFields customSections
""",
    "userfield": """
integer: id sort
string: entityId fieldName userTypeId xmlId
boolean: multiple mandatory showFilter showInList editInList isSearchable
object: settings
""",
    "transcript": """
integer: ID
string: transcription
""",
    "card": """
integer: ID
object: value
""",
    "relation": """
integer: ID id
object: relations
""",
    "pipeline": """
integer: id sort entityTypeId
string: name code
boolean: isDefault isSystem
""",
    "field": """
string: name type title upperName statusType
boolean: isRequired isReadOnly isImmutable isMultiple isDynamic isDeprecated
object: settings items
""",
}


def definitions(kind: str) -> dict[str, dict[str, Any]]:
    """Field name to `{type, isMultiple, isDynamic}`, in the shape `crm.item.fields` answers.

    Args:
        kind: a key of `DOCUMENTED`.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in DOCUMENTED[kind].split("\n"):
        portal_type, _, names = line.partition(":")
        multiple = portal_type.endswith("[]")
        for name in names.split():
            found[name] = {
                "type": portal_type.removesuffix("[]"),
                "isMultiple": multiple,
                "isDynamic": name.startswith(("UF_", "ufCrm")),
            }
    return found
