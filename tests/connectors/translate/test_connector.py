"""The translator's promises, against ABC User Feedback and a translator that behave like the real ones."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from bridge.settings import KeyMap, load
from connectors import translate
from connectors.base import Connector, Done, Failed, LeaseLost, Outcome, Restoring, Retry, Skipped, Tools
from connectors.translate import targets
from connectors.translate.targets import Targets
from sources.abc.client import AbcClient
from sources.abc.models import AbcEvent, Feedback, Named
from sources.base import Subject
from tests.connectors.context import MemoryContext
from tests.connectors.translate.conftest import environment
from tests.connectors.translate.kinds import NAMES
from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.app import Sandbox
from tools.sandbox.translators import translate as translate_text

KOREAN = "로그인이 자꾸 풀려요"
ENGLISH = "I keep getting logged out"
JAPANESE = "何度もログアウトされます"


@dataclass
class World:
    sandbox: Sandbox
    variables: dict[str, str] = field(default_factory=dict)
    provider: str = "libretranslate"
    channels: tuple[tuple[int, int], ...] = ()
    failing: bool = False

    @property
    def connector(self) -> Connector:
        """Built as the worker builds it."""
        abc = AbcClient(f"{self.sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
        tools = Tools(
            name="translate", instance="test", language="en", apis={"abc": abc}, concurrency=4, channels=self.channels
        )
        variables = {**environment(self.provider, self.sandbox.url), **self.variables}
        return translate.SPEC.build(load(translate.SPEC.settings, variables), tools)

    def feedback(self, **fields: Any) -> int:
        return self.sandbox.abc.create_feedback(1, fields).id

    def deliver(
        self, feedback: int, context: MemoryContext | None = None, connector: Connector | None = None
    ) -> Outcome:
        """The event contains as little as it may: what the connector needs it must read."""
        event = AbcEvent(
            id="e",
            source="abc",
            name="FEEDBACK_CREATION",
            subject=Subject("abc", "feedback", 1, feedback),
            occurred=0.0,
            body={},
            project=Named(id=1),
            channel=Named(id=1),
            feedback=Feedback(id=feedback),
        )
        return (connector or self.connector).deliver(event, context or MemoryContext())

    def fields_of(self, feedback: int) -> dict[str, Any]:
        return self.sandbox.abc.feedbacks[feedback].data

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Target and text of everything that was translated."""
        return list(getattr(self.sandbox.translate, self.provider).done)

    def fail_after_translations(self, count: int) -> None:
        """The next request to the translator fails when so many texts have been translated."""
        if len(self.asked) == count and not self.failing:
            self.failing = True
            self.sandbox.faults.add("status", system=self.provider, method="POST", status=500)

    @property
    def write_backs(self) -> int:
        return sum(write.what == "feedback.update" for write in self.sandbox.abc.writes)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World(sandbox)


@pytest.mark.parametrize("provider", NAMES)
def test_a_feedback_is_translated_and_nothing_else_of_it_changes(world: World, provider: str) -> None:
    world.provider = provider
    feedback = world.feedback(message=KOREAN, rating=2, tags=["bug"])
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Done)
    assert outcome.result["fields"] == ["translatedMessage"]
    assert outcome.result["characters"] == len(KOREAN)
    assert world.fields_of(feedback) == {
        "message": KOREAN,
        "rating": 2,
        "tags": ["bug"],
        "translatedMessage": ENGLISH,
    }


def test_a_translation_that_was_sent_before_redis_was_wiped_is_given_time_to_arrive(world: World) -> None:
    """Its note was deleted: read again 30 s after the wipe, so that nothing is paid for, and written, twice."""
    feedback = world.feedback(message=KOREAN)
    now = time.time() + 1
    wiped = MemoryContext(born=now, clock=now)
    outcome = world.deliver(feedback, wiped)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("not_yet", 30)
    assert isinstance(world.deliver(feedback, wiped.next_attempt(later=29)), Retry)
    assert world.asked == []
    assert isinstance(world.deliver(feedback, wiped.next_attempt(later=31)), Done)
    assert world.write_backs == 1


def test_a_feedback_that_was_written_after_the_wipe_is_translated_at_once(world: World) -> None:
    context = MemoryContext(born=time.time() - 1)
    assert isinstance(world.deliver(world.feedback(message=KOREAN), context), Done)


