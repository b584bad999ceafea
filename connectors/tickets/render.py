"""Writes the texts in a ticket system: title, description and comments; users' texts are always literal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bridge.service import Language
from bridge.templates import TemplateMistake, render_template
from bridge.text import cut as cut_text
from bridge.text import inert, is_blank
from connectors.base import Failed, Skipped
from connectors.texts import STATUSES, TICKET_FEEDBACK, TICKET_NO_WAY, TICKET_ORIGIN, TICKET_UNNAMED, ro
from connectors.tickets.base import Draft, Halt
from connectors.tickets.markers import Marker, feedback_marker
from connectors.tickets.markup import Markup, one_line
from connectors.tickets.settings import TicketSettings
from connectors.tickets.templates import BuiltIn, Texts
from sources.abc.models import Feedback, Issue, Named

NAME_LIMIT = 100  # of a project or a channel; ABC User Feedback has 20


class Writer:
    """Writes in one markup and one language."""

    def __init__(self, settings: TicketSettings, markup: Markup, instance: str, language: Language) -> None:
        self._settings = settings
        self._markup = markup
        self._instance = instance
        self._language = language

    def draft(self, container: str, project: Named, issue: Issue, marker: str) -> Draft:
        """A new ticket. Raises Halt, with variable and line, if a template does not fit this issue."""
        values = {
            "issue": issue.model_dump(),
            "project": project.model_dump(),
            "instance": self._instance,
            "marker": marker,
        }
        settings, markup = self._settings, self._markup
        ending = f"\n\n{markup.marker_line(marker)}" if markup.marker_in_text else ""
        room = markup.limit - markup.units(ending)
        title = self._template("summary_template", values) if settings.summary_template else issue.name
        if settings.description_template:
            text = markup.cut(self._template("description_template", values, markup.literal).strip(), room)
        else:
            name = str(project.id) if is_blank(project.name) else project.name
            text = self.description(issue.description, name, issue.id, room)
        return Draft(project.id, container, self.title(title, issue.id), text + ending, marker)

    def _template(
        self, field: str, values: Mapping[str, Any], escaped: Callable[[Any], str] | None = None, of: str = "issue"
    ) -> str:
        source = getattr(self._settings, field)
        try:
            return render_template(source, values, escaped) if escaped else render_template(source, values)
        except TemplateMistake as mistake:
            # Without the error's own text, which may quote values, and so people's texts.
            variable = self._settings.variable(field)
            why = f"{variable}, line {mistake.line}: {mistake.kind} with the values of this {of}"
            raise Halt(Failed(why, "config")) from None

    def title(self, text: str, issue: int) -> str:
        """One line with visible characters: ticket systems refuse line breaks and an empty title."""
        line = inert(one_line(text))
        shown = TICKET_UNNAMED[self._language].format(issue=issue) if is_blank(line) else line
        return cut_text(shown, self._markup.title_limit, length=self._markup.units)

    def description(self, own: str | None, project: str, issue: int, room: int) -> str:
        """The description if there is no template: the issue's own description, then its project and number."""
        markup = self._markup
        name = markup.literal(cut_text(inert(project), NAME_LIMIT))
        origin = TICKET_ORIGIN[self._language].format(project=name, issue=issue)
        text = markup.literal(own).strip()
        return origin if is_blank(text) else f"{markup.cut(text, room - markup.units(origin) - 2)}\n\n{origin}"

    def comment(
        self, scope: str, project: Named, issue: Issue, channel: Named, feedback: Feedback, keys: Iterable[str]
    ) -> tuple[str, Marker]:
        """The comment for a feedback, with its marker. `keys`: the fields that may be shown; only texts are. `scope`:
        Tools.scope. Raises Halt if the operator's template does not fit, or has no text."""
        texts = {key: text for key in keys if isinstance(text := feedback.fields.get(key), str)}
        marker = feedback_marker(scope, project.id, feedback.id, feedback.creation)
        name = str(channel.id) if is_blank(channel.name) else channel.name
        built_in = self.feedback_comment(feedback.id, name, texts, marker.text)
        if not self._settings.comment_template:
            return built_in, marker
        markup, ending = self._markup, f"\n{self._markup.marker_line(marker.text)}"
        values = {
            "issue": issue.model_dump(),
            "project": project.model_dump(),
            "channel": channel.model_dump(),
            "feedback": Texts(texts, **feedback.model_dump(include={"id", "createdAt", "updatedAt"})),
            "text": BuiltIn(built_in.removesuffix(ending)),
        }
        text = self._template("comment_template", values, self._shown, "feedback").strip()
        if is_blank(text):
            raise Halt(Skipped(f"{self._settings.variable('comment_template')} is empty for this feedback"))
        return markup.cut(text, markup.limit - markup.units(ending)) + ending, marker

    def _shown(self, value: Any) -> str:
        return value if isinstance(value, BuiltIn) else self._markup.literal(value)

    def feedback_comment(self, feedback: int, channel: str, texts: Mapping[str, str], marker: str) -> str:
        """The built-in comment for a feedback: its text fields, with their keys if there are several."""
        markup = self._markup
        shown = {key: markup.literal(text).strip() for key, text in texts.items() if not is_blank(text)}
        bold = {key: f"{markup.bold(markup.literal(key))}\n" if len(shown) > 1 else "" for key in shown}
        quoted = "\n\n".join(bold[key] + text for key, text in shown.items())
        name = markup.literal(cut_text(inert(channel), NAME_LIMIT))
        heading = TICKET_FEEDBACK[self._language].format(feedback=feedback, channel=name)
        ending = markup.marker_line(marker)
        room = markup.limit - markup.units(f"{heading}\n\n{ending}")
        return f"{heading}\n{markup.quote(quoted, room)}\n{ending}" if quoted else f"{heading}\n{ending}"

    def no_way_comment(self, status: str, current: str, target: str, marker: str) -> str:
        """The comment on a ticket whose workflow has no transition to the status. `status`: the issue's, as in ABC."""
        literal = self._markup.literal
        shown = STATUSES[status][self._language] if status in STATUSES else status
        values = {"status": literal(shown), "current": literal(current), "target": literal(target)}
        text = TICKET_NO_WAY[self._language].format(**values, ro=ro(shown))
        return f"{text}\n\n{self._markup.marker_line(marker)}"
