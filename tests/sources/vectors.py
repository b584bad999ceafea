"""Signature vectors of the vendors, each with its exact body. The keys are made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Vector:
    key: str
    body: bytes
    value: str
    id: str = ""
    at: int = 0


GITHUB = Vector(
    "github-secret-0123456789",
    (
        '{"action":"closed","issue":{"number":7,"state":"closed","state_reason":"completed","title":"로그인 오류"},'
        '"repository":{"full_name":"acme/app"},"sender":{"login":"mina","id":42}}'
    ).encode(),
    "sha256=6f15e0db1605ba8ed116d4b9f3d2fe7eaa0eefdfac30a39315b7f3dc8a54f836",
)
GITLAB = Vector(
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    (
        '{"object_kind":"issue","event_type":"issue","user":{"id":42,"username":"mina"},"project":{"id":5,'
        '"path_with_namespace":"acme/app"},"object_attributes":{"id":301,"iid":23,"title":"로그인 오류",'
        '"state":"closed","action":"close"},"changes":{"state_id":{"previous":1,"current":2}}}'
    ).encode(),
    "v1,eiGo8+dQVx8y2xeuMiJqb4BXkSR2/uqSM1gdobKo8ys=",
    id="0f7e2c1a-0000-4000-8000-000000000001",
    at=1767323045,
)
JIRA = Vector(
    "jira-secret-0123456789",
    (
        '{"timestamp":1767323045678,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_generic",'
        '"user":{"accountId":"5b10a2844c20165700ede21g","displayName":"Mina"},"issue":{"id":"10002","key":"FB-7",'
        '"fields":{"summary":"로그인 오류"}},"changelog":{"id":"10124","items":[{"field":"status","fieldtype":"jira",'
        '"fieldId":"status","from":"10000","fromString":"To Do","to":"10001","toString":"Done"}]}}'
    ).encode(),
    "sha256=e881989a917f3542a15200401c2b8b462752251bf85802095d9e3f0adf1bba61",
)
BLUE = Vector(
    "blue-secret-0123456789",
    (
        '{"event":"TODO_DONE_STATUS_UPDATED","webhook":{"id":"w1","name":"bridge"},"previousValue":{"id":"t1",'
        '"done":false},"currentValue":{"id":"t1","title":"로그인 오류","done":true}}'
    ).encode(),
    "7e0d68e6e3e5e464bc0f920ed9cbe4682e1773291fff6327311b9e2d502a931f",
)