def test_several_fields_and_languages_are_one_call_for_each_language_and_one_write(world: World) -> None:
    world.variables = {
        "TRANSLATE_TARGET": "en,ja",
        "TRANSLATE_FIELDS": "message=message_{lang}",
    }
    feedback = world.feedback(message=KOREAN)
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Done)
    assert outcome.result["fields"] == ["message_en", "message_ja"]
    assert world.fields_of(feedback) == {"message": KOREAN, "message_en": ENGLISH, "message_ja": JAPANESE}
    assert world.asked == [("en", KOREAN), ("ja", KOREAN)]
    assert world.write_backs == 1


def test_fields_share_a_call_and_a_text_is_paid_for_once(world: World) -> None:
    world.provider = "google"
    world.variables = {"TRANSLATE_FIELDS": "message=message_en,note=translatedMessage,userEmail=message_ja"}
    feedback = world.feedback(message=KOREAN, note=KOREAN, userEmail="앱이 느려요")
    assert isinstance(world.deliver(feedback), Done)
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH
    assert world.fields_of(feedback)["message_ja"] == translate_text("앱이 느려요", "en")
    assert world.asked == [("en", KOREAN), ("en", "앱이 느려요")]
    assert world.sandbox.translate.google.calls == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "there is no text"),
        ({"message": ""}, "there is no text"),
        ({"message": "  \n"}, "there is no text"),
        ({"message": "\u3164\u3164"}, "there is no text"),
        ({"message": "\u200b \u2800"}, "there is no text"),
        ({"message": "가" * 20_001}, "it has 20001 characters, more than TRANSLATE_MAX_CHARACTERS=20000"),
        ({"message": "👍👍"}, "there are no words to translate"),
        ({"message": "ok"}, "there are no words to translate"),
        ({"message": "The app crashes when I open the settings page"}, "it is in en already"),
        ({"message": KOREAN, "translatedMessage": "by a person"}, "a translation exists already"),
    ],
)
def test_what_needs_no_translation_is_skipped_with_the_reason(world: World, fields: dict[str, Any], why: str) -> None:
    feedback = world.feedback(**fields)
    assert world.deliver(feedback) == Skipped(f"message → translatedMessage: {why}")
    assert world.fields_of(feedback) == fields
    assert world.asked == []


@pytest.mark.parametrize("value", [3, ["bug"]])
def test_only_texts_are_translated(world: World, value: Any) -> None:
    key = "rating" if value == 3 else "tags"
    world.variables = {"TRANSLATE_FIELDS": f"{key}=translatedMessage"}
    outcome = world.deliver(world.feedback(**{key: value}))
    assert outcome == Skipped(f"{key} → translatedMessage: it holds no text but numbers or options")


def test_what_is_skipped_beside_a_translation_is_reported(world: World) -> None:
    world.variables = {"TRANSLATE_TARGET": "en,ko", "TRANSLATE_FIELDS": "message=message_{lang}"}
    outcome = world.deliver(world.feedback(message=KOREAN))
    assert isinstance(outcome, Done)
    assert outcome.result["skipped"] == ["message → message_ko: it is in ko already"]
    assert outcome.result["fields"] == ["message_en"]


def test_an_event_without_a_feedback_is_skipped(world: World) -> None:
    event = AbcEvent("abc", "e", "ISSUE_CREATION", Subject("abc", "issue", 1, 1), 0.0, {})
    assert world.connector.deliver(event, MemoryContext()) == Skipped("ISSUE_CREATION is about no feedback")


def test_the_result_and_the_notes_hold_no_word_of_the_users_text(world: World) -> None:
    context = MemoryContext()
    outcome = world.deliver(world.feedback(message=KOREAN), context)
    assert isinstance(outcome, Done)
    assert KOREAN not in json.dumps([outcome.result, context.kept], ensure_ascii=False)
    assert ENGLISH not in json.dumps(outcome.result)


