"""Which of Jira's own messages are passed on: those of a known form (see bridge/refusals.py). Pure.

A message of another form (a workflow validator's, an app's, a proxy's) may quote the ticket, and so people's text, or a
part of a credential. What is left out is named as such, so that nobody looks for it here.
"""

from __future__ import annotations

import re

from connectors.answers import Messages

KNOWN = Messages(
    "{} is required.",  # a field, as Jira's administrators named it
    "{...} is required.",
    "{} is required",
    "valid project is required",
    "issue type is required",
    "Field '{}' cannot be set. It is not on the appropriate screen, or unknown.",
    "Specify a valid issue type",
    "Specify a valid priority",
    "Specify a valid project ID or key",
    "The value '{}' does not exist for the field '{}'.",
    "The value '{...}' does not exist for the field '{}'.",
    "No project could be found with key '{}'.",
    "The issue type selected is invalid.",
    "You must specify a summary of the issue.",
    "The summary is invalid because it contains newline characters.",
    "Summary can't exceed {} characters.",
    "Summary must be less than {} characters.",
    "The entered text is too long. It exceeds the allowed limit of {...} characters.",
    "Comment body can not be empty!",
    "data was not an array",
    "Operation value must be a string",
    "Operation value must be a number",
    "Operation value must be an object",
    "Operation value must be an array",
    "expected Object",
    "string expected at index {}",
    "Priority name is not valid",
    "Resolution is required.",
    "You do not have permission to create issues in this project.",
    "You do not have permission to edit issues in this project.",
    "You do not have permission to transition this issue.",
    "You do not have the permission to comment on this issue.",
    "Issue does not exist or you do not have permission to see it.",
    "Issue Does Not Exist",
    "The issue no longer exists.",
    "Client must be authenticated to access this resource.",
    "You are not authenticated. Authentication required to perform this operation.",
    "Unauthorized; scope does not match",
    "Rate limit exceeded.",
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
    "Invalid request payload. Refer to the REST API documentation and try again.",
    "The requested API has been removed. Please migrate to the {...} API.{...}",
)
FIELD = re.compile(
    r"customfield_[0-9]{1,10}|assignee|attachment|comment|components|description|duedate|environment|fixVersions"
    r"|issuelinks|issuetype|labels|parent|priority|project|reporter|resolution|security|summary|timetracking|versions"
)
"""Ids of fields. An error about something else is none about a field."""
WITHHELD = "a message that may quote people's text and is not repeated here"


def known(text: object) -> str:
    """What may be passed on of a message, WITHHELD where its form is not known; "" for no message."""
    if not isinstance(text, str) or not text.strip():
        return ""
    return KNOWN(text) or WITHHELD
