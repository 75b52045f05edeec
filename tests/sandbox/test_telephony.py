"""Telephony: calls registered and finished, their recordings, lines, and the statistics."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.subjects.files import keep_sound, tone

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]
AsApp = Callable[..., httpx.Response]

BROWSER = {
    "User-Agent": "b24kit-tests/1",
    "Accept": "*/*",
    "Accept-Language": "en-US,en;q=0.9",
    "Referer": "https://sandbox.local/",
}
RING = {"USER_ID": 1, "PHONE_NUMBER": "+7 (900) 111-22-33", "TYPE": 2}


@pytest.fixture
def contact(result: Result) -> int:
    phone = [{"typeId": "PHONE", "valueType": "WORK", "value": "8 900 111-22-33"}]
    fields = {"name": "Анна", "lastName": "Иванова", "fm": phone}
    return result("crm.item.add", entityTypeId=3, fields=fields)["item"]["id"]


@pytest.fixture
def tele(as_app: AsApp) -> Callable[..., Any]:
    """`tele("register", PHONE_NUMBER=...)`: what an application gets from telephony.externalCall.*."""

    def send(name: str, /, **params: Any) -> Any:
        body = as_app(f"telephony.externalCall.{name}", params).json()
        assert "result" in body, body
        return body["result"]

    return send


@pytest.fixture
def http(portal: Sandbox) -> httpx.Client:
    return httpx.Client(transport=InProcessTransport(portal), headers=BROWSER)


def test_webhooks_may_not_register_calls(refusal: Refusal) -> None:
    for name in ("externalCall.register", "externalCall.finish", "externalLine.add", "externalLine.get"):
        assert refusal(f"telephony.{name}")[:2] == (403, "WRONG_AUTH_TYPE")


def test_a_caller_is_recognised_whatever_the_spelling(tele: Callable[..., Any], contact: int) -> None:
    answer = tele("register", **RING)

    assert answer["CALL_ID"].startswith("externalCall.")
    assert (answer["CRM_ENTITY_TYPE"], answer["CRM_ENTITY_ID"]) == ("CONTACT", contact)
    assert (answer["CRM_CREATED_LEAD"], answer["CRM_CREATED_ENTITIES"]) == (None, [])


def test_registering_alone_writes_no_activity_and_no_statistics(
    tele: Callable[..., Any], result: Result, contact: int
) -> None:
    tele("register", **RING)

    assert result("crm.activity.list") == []
    assert result("voximplant.statistic.get") == []


def test_a_finished_call_is_in_the_statistics_and_in_the_timeline(
    tele: Callable[..., Any], as_app: AsApp, result: Result, contact: int
) -> None:
    ring = tele("register", **RING, CALL_START_DATE="2025-12-30T10:20:30+03:00", EXTERNAL_CALL_ID="pbx-1")

    raw = as_app("telephony.externalCall.finish", {"CALL_ID": ring["CALL_ID"], "USER_ID": 1, "DURATION": 95})
    done = raw.json()["result"]

    assert b'"CALL_START_DATE":{}' in raw.content
    assert (done["INCOMING"], done["CALL_FAILED_CODE"], done["CALL_STATUS"]) == ("2", "200", 1)
    assert (done["CALL_DURATION"], done["COST"], done["PORTAL_USER_ID"]) == (95, 0, 1)
    assert isinstance(done["REST_APP_ID"], str)
    (row,) = result("voximplant.statistic.get")
    assert row["ID"] == str(done["ID"])
    assert row["CALL_START_DATE"] == "2025-12-30T10:20:30+03:00"
    assert (row["CALL_DURATION"], row["COST"], row["CALL_TYPE"]) == ("95", "0.0000", "2")
    assert row["CRM_ACTIVITY_ID"] == str(done["CRM_ACTIVITY_ID"])
    activity = result("crm.activity.get", id=done["CRM_ACTIVITY_ID"])
    assert (activity["TYPE_ID"], activity["DIRECTION"], activity["COMPLETED"]) == ("2", "1", "Y")
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == ("3", str(contact))
    assert activity["END_TIME"] == "2025-12-30T10:22:05+03:00"


def test_a_missed_call_waits_to_be_answered(tele: Callable[..., Any], result: Result, contact: int) -> None:
    ring = tele("register", **RING)

    done = tele("finish", CALL_ID=ring["CALL_ID"], USER_ID=1)

    assert (done["CALL_FAILED_CODE"], done["CALL_STATUS"]) == ("304", 0)
    assert result("crm.activity.get", id=done["CRM_ACTIVITY_ID"])["COMPLETED"] == "N"


def test_within_half_an_hour_the_same_call_is_not_registered_twice(
    tele: Callable[..., Any], portal: Sandbox
) -> None:
    assert isinstance(portal.clock, PlayedClock)
    first = tele("register", **RING, CALL_START_DATE="2020-01-01T10:00:00+03:00")

    other_start = tele("register", **RING, CALL_START_DATE="2021-05-05T10:00:00+03:00")
    other_id = tele("register", **RING, EXTERNAL_CALL_ID="2")
    portal.clock.spend(1801)
    later = tele("register", **RING)

    assert other_start["CALL_ID"] == first["CALL_ID"]
    assert len({first["CALL_ID"], other_id["CALL_ID"], later["CALL_ID"]}) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"USER_ID": None}, "USER_ID or USER_PHONE_INNER should be set"),
        ({"USER_ID": 99}, "User is not found or is not active"),
        ({"USER_ID": None, "USER_PHONE_INNER": "777"}, "User is not found or is not active"),
        ({"TYPE": 7}, "Unknown TYPE"),
        ({"PHONE_NUMBER": "anonymous"}, "Unsupported phone number format."),
        ({"CALL_START_DATE": "01.02.2026 10:00"}, "CALL_START_DATE should be in the ISO-8601 format"),
    ],
)
def test_register_refuses_in_words(as_app: AsApp, change: dict[str, Any], words: str) -> None:
    answer = as_app("telephony.externalCall.register", {**RING, **change})

    assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_CORE")
    assert answer.json()["error_description"] == words


def test_calls_of_dismissed_staff_are_refused(as_app: AsApp, portal: Sandbox) -> None:
    gone = portal.store.insert("user", {"NAME": "Бывший", "ACTIVE": "N", "UF_PHONE_INNER": "105"})

    for who in ({"USER_ID": gone}, {"USER_ID": None, "USER_PHONE_INNER": "105"}):
        answer = as_app("telephony.externalCall.register", {**RING, **who})
        assert answer.json()["error_description"] == "User is not found or is not active"


def test_a_call_ends_once(as_app: AsApp, tele: Callable[..., Any]) -> None:
    ring = tele("register", **RING)
    tele("finish", CALL_ID=ring["CALL_ID"], USER_ID=1, DURATION=5)

    for call_id in (ring["CALL_ID"], "externalCall.unknown"):
        again = as_app("telephony.externalCall.finish", {"CALL_ID": call_id, "USER_ID": 1}).json()
        assert again["error"] == "ERROR_CORE"
        assert again["error_description"].startswith("Call is not found")
    no_text = as_app("telephony.externalCall.finish", {"CALL_ID": 5, "USER_ID": 1})
    assert (no_text.status_code, no_text.json()["error"]) == (400, "INVALID_ARGUMENT")


def test_an_unknown_number_becomes_a_lead_when_asked(tele: Callable[..., Any], result: Result) -> None:
    silent = tele("register", **RING)
    asked = tele("register", **RING, CRM_CREATE=1, EXTERNAL_CALL_ID="x")

    assert (silent["CRM_ENTITY_TYPE"], silent["CRM_ENTITY_ID"]) == (None, None)
    lead = asked["CRM_CREATED_LEAD"]
    assert asked["CRM_CREATED_ENTITIES"] == [{"ENTITY_TYPE": "LEAD", "ENTITY_ID": lead}]
    item = result("crm.item.get", entityTypeId=1, id=lead)["item"]
    assert (item["fm"][0]["value"], item["sourceId"]) == ("+79001112233", "CALL")


def test_an_outgoing_call_on_a_line_that_creates_makes_a_lead(
    as_app: AsApp, tele: Callable[..., Any]
) -> None:
    assert as_app("telephony.externalLine.add", {"NUMBER": "100"}).json()["result"] == {"ID": 1}
    as_app("telephony.externalLine.add", {"NUMBER": "200", "CRM_AUTO_CREATE": "N"})
    out = {**RING, "TYPE": 1}

    quiet = tele("register", **out, LINE_NUMBER="200")
    incoming = tele("register", **RING, LINE_NUMBER="100")
    creating = tele("register", **out, LINE_NUMBER="100")

    assert [quiet["CRM_CREATED_LEAD"], incoming["CRM_CREATED_LEAD"]] == [None, None]
    assert isinstance(creating["CRM_CREATED_LEAD"], int)


def test_without_leads_a_contact_and_a_deal_are_made(
    tele: Callable[..., Any], result: Result, portal: Sandbox
) -> None:
    portal.store.db.execute("UPDATE setting SET VALUE = '2' WHERE NAME = 'crm_mode'")

    ring = tele("register", **RING, CRM_CREATE=1)
    done = tele("finish", CALL_ID=ring["CALL_ID"], USER_ID=1, DURATION=10)

    assert ring["CRM_CREATED_LEAD"] is None
    assert [each["ENTITY_TYPE"] for each in ring["CRM_CREATED_ENTITIES"]] == ["CONTACT", "DEAL"]
    bound = result("crm.activity.binding.list", activityId=done["CRM_ACTIVITY_ID"])
    assert [each["entityTypeId"] for each in bound] == [3, 2]


def test_lines_belong_to_their_application(as_app: AsApp) -> None:
    def line(name: str, **params: Any) -> Any:
        body = as_app(f"telephony.externalLine.{name}", params).json()
        return body.get("result", body.get("error_description"))

    line("add", NUMBER="100", NAME="Main")
    assert line("add", NUMBER="100") == "Line already exists"
    assert line("add") == "NUMBER should not be empty"
    assert line("update", NUMBER="100") == "There are no fields to update"
    assert line("update", NUMBER="100", CRM_AUTO_CREATE="N") == {"ID": "1"}
    assert line("get") == [{"NUMBER": "100", "NAME": "Main", "CRM_AUTO_CREATE": "N"}]
    assert line("delete", NUMBER="100") == []
    assert line("delete", NUMBER="100") == "Could not find line with number 100"


def test_cards_are_shown_and_hidden_and_unknown_calls_are_false(
    tele: Callable[..., Any], result: Result
) -> None:
    ring = tele("register", **RING)

    assert result("telephony.externalCall.hide", CALL_ID=ring["CALL_ID"], USER_ID=[1]) is True
    assert result("telephony.externalCall.show", CALL_ID=ring["CALL_ID"]) is True
    assert result("telephony.externalCall.show", CALL_ID="nobody", USER_ID=1) is False


def test_clients_are_found_with_who_answers_for_them(result: Result, refusal: Refusal, contact: int) -> None:
    (found,) = result("telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+79001112233")

    assert (found["CRM_ENTITY_TYPE"], found["CRM_ENTITY_ID"], found["NAME"]) == (
        "CONTACT",
        contact,
        "Анна Иванова",
    )
    assert found["ASSIGNED_BY"]["ID"] == "1"
    assert refusal("telephony.externalCall.searchCrmEntities") == (400, "ERROR_CORE", "PHONE_NUMBER is empty")


# -- recordings ----------------------------------------------------------------------------------


@pytest.fixture
def ended(tele: Callable[..., Any], contact: int) -> dict[str, Any]:
    ring = tele("register", **RING)
    done: dict[str, Any] = tele("finish", CALL_ID=ring["CALL_ID"], USER_ID=1, DURATION=3)
    return done


def test_a_recording_is_heard_through_its_signed_link(
    result: Result, http: httpx.Client, ended: dict[str, Any]
) -> None:
    sound = tone(1, 5)
    attached = result(
        "telephony.externalCall.attachRecord",
        CALL_ID=ended["CALL_ID"],
        FILENAME="talk.wav",
        FILE_CONTENT=base64.b64encode(sound).decode(),
    )

    (row,) = result("voximplant.statistic.get")
    file = result("disk.file.get", id=row["RECORD_FILE_ID"])
    (in_activity,) = result("crm.activity.list", select=["FILES"])[0]["FILES"]

    assert attached == {"FILE_ID": row["RECORD_FILE_ID"]}
    assert row["CALL_RECORD_URL"] is None
    for address in (file["DOWNLOAD_URL"], in_activity["url"]):
        answer = http.get(address)
        assert answer.content == sound
        assert answer.headers["content-type"] in ("audio/x-wav", "audio/wav")
        assert "talk.wav" in answer.headers["content-disposition"]


def test_a_download_without_a_browsers_headers_finds_a_named_nothing(
    result: Result, portal: Sandbox, ended: dict[str, Any]
) -> None:
    result("telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], RECORD_URL="https://pbx/talk.mp3")
    (row,) = result("voximplant.statistic.get")
    address = result("disk.file.get", id=row["RECORD_FILE_ID"])["DOWNLOAD_URL"]

    with httpx.Client(transport=InProcessTransport(portal)) as bare:
        for missing in BROWSER:
            headers = {name: value for name, value in BROWSER.items() if name != missing}
            answer = bare.get(address, headers={**headers, missing: ""})
            assert answer.status_code == 404
            assert "nginx" in answer.text
            assert "talk.mp3" in answer.headers["content-disposition"]


def test_a_changed_link_opens_nothing(result: Result, http: httpx.Client, ended: dict[str, Any]) -> None:
    result("telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], RECORD_URL="https://pbx/talk.wav")
    (row,) = result("voximplant.statistic.get")
    address = result("disk.file.get", id=row["RECORD_FILE_ID"])["DOWNLOAD_URL"]

    for broken in (address[:-6], address.replace("disk%7C", "crm%7C"), address.replace("auth=", "auth=0")):
        answer = http.get(broken)
        assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")


def test_an_applications_link_lives_an_hour_and_a_webhooks_has_no_end(
    result: Result, as_app: AsApp, portal: Sandbox, http: httpx.Client, ended: dict[str, Any]
) -> None:
    assert isinstance(portal.clock, PlayedClock)
    result("telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], RECORD_URL="https://pbx/talk.wav")
    (row,) = result("voximplant.statistic.get")
    by_app = as_app("disk.file.get", {"id": row["RECORD_FILE_ID"]}).json()["result"]["DOWNLOAD_URL"]
    by_hook = result("disk.file.get", id=row["RECORD_FILE_ID"])["DOWNLOAD_URL"]
    assert http.get(by_app).status_code == 200

    portal.clock.spend(3600)

    expired = http.get(by_app)
    assert (expired.status_code, expired.json()["error"]) == (401, "expired_token")
    assert http.get(by_hook).status_code == 200


def test_a_recording_is_uploaded_in_a_second_request(
    result: Result, http: httpx.Client, ended: dict[str, Any]
) -> None:
    where = result("telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], FILENAME="late.wav")
    assert where["fieldName"] == "file"
    sound = tone(0.2, 1)

    answer = http.post(where["uploadUrl"], files={"file": ("whatever.bin", sound)}).json()

    (row,) = result("voximplant.statistic.get")
    assert answer["result"] == {"FILE_ID": row["RECORD_FILE_ID"]}
    file = result("disk.file.get", id=row["RECORD_FILE_ID"])
    assert (file["NAME"], http.get(file["DOWNLOAD_URL"]).content) == ("late.wav", sound)


def test_a_second_recording_takes_the_place_of_the_first(
    result: Result, refusal: Refusal, ended: dict[str, Any]
) -> None:
    first, second = (
        result(
            "telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], RECORD_URL=f"https://p/{n}.wav"
        )
        for n in ("a", "b")
    )

    (row,) = result("voximplant.statistic.get")
    assert row["RECORD_FILE_ID"] == second["FILE_ID"]
    assert refusal("disk.file.get", id=first["FILE_ID"])[1] == "ERROR_NOT_FOUND"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "Required parameters are not set. Request should contain either URL or FILENAME parameter"),
        ({"FILENAME": ""}, "File name is empty"),
        ({"FILENAME": "a.ogg"}, "Wrong file extension. Only wav and mp3 are allowed"),
        ({"FILENAME": "a.wav", "FILE_CONTENT": ""}, "File content is empty."),
        (
            {"FILENAME": "a.wav", "FILE_CONTENT": "<<>>"},
            "File content is not properly encoded. Base64 encoding is expected.",
        ),
    ],
)
def test_attach_record_refuses_in_words(
    refusal: Refusal, ended: dict[str, Any], params: dict[str, Any], words: str
) -> None:
    asked = refusal("telephony.externalCall.attachRecord", CALL_ID=ended["CALL_ID"], **params)

    assert asked == (400, "ERROR_CORE", words)


def test_only_finished_calls_take_recordings_and_words(refusal: Refusal, tele: Callable[..., Any]) -> None:
    ring = tele("register", **RING)
    line = {"SIDE": "User", "START_TIME": 0, "STOP_TIME": 2, "MESSAGE": "Алло"}

    record = refusal("telephony.externalCall.attachRecord", CALL_ID=ring["CALL_ID"], FILENAME="a.wav")
    words = refusal("telephony.call.attachTranscription", CALL_ID=ring["CALL_ID"], MESSAGES=[line])

    assert record[2].startswith("Call is not found in the statistic table")
    assert words[2] == f"Call {ring['CALL_ID']} is not found. Is it finished?"


def test_a_transcription_is_noted_in_the_statistics(
    result: Result, refusal: Refusal, ended: dict[str, Any]
) -> None:
    line = {"SIDE": "User", "START_TIME": 0, "STOP_TIME": 2, "MESSAGE": "Алло"}

    made = result("telephony.call.attachTranscription", CALL_ID=ended["CALL_ID"], MESSAGES=[line])

    assert result("voximplant.statistic.get")[0]["TRANSCRIPT_ID"] == str(made["TRANSCRIPT_ID"])
    for change, words in (
        ({"SIDE": "Boss"}, "MESSAGES[0][SIDE] should be either Client or User"),
        ({"START_TIME": -1}, "MESSAGES[0][START_TIME] should be greater or equal to zero"),
        ({"STOP_TIME": 0}, "MESSAGES[0][STOP_TIME] should be greater than zero"),
        ({"MESSAGE": ""}, "MESSAGES[0][MESSAGE] is empty"),
    ):
        asked = refusal(
            "telephony.call.attachTranscription", CALL_ID=ended["CALL_ID"], MESSAGES=[{**line, **change}]
        )
        assert asked == (400, "ERROR_CORE", words)


def test_a_recording_made_of_a_recipe_is_a_wav_of_its_length(
    result: Result, portal: Sandbox, http: httpx.Client
) -> None:
    bytes_id = keep_sound(portal, "old.wav", 2.5, seed=77)
    storage = result("disk.storage.getList")[0]
    file = portal.store.insert(
        "disk_object",
        {
            "NAME": "old.wav",
            "TYPE": "file",
            "STORAGE_ID": storage["ID"],
            "FILE_ID": bytes_id,
            "SIZE": 1,
            "PARENT_ID": storage["ROOT_OBJECT_ID"],
            "CREATE_TIME": 0,
            "UPDATE_TIME": 0,
        },
    )

    body = http.get(result("disk.file.get", id=file)["DOWNLOAD_URL"]).content

    with wave.open(io.BytesIO(body)) as sound:
        assert (sound.getframerate(), sound.getnframes() / sound.getframerate()) == (8000, 2.5)
    assert len(body) == portal.store.get("stored_file", bytes_id)["SIZE"]


# -- statistics ----------------------------------------------------------------------------------


@pytest.fixture
def history(portal: Sandbox) -> None:
    portal.store.insert_many(
        "call_statistic",
        ["PORTAL_USER_ID", "PHONE_NUMBER", "CALL_ID", "CALL_START_DATE", "CALL_DURATION", "CALL_TYPE"],
        [(1 + n % 2, f"+7900000{n:04d}", f"c{n}", 1_700_000_000 + n * 60, n, 1 + n % 2) for n in range(60)],
    )


def test_statistics_are_paged_sorted_and_filtered(
    call: Callable[..., dict[str, Any]], result: Result, history: None
) -> None:
    page = call("voximplant.statistic.get", SORT="ID", ORDER="DESC")
    keyset = call("voximplant.statistic.get", FILTER={">ID": 58}, SORT="ID", ORDER="ASC", start=-1)

    assert [row["ID"] for row in page["result"][:2]] == ["60", "59"]
    assert (page["total"], page["next"]) == (60, 50)
    assert [row["ID"] for row in keyset["result"]] == ["59", "60"]
    assert len(result("voximplant.statistic.get", FILTER={"CALL_TYPE": 1, "<CALL_DURATION": 10})) == 5
    assert (
        len(result("voximplant.statistic.get", FILTER={"PHONE_NUMBER": ["+79000000001", "+79000000002"]}))
        == 2
    )
    assert len(result("voximplant.statistic.get", FILTER={"><CALL_DURATION": [5, 7]})) == 3
    since = "2023-11-15T01:13:20+03:00"  # 1_700_000_000
    assert len(result("voximplant.statistic.get", FILTER={"<=CALL_START_DATE": since})) == 1


def test_statistics_keep_to_the_callers_right(
    colleague: Callable[..., Callable[..., httpx.Response]], history: None
) -> None:
    own = colleague(read="A")
    none = colleague(read="")

    assert own("voximplant.statistic.get").json()["total"] == 30  # the new user is user 2
    refused = none("voximplant.statistic.get")
    assert (refused.status_code, refused.json()["error"]) == (403, "ACCESS_DENIED")


def test_a_switch_puts_the_address_of_a_record_into_the_statistics() -> None:
    portal = new_portal(clock=PlayedClock(), switches={"record_url_after_attach": "link"})
    id_ = portal.store.insert("call_statistic", {"CALL_ID": "c1", "CALL_START_DATE": 0})
    secret = portal.access.add_webhook(1)

    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:
        path = f"/rest/1/{secret}"
        record = {"CALL_ID": "c1", "RECORD_URL": "https://pbx/x.wav"}
        client.post(f"{path}/telephony.externalCall.attachRecord", json=record)
        row = client.post(f"{path}/voximplant.statistic.get", json={"FILTER": {"ID": id_}}).json()["result"][
            0
        ]

        assert client.get(row["CALL_RECORD_URL"], headers=BROWSER).content[:4] == b"RIFF"
    portal.close()