def test_the_translation_is_kept_before_it_is_written(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    seen: list[tuple[list[str], bool]] = []
    context = MemoryContext(
        on_keep=lambda notes: seen.append((list(notes), "translatedMessage" in world.fields_of(feedback)))
    )
    world.deliver(feedback, context)
    assert seen == [(["translations"], False), (["writing"], False)]
    json.dumps(context.notes)


def test_a_failed_write_never_pays_twice(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    world.sandbox.faults.add("status", system="abc", method="PUT", status=503)
    context = MemoryContext()
    first = world.deliver(feedback, context)
    assert isinstance(first, Retry)
    assert first.reason == "server_error"
    assert isinstance(world.deliver(feedback, context.next_attempt()), Done)
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH
    assert world.asked == [("en", KOREAN)]


def test_a_write_whose_answer_was_lost_is_not_written_again(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    world.sandbox.faults.add("drop_after", system="abc", method="PUT")
    context = MemoryContext()
    assert isinstance(world.deliver(feedback, context), Retry)
    second = world.deliver(feedback, context.next_attempt())
    assert isinstance(second, Done)
    assert second.result["fields"] == ["translatedMessage"]
    assert world.write_backs == 1
    assert world.asked == [("en", KOREAN)]


def test_what_a_person_wrote_after_a_failed_write_is_not_claimed(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    world.sandbox.faults.add("status", system="abc", method="PUT", status=503)
    context = MemoryContext()
    world.deliver(feedback, context)
    world.fields_of(feedback)["translatedMessage"] = "by a person"
    outcome = world.deliver(feedback, context.next_attempt())
    assert outcome == Skipped("message → translatedMessage: a translation exists already")


def test_a_language_that_failed_does_not_cost_the_others_again(world: World) -> None:
    world.variables = {"TRANSLATE_TARGET": "ja,en", "TRANSLATE_FIELDS": "message=message_{lang}"}
    feedback = world.feedback(message=KOREAN)
    context = MemoryContext(on_keep=lambda _: world.fail_after_translations(1))
    first = world.deliver(feedback, context)
    assert isinstance(first, Retry)
    assert "written: message_ja" in first.why
    assert world.fields_of(feedback) == {"message": KOREAN, "message_ja": JAPANESE}, "what is there is not held back"
    done = world.deliver(feedback, context.next_attempt())
    assert isinstance(done, Done)
    assert done.result["fields"] == ["message_en", "message_ja"]
    assert done.result["characters"] == 2 * len(KOREAN)
    assert "skipped" not in done.result
    assert world.asked == [("ja", KOREAN), ("en", KOREAN)]


def test_a_text_that_was_edited_between_two_attempts_is_translated_again(world: World) -> None:
    world.variables = {"TRANSLATE_FIELDS": "note=translatedMessage"}
    feedback = world.feedback(note=KOREAN)
    world.sandbox.faults.add("status", system="abc", method="PUT", status=503)
    context = MemoryContext()
    world.deliver(feedback, context)
    world.sandbox.abc.update_feedback(1, feedback, {"note": "다크 모드를 추가해 주세요"})
    assert isinstance(world.deliver(feedback, context.next_attempt()), Done)
    assert world.fields_of(feedback)["translatedMessage"] == "Please add a dark mode"


def test_a_translation_that_a_person_wrote_in_the_meantime_stays(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    by_hand = {"translatedMessage": "by a person"}
    context = MemoryContext(on_keep=lambda _: world.fields_of(feedback).update(by_hand))
    outcome = world.deliver(feedback, context)
    assert outcome == Skipped("translatedMessage: filled by somebody else in the meantime")
    assert world.fields_of(feedback)["translatedMessage"] == "by a person"


def test_a_lost_lease_stops_before_the_write(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    with pytest.raises(LeaseLost):
        world.deliver(feedback, MemoryContext(lease_lost=True))
    assert world.write_backs == 0


def test_a_long_text_is_translated_whole_in_requests_within_the_limit(world: World) -> None:
    sentences = [f"{number}번째로 결제 버튼을 누르면 앱이 멈춰요. 빨리 고쳐 주세요!" for number in range(300)]
    message = "\n\n".join(sentences)
    feedback = world.feedback(message=message)
    assert isinstance(world.deliver(feedback), Done)
    translation = world.fields_of(feedback)["translatedMessage"]
    texts = [text for _, text in world.asked]
    expected = message
    for text in texts:
        assert text in message
        expected = expected.replace(text, translate_text(text, "en"), 1)
    assert translation == expected
    assert len(texts) > 3
    assert all(len(text) <= 2000 for text in texts)
    assert len(texts) == world.sandbox.translate.libretranslate.calls


def test_a_long_text_goes_on_where_it_stopped(world: World) -> None:
    """Every part is kept as soon as it is paid for."""
    sentences = [f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(300)]
    feedback = world.feedback(message="\n".join(sentences))
    world.provider = "openai"
    context = MemoryContext(on_keep=lambda _: world.fail_after_translations(2))
    assert isinstance(world.deliver(feedback, context), Retry)
    assert len(world.asked) == 2
    assert isinstance(world.deliver(feedback, context.next_attempt()), Done)
    texts = [text for _, text in world.asked]
    assert len(texts) == len(set(texts))
    assert "\n".join(texts) == "\n".join(sentences)


def test_a_feedback_that_can_not_be_seen_yet_is_retried_soon(world: World) -> None:
    """ABC announces before it commits."""
    outcome = world.deliver(999, MemoryContext(age=0.1))
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("not_yet", 1.0)


def test_a_deleted_feedback_is_skipped_and_named(world: World) -> None:
    """A write to it would answer 200: the read before it finds out."""
    feedback = world.feedback(message=KOREAN)
    world.sandbox.abc.delete_feedback(feedback)
    outcome = world.deliver(feedback, MemoryContext(age=600))
    assert isinstance(outcome, Skipped)
    assert "deleted" in outcome.why
    assert world.asked == []


@pytest.mark.parametrize("into", ["nowhere", "importedText", "retiredText"])
def test_a_field_that_can_not_be_written_fails_by_name(world: World, into: str) -> None:
    world.variables = {"TRANSLATE_FIELDS": f"message={into}"}
    outcome = world.deliver(world.feedback(message=KOREAN))
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert into in outcome.why


def test_a_wrong_key_of_abc_fails(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    world.sandbox.faults.add("status", system="abc", status=403, body={"message": "Forbidden resource"})
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "auth"


def test_a_providers_error_is_the_deliverys(world: World) -> None:
    feedback = world.feedback(message=KOREAN)
    world.sandbox.faults.add(
        "status", system="libretranslate", method="POST", status=429, headers={"Retry-After": "30"}
    )
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.after) == ("rate_limited", 30)
    assert "translatedMessage" not in world.fields_of(feedback)


def test_a_good_set_up_passes_the_check(world: World) -> None:
    world.channels = ((1, 1),)
    checks = list(world.connector.check())
    assert all(check.ok for check in checks), checks
    assert checks[-1].what == "channel 1:1: translations go into 'translatedMessage'"
    assert world.write_backs == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("message=nowhere", "there is no field 'nowhere'"),
        ("nothing=translatedMessage", "there is no field 'nothing'"),
        ("message=importedText", "importedText"),
        ("message=retiredText", "retiredText"),
        ("message=device", "'device' is of format select"),
    ],
)
def test_the_check_names_the_field_that_does_not_fit(world: World, fields: str, expected: str) -> None:
    world.channels = ((1, 1),)
    world.variables = {"TRANSLATE_FIELDS": fields}
    bad = [check for check in world.connector.check() if not check.ok]
    assert len(bad) == 1, bad
    assert expected in bad[0].what
    assert "channel 1:1" in bad[0].what


def test_the_check_goes_on_after_a_failure(world: World) -> None:
    """A wrong provider key does not hide a missing channel."""
    world.provider = "deepl"
    world.sandbox.translate.deepl.key = "another"
    world.channels = ((1, 99),)
    checks = list(world.connector.check())
    assert [check.ok for check in checks] == [False, False]
    assert "DEEPL_AUTH_KEY" in checks[0].what
    assert "1:99" in checks[1].what


# What a provider returns


def returns(world: World, *contents: Any) -> None:
    """The next answers of the model, one for each request."""
    world.provider = "openai"
    for content in contents:
        body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
        world.sandbox.faults.add("status", system="openai", status=200, body=body)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("app " * 3000, "far longer"),
        (KOREAN, "untranslated"),
        ("何度もログアウトされます", "not in en"),
        ("\u3164", "empty"),
        ("<think>Korean, about", "do not end"),
        (None, "without text"),
    ],
)
def test_what_is_no_translation_is_asked_for_again_three_times_at_most(
    world: World, content: Any, expected: str
) -> None:
    """Each answer is paid for; and nothing of it is written."""
    returns(world, content, content, content)
    feedback = world.feedback(message=KOREAN)
    context = MemoryContext()
    for _ in range(2):
        outcome = world.deliver(feedback, context)
        assert isinstance(outcome, Retry)
        assert expected in outcome.why
        context = context.next_attempt()
    last = world.deliver(feedback, context)
    assert isinstance(last, Failed)
    assert last.reason == "client_error"
    assert expected in last.why
    assert world.write_backs == 0
    # A replay has as many tries; at its third the model translates.
    returns(world, content, content)
    for _ in range(2):
        context = context.next_attempt()
        assert isinstance(world.deliver(feedback, context), Retry)
    assert isinstance(world.deliver(feedback, context.next_attempt()), Done)
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH


def test_a_good_answer_after_a_bad_one_is_written(world: World) -> None:
    returns(world, "app " * 3000)
    feedback = world.feedback(message=KOREAN)
    context = MemoryContext()
    assert isinstance(world.deliver(feedback, context), Retry)
    assert "app app" not in json.dumps(context.notes), "an answer that was refused is not kept"
    assert isinstance(world.deliver(feedback, context.next_attempt()), Done)


def test_a_text_that_comes_back_as_it_was_is_not_written(world: World) -> None:
    """Names, or a text that is in the language already, though nobody could be sure before."""
    returns(world, "Good app")
    feedback = world.feedback(message="good app")
    why = "message → translatedMessage: it came back unchanged: names, or in en already"
    assert world.deliver(feedback) == Skipped(why)
    assert world.write_backs == 0


def test_the_others_are_not_lost_with_a_text_that_the_provider_refuses(world: World) -> None:
    """LibreTranslate lacks the language of one of two fields."""
    world.variables = {"TRANSLATE_FIELDS": "message=message_en,note=translatedMessage"}
    turkish = "Uygulama açıldığında sürekli kapanıyor lütfen düzeltin"
    feedback = world.feedback(message=turkish, note=KOREAN)
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "client_error"
    assert "message_en: " in outcome.why
    assert "(tr)" in outcome.why
    assert "written: translatedMessage" in outcome.why
    assert world.fields_of(feedback) == {"message": turkish, "note": KOREAN, "translatedMessage": ENGLISH}


def test_one_text_of_a_batch_that_is_refused_is_found_by_asking_for_each(world: World) -> None:
    world.provider = "google"
    world.variables = {"TRANSLATE_FIELDS": "message=message_en,note=translatedMessage"}
    feedback = world.feedback(message="앱이 느려요", note=KOREAN)
    for _ in range(2):  # the batch, then its first text
        world.sandbox.faults.add("status", system="google", status=400, body={"error": {"code": 400}})
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Failed)
    assert "message_en: " in outcome.why
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH


def test_a_server_with_a_small_limit_gets_small_parts(world: World) -> None:
    world.sandbox.translate.libretranslate.char_limit = 60
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(20))
    feedback = world.feedback(message=message)
    assert isinstance(world.deliver(feedback), Done)
    assert len(world.asked) > 5
    assert max(len(text) for _, text in world.asked) <= 60


