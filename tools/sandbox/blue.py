"""The stand-in for Blue: workspaces with lists of records, tags and comments, and the accounts that write them.

https://blue.cc/api. The schema has the names of one generation of the API: see `schema_of`. It refuses requests as Blue
does, with a code in a GraphQL error: see blue_routes.py.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema

from tools.sandbox.changes import TicketSystem
from tools.sandbox.times import now
from tools.sandbox.windows import Window

TOKEN_ID, TOKEN_SECRET = "blue-demo-token-id", "pat_blue-demo-secret"
ORG, WORKSPACE = "acme", "app"
ORG_ID, WORKSPACE_ID, OTHER_ID = "clorg0000000000000000acme", "clproj000000000000000app1", "clproj000000000000000web1"
ME: Mapping[str, str] = {"id": "cluser0000000000000bridge", "fullName": "Feedback Bridge"}
PERSON: Mapping[str, str] = {"id": "cluser000000000000000mina", "fullName": "Mina"}
MAY_READ, MAY_COMMENT = ("VIEW_ONLY",), ("COMMENT_ONLY",)
TAG = re.compile(r"<[^>]*>")
SCHEMA = """
type Query {
  currentUser: User!
  project(id: String): Project!
  todo(id: String!): Todo!
  todoLists(projectId: String!): [TodoList!]!
  todoQueries: TodoQueries!
  commentList(categoryId: String!, category: CommentCategory!, first: Int, skip: Int, orderBy: DiscussionOrderByInput):
    CommentList!
}
type Mutation {
  createTodo(input: CreateTodoInput!): Todo!
  updateTodos(input: UpdateTodosInput!): Boolean!
  updateTodoDoneStatus(todoId: String!): Todo!
  createComment(input: CreateCommentInput!): Comment!
}
type TodoQueries { todos(filter: TodosFilter!, limit: Int = 20, skip: Int = 0): TodosResult! }
type TodosResult { items: [Todo!]! pageInfo: PageInfo! }
type PageInfo { totalItems: Int hasNextPage: Boolean! }
type User { id: ID! fullName: String! }
type Company { id: ID! slug: String! }
type Project { id: ID! slug: String! archived: Boolean accessLevel: UserAccessLevel company: Company! }
type TodoList { id: ID! title: String! position: Float! project: Project! }
type Tag { id: ID! title: String! color: String! }
type Todo {
  id: ID! title: String! html: String! text: String! done: Boolean! archived: Boolean! createdAt: String!
  updatedAt: String! createdBy: User todoList: TodoList! tags: [Tag!]!
}
type Comment { id: ID! html: String! text: String! createdAt: String! user: User! }
type CommentList { comments: [Comment!]! pageInfo: PageInfo! totalCount: Int! }
enum CommentCategory { TODO DISCUSSION STATUS_UPDATE }
enum DiscussionOrderByInput { createdAt_ASC createdAt_DESC }
enum UserAccessLevel { OWNER ADMIN MEMBER CLIENT COMMENT_ONLY VIEW_ONLY }
enum TodoPlacement { TOP BOTTOM }
input CreateTodoTagInput { id: String title: String color: String }
input CreateTodoInput {
  todoListId: String title: String! description: String tags: [CreateTodoTagInput!] placement: TodoPlacement
  notify: Boolean
}
input TodosFilter {
  companyIds: [String!]! projectIds: [String!] todoIds: [String!] tagTitles: [String!] showCompleted: Boolean
  done: Boolean search: String
}
input UpdateTodosInput { filter: TodosFilter! todoListId: String done: Boolean }
input CreateCommentInput { html: String! text: String! category: CommentCategory! categoryId: String! }
"""
RENAMED = {
    "createTodo(input: CreateTodoInput!)": "createRecord(input: CreateRecordInput!)",
    "input CreateTodoInput": "input CreateRecordInput",
    "updateTodos(": "updateRecords(",
    "todo(id": "record(id",
    "todoLists(projectId": "recordLists(workspaceId",
    "todoQueries": "recordQueries",
    "project(id": "workspace(id",
}


@cache
def schema_of(newer: bool) -> GraphQLSchema:
    """The schema with the older names, or with those of 2026."""
    text = SCHEMA
    for old, new in RENAMED.items() if newer else ():
        text = text.replace(old, new)
    return build_schema(text)


class BlueRefusal(GraphQLError):
    def __init__(self, code: str, message: str = "", **data: Any) -> None:
        more = {"data": data} if data else {}
        super().__init__(message or code.replace("_", " ").lower(), extensions={"code": code, **more})


@dataclass
class BlueList:
    id: str
    title: str
    position: float
    project: Workspace


@dataclass
class Workspace:
    """`level`: the role of the token's account; None: not a member. `may_mark_done`: a permission of the workspace's
    own roles; without it a change is ignored."""

    id: str
    slug: str
    level: str | None = "MEMBER"
    archived: bool = False
    may_mark_done: bool = True
    lists: list[BlueList] = field(default_factory=list)

    def __post_init__(self) -> None:
        titles = ("Inbox", "In Progress", "Closed")
        self.lists = [BlueList(f"cllist{self.slug:0>18}{n}", title, n, self) for n, title in enumerate(titles)]


@dataclass
class Record:
    id: str
    title: str
    html: str
    inside: BlueList
    by: Mapping[str, str]
    created_at: str
    tags: list[str]
    done: bool = False
    archived: bool = False
    updated_at: str = ""
    changed_by: list[Mapping[str, str]] = field(default_factory=list)
    """The accounts that moved or marked it. Blue does not show them."""
    visible_at: float = 0.0
    """The time from which the filter by tags finds it (seconds of the monotonic clock)."""
    comments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return "done" if self.done else self.inside.title


def _tagged(record: Record, titles: list[str]) -> bool:
    return record.visible_at <= time.monotonic() and bool({*titles} & {*record.tags})


class Blue(TicketSystem):
    """The data of Blue. `newer`: whether the API has the newer names; `requests_left`: until the limit; `bulk`: the
    limit for changes of many records; `tag_lag`: seconds until the filter by tags finds a new record (the real one
    finds it at once)."""

    def __init__(self) -> None:
        super().__init__()
        self.newer = False
        self.token_id, self.token_secret = TOKEN_ID, TOKEN_SECRET
        self.requests_left = 1_000
        self.tag_lag = 0.0
        self.bulk = Window(20)
        self.workspaces = [Workspace(WORKSPACE_ID, WORKSPACE), Workspace(OTHER_ID, "web")]
        self.records: dict[str, Record] = {}
        self._last_id = 0

    def new_id(self, kind: str) -> str:
        self._last_id += 1
        return f"cl{kind}{self._last_id:0>19}"

    def workspace(self, name: str | None) -> Workspace:
        for found in self.workspaces:
            if name in (found.id, found.slug) and found.level is not None:
                return found
        raise BlueRefusal("PROJECT_NOT_FOUND", "Project was not found.")

    def list_of(self, id: str | None, inside: Workspace) -> BlueList:
        if id is None:
            return inside.lists[0]
        for found in inside.lists:
            if found.id == id:
                return found
        raise BlueRefusal("TODO_LIST_NOT_FOUND", "Todo list was not found.")

    def record(self, id: str) -> Record:
        found = self.records.get(id)
        if found is None or found.inside.project.level is None:
            raise BlueRefusal("TODO_NOT_FOUND", "Todo was not found.")
        return found

    def may_write(self, workspace: Workspace, *without: str) -> None:
        if workspace.archived:
            raise BlueRefusal("PROJECT_NOT_ACTIVE", "Project is not active.")
        if workspace.level in (without or (*MAY_READ, *MAY_COMMENT)):
            raise BlueRefusal("FORBIDDEN", "You are not authorized.")

    def create(self, workspace: Workspace, input: Mapping[str, Any], by: Mapping[str, str] = PERSON) -> Record:
        if not str(input["title"]).strip():
            raise BlueRefusal("BAD_USER_INPUT", "Invalid input.")
        there = self.list_of(input.get("todoListId"), workspace)
        tags = [str(tag.get("title")) for tag in input.get("tags") or []]
        with self.lock:
            record = Record(self.new_id("todo"), input["title"], input.get("description") or "", there, by, now(), tags)
            record.visible_at, record.updated_at = time.monotonic() + self.tag_lag, record.created_at
            self.records[record.id] = record
            self.created_count += 1
        return record

    def filtered(self, wanted: Mapping[str, Any]) -> list[Record]:
        """The records that match a filter by ids. For a slug, or a workspace that the account may not see, the result
        is empty, without an error."""

        def fits(record: Record) -> bool:
            return (
                ORG_ID in wanted["companyIds"]
                and record.inside.project.level is not None
                and not record.archived
                and record.inside.project.id in wanted.get("projectIds", [record.inside.project.id])
                and record.id in wanted.get("todoIds", [record.id])
                and ("tagTitles" not in wanted or _tagged(record, wanted["tagTitles"]))
                and (not record.done or bool(wanted.get("showCompleted")) or "todoIds" in wanted)
            )

        return [record for record in list(self.records.values()) if fits(record)]

    def change(
        self,
        record: Record,
        to: BlueList | None = None,
        done: bool | None = None,
        by: Mapping[str, str] = PERSON,
    ) -> None:
        """Moves a record into a list, or marks it."""
        with self.lock:
            place = {"id": record.inside.id, "title": record.inside.title}
            before = {"id": record.id, "done": record.done, "todoList": place}
            was = (record.inside, record.done)
            record.inside, record.done = to or record.inside, record.done if done is None else done
            if was != (record.inside, record.done):
                record.updated_at = now()
                record.changed_by.append(by)
                self.changed({"record": record, "before": before})

    def count_bulk(self) -> None:
        if not self.bulk.take():
            raise BlueRefusal("BAD_USER_INPUT", "You are trying to access 'updateTodos' too often: rate limit exceeded")

    def comment(self, record: Record, html: str, text: str, by: Mapping[str, str] = PERSON) -> dict[str, Any]:
        with self.lock:
            comment = {"id": self.new_id("comm"), "html": html, "text": text, "user": by, "createdAt": now()}
            record.comments.append(comment)
        return comment

    # What people do.

    def delete(self, id: str) -> None:
        del self.records[id]

    def move(self, id: str, to: BlueList, *, copied: bool = False) -> Record:
        """A person moves a record to another list. `copied`: as in the older generation, with a new id."""
        record = self.records[id]
        record.inside = to
        if copied:
            del self.records[id]
            record.id = self.new_id("todo")
            self.records[record.id] = record
        return record
