"""Which of Jira's own messages are passed on: those of a known form. Pure.

A message of another form (a workflow validator's, an app's, a proxy's) may quote the ticket, and so people's text, or a
part of a credential. What is left out is named as such, so that nobody looks for it here.
"""

from __future__ import annotations

import re

_NAME = r"[^\n\"'{}<>:]{1,60}"  # of a field, as Jira's administrators named it
_QUOTED = r"['\"]?[\w .,-]{1,60}['\"]?"
KNOWN = re.compile(
    "|".join(
        [
            rf"{_NAME} is required\.",
            rf"Field {_QUOTED} cannot be set\. It is not on the appropriate screen, or unknown\.",
            rf"Specify a valid {_NAME}",
            rf"The value {_QUOTED} does not exist for the field {_QUOTED}\.",
            rf"No project could be found with (?:key|id) {_QUOTED}\.",
            r"(?:valid )?(?:project|issue type) is required\.?",
            r"The issue type selected is invalid\.",
            r"You must specify a summary of the issue\.",
            r"The summary is invalid because it contains newline characters\.",
            r"Summary (?:can't exceed|must be less than) [\d,.]{1,7} characters\.",
            r"The entered text is too long\. It exceeds the allowed limit of [\d,.]{1,7} characters\.",
            r"Comment body can not be empty!",
            r"data was not an array",
            r"Operation value must be an? (?:string|number|array|object)",
            r"expected Object",
            r"(?:string|number|object) expected at index \d{1,4}",
            r"Priority name is not valid",
            r"Resolution is required\.",
            r"You do not have (?:the )?permissions? to [a-z ]{1,60}\.",
            r"Issue [Dd]oes [Nn]ot [Ee]xist(?: or you do not have permission to see it)?\.?",
            r"The issue no longer exists\.",
            r"Client must be authenticated to access this resource\.",
            r"You are not authenticated\. Authentication required to perform this operation\.",
            r"Unauthorized; scope does not match",
            r"Rate limit exceeded\.?",
            r"Unbounded JQL queries are not allowed here\. Please add a search restriction to your query\.",
            r"Invalid request payload\. Refer to the REST API documentation and try again\.",
            r"The requested API has been removed\. Please migrate to the [\w/.]{1,60} API\.",
        ]
    )
)
FIELD = re.compile(
    r"customfield_[0-9]{1,10}|assignee|attachment|comment|components|description|duedate|environment|fixVersions"
    r"|issuelinks|issuetype|labels|parent|priority|project|reporter|resolution|security|summary|timetracking|versions"
)
"""Ids of fields. An error about something else is none about a field."""
WITHHELD = "a message that may quote people's text and is not repeated here"


def known(text: object) -> str:
    """The message where its form is known, else WITHHELD; "" for no message."""
    if not isinstance(text, str) or not text.strip():
        return ""
    return text if len(text) <= 300 and KNOWN.fullmatch(text) else WITHHELD