def test_a_server_that_hides_its_limit_gets_smaller_parts_when_it_refuses(world: World) -> None:
    world.sandbox.translate.libretranslate.char_limit = 600
    world.sandbox.faults.add("status", system="libretranslate", method="GET", status=404, times=None)
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(60))
    context = MemoryContext()
    assert isinstance(world.deliver(world.feedback(message=message), context), Done)
    assert max(len(text) for _, text in world.asked) <= 600
    assert context.notes["smaller"] == 2


def test_after_a_time_out_the_parts_are_smaller_and_nothing_is_paid_for_twice(world: World) -> None:
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(150))
    feedback = world.feedback(message=message)
    connector = world.connector
    connector._provider._read_seconds = 0.5  # type: ignore[attr-defined]

    def hang_after_the_first(notes: dict[str, Any]) -> None:
        if len(world.asked) == 1 and "translations" in notes:
            world.sandbox.faults.add("hang", system="libretranslate", method="POST")

    context = MemoryContext(on_keep=hang_after_the_first)
    first = world.deliver(feedback, context, connector)
    assert isinstance(first, Retry)
    assert first.reason == "timeout"
    [(_, whole)] = world.asked
    assert len(whole) > 1000
    assert isinstance(world.deliver(feedback, context.next_attempt(), connector), Done)
    texts = [text for _, text in world.asked]
    assert texts[0] == whole
    assert max(map(len, texts[1:])) <= 1000
    assert sum(map(len, texts)) <= len(message)


