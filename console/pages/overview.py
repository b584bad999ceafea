"""`/`: whether all is well, at a glance."""

from __future__ import annotations

from flask import Blueprint

from console.pages.console import Console, page


def add(blueprint: Blueprint, console: Console) -> None:
    @blueprint.get("/")
    def overview() -> tuple[str, int]:
        health = console.runtime.health
        numbers, readiness = health.numbers(), health.readiness()
        return page("overview", numbers=numbers, readiness=readiness)