def test_a_model_that_cuts_its_answer_off_gets_smaller_parts(world: World) -> None:
    world.provider = "openai"
    cut = {"choices": [{"message": {"content": "half a"}, "finish_reason": "length"}]}
    world.sandbox.faults.add("status", system="openai", status=200, body=cut)
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(80))
    assert isinstance(world.deliver(world.feedback(message=message)), Done)
    assert len(world.asked) == 2
    assert max(len(text) for _, text in world.asked) <= 1500


def test_a_request_that_is_too_large_for_a_proxy_is_made_smaller(world: World) -> None:
    world.provider = "deepl"
    world.sandbox.faults.add("status", system="deepl", status=413)
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(300))
    assert isinstance(world.deliver(world.feedback(message=message)), Done)
    assert world.sandbox.translate.deepl.calls == 2


# Cost


def test_a_field_that_is_too_long_is_left_out_and_the_others_are_translated(world: World) -> None:
    world.variables = {
        "TRANSLATE_FIELDS": "message=message_en,note=translatedMessage",
        "TRANSLATE_MAX_CHARACTERS": "100",
    }
    feedback = world.feedback(message="가" * 101, note=KOREAN)
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Done)
    assert outcome.result["fields"] == ["translatedMessage"]
    assert "101 characters" in outcome.result["skipped"][0]
    assert "TRANSLATE_MAX_CHARACTERS=100" in outcome.result["skipped"][0]
    assert world.asked == [("en", KOREAN)]


def test_the_longest_text_costs_what_the_limit_allows(world: World) -> None:
    """A megabyte of words was 524 requests; with the limit it is none, and the longest text that passes is ten."""
    megabyte = world.feedback(message="결제 버튼이 안 눌려요 " * 80_000)
    assert isinstance(world.deliver(megabyte), Skipped)
    assert world.sandbox.translate.calls == 0
    longest = world.feedback(message=("결제 버튼이 안 눌려요 " * 2000)[:20_000])
    assert isinstance(world.deliver(longest), Done)
    assert world.sandbox.translate.calls <= 12


def test_every_request_counts_for_the_rate(world: World) -> None:
    """The first one's turn was taken before the attempt."""
    context = MemoryContext()
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(300))
    assert isinstance(world.deliver(world.feedback(message=message), context), Done)
    assert sum(context.charged) == world.sandbox.translate.libretranslate.calls - 1 > 2


def test_characters_count_for_the_rate_where_they_are_billed(world: World) -> None:
    world.provider = "deepl"
    context = MemoryContext()
    message = "\n".join(f"{number}번 결제 버튼을 누르면 앱이 멈춰요." for number in range(300))
    assert isinstance(world.deliver(world.feedback(message=message), context), Done)
    assert world.sandbox.translate.deepl.calls == 1
    assert sum(context.charged) == 1, "7,000 characters count as two requests"


def test_more_translations_than_a_delivery_keeps_are_written_all_the_same(world: World) -> None:
    class Full(MemoryContext):
        def add(self, note: str, items: Mapping[str, str]) -> None:
            raise ValueError("too large")

    feedback = world.feedback(message=KOREAN)
    assert isinstance(world.deliver(feedback, Full()), Done)
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH


# Where it may write


def test_a_feedback_of_another_channel_is_neither_translated_nor_written(world: World) -> None:
    """ABC would read it, and write to it: an event may name any feedback under any channel."""
    world.sandbox.abc.create_channel(1, "Another channel")
    feedback = world.feedback(message=KOREAN)
    event = AbcEvent(
        id="e",
        source="abc",
        name="FEEDBACK_CREATION",
        subject=Subject("abc", "feedback", 1, feedback),
        occurred=0.0,
        body={},
        project=Named(id=1),
        channel=Named(id=2),
        feedback=Feedback(id=feedback),
    )
    young = world.connector.deliver(event, MemoryContext(age=1.0))
    assert isinstance(young, Retry)
    assert young.reason == "not_yet"
    old = world.connector.deliver(event, MemoryContext(age=600.0))
    assert not isinstance(old, Done | Retry)
    assert "channel 2" in old.why
    assert world.asked == []
    assert world.write_backs == 0


@pytest.mark.parametrize("into", ["device", "importedText", "retiredText", "nowhere"])
def test_a_target_that_takes_no_text_is_found_before_anything_is_paid_for(world: World, into: str) -> None:
    """A select would get a new option for each translation."""
    world.variables = {"TRANSLATE_FIELDS": f"message={into}"}
    connector = world.connector
    for _ in range(2):
        feedback = world.feedback(message=KOREAN)
        outcome = world.deliver(feedback, None, connector)
        assert isinstance(outcome, Failed)
        assert outcome.reason == "config"
        assert into in outcome.why
        assert world.asked == []
        assert world.fields_of(feedback) == {"message": KOREAN}


def test_a_target_that_a_person_corrected_is_good_at_once(world: World) -> None:
    """A replay must not have to wait for what is remembered."""
    world.variables = {"TRANSLATE_FIELDS": "message=retiredText"}
    connector = world.connector
    feedback = world.feedback(message=KOREAN)
    assert isinstance(world.deliver(feedback, None, connector), Failed)
    world.sandbox.abc.channels[1].fields["retiredText"].status = "ACTIVE"
    assert isinstance(world.deliver(feedback, None, connector), Done)


def test_the_targets_that_are_remembered_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events name the channels: nobody counts them."""
    monkeypatch.setattr(targets, "MOST", 2)
    abc = AbcClient(f"{world.sandbox.url}/abc", KeyMap({"*": SecretStr(DEMO_KEY)}))
    remembered = Targets(abc, "TRANSLATE_FIELDS")
    for number in range(5):
        channel = world.sandbox.abc.create_channel(1, f"Channel {number}").id
        assert remembered.problems(1, channel, ["translatedMessage"]) == {}
    assert len(remembered._good) <= 3


def test_one_bad_target_does_not_lose_the_others(world: World) -> None:
    world.variables = {"TRANSLATE_TARGET": "en", "TRANSLATE_FIELDS": "message=device,note=translatedMessage"}
    feedback = world.feedback(message="앱이 느려요", note=KOREAN)
    outcome = world.deliver(feedback)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "'device' is of format select" in outcome.why
    assert world.fields_of(feedback)["translatedMessage"] == ENGLISH
    assert world.asked == [("en", KOREAN)]


def test_a_target_that_turned_bad_after_it_was_checked_does_not_lose_the_others(world: World) -> None:
    world.variables = {"TRANSLATE_FIELDS": "message=message_en,note=translatedMessage"}
    connector = world.connector
    assert isinstance(world.deliver(world.feedback(message=KOREAN, note=KOREAN), None, connector), Done)
    world.sandbox.abc.channels[1].fields["message_en"].status = "INACTIVE"
    feedback = world.feedback(message=KOREAN, note="앱이 느려요")
    outcome = world.deliver(feedback, None, connector)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert "message_en" in outcome.why
    assert "translatedMessage" in world.fields_of(feedback)
    assert "message_en" not in world.fields_of(feedback)


def test_a_good_target_is_not_asked_about_for_each_feedback(world: World) -> None:
    connector = world.connector
    world.sandbox.faults.add("delay", system="abc", path="/fields$", times=None)  # counts them
    for _ in range(3):
        assert isinstance(world.deliver(world.feedback(message=KOREAN), None, connector), Done)
    assert len(world.sandbox.faults.fired) == 1


def test_a_translation_that_a_person_emptied_is_missing_but_not_repeated(world: World) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": KOREAN, "translatedMessage": ""})
    connector = world.connector
    assert isinstance(connector, Restoring)
    assert connector.missing(feedback)
    assert not connector.repeats(feedback)


def test_a_text_that_is_too_long_is_not_missing_a_translation(world: World) -> None:
    """Or reconcile would find it again in each run."""
    connector = world.connector
    assert isinstance(connector, Restoring)
    assert not connector.missing(Feedback.model_validate({"id": 1, "message": "가" * 20_001}))


def test_without_a_channel_the_check_reports_that_it_looked_at_none(world: World) -> None:
    last = list(world.connector.check())[-1]
    assert last.is_note
    assert "no channel is known" in last.what


@pytest.mark.parametrize("into", ["nowhere", "importedText"])
def test_the_check_finds_a_missing_or_read_only_target(world: World, into: str) -> None:
    world.channels = ((1, 1),)
    world.variables = {"TRANSLATE_FIELDS": f"message={into}"}
    assert [into in check.what for check in world.connector.check() if not check.ok] == [True]
    assert world.write_backs == 0
