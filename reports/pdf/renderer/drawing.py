"""Draws one job. The only module that imports WeasyPrint."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML, Attachment
from weasyprint.logger import PROGRESS_LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from . import archive, tags

# Tagged, with all that the archive profile asks for; archive.py adds the claim of PDF/UA-1, which WeasyPrint can
# only make instead of the one of PDF/A.
VARIANT = "pdf/a-3a"
Told = Callable[[int], None]


class FontsOnly(URLFetcher):
    """Serves the print fonts by their exact address; anything else is refused."""

    def __init__(self, fonts: Path) -> None:
        super().__init__(allowed_protocols=["file"])
        self.allowed = {path.as_uri() for path in fonts.glob("*.ttf")}

    def fetch(self, url, headers=None):
        if url not in self.allowed:
            raise ValueError("Địa chỉ không được phép trong bản in.")
        return super().fetch(url, headers)


class _Pages(logging.Handler):
    """Tells how many pages are laid out, as WeasyPrint says so to its log; 0 when it begins to write the file."""

    def __init__(self, told: Told) -> None:
        super().__init__(logging.INFO)
        self.told = told

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Step 5 - Creating layout - Page"):
            self.told(record.args[0])
        elif record.msg.startswith("Step 6"):
            self.told(0)


def draw(job: dict[str, Any], told: Told | None = None) -> bytes:
    """The PDF of a job: `html`, `css`, the folder `fonts`, and the files `attached`. `told` hears of each page."""
    fonts, fetcher = FontConfiguration(), FontsOnly(Path(job["fonts"]))
    with _heard(told):
        sheet = CSS(string=job["css"], font_config=fonts, url_fetcher=fetcher)
        return HTML(string=job["html"], url_fetcher=fetcher, base_url=None).write_pdf(
            stylesheets=[sheet],
            font_config=fonts,
            pdf_variant=VARIANT,
            finisher=_finish,
            attachments=[_attachment(one) for one in job["attached"]],
        )


@contextmanager
def _heard(told: Told | None) -> Iterator[None]:
    """Lead WeasyPrint's log of its steps to `told` and nowhere else."""
    handlers, level = PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.level
    if told:
        PROGRESS_LOGGER.handlers, PROGRESS_LOGGER.propagate = [_Pages(told)], False
        PROGRESS_LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        PROGRESS_LOGGER.handlers = handlers
        PROGRESS_LOGGER.setLevel(level)


def _finish(document: Any, pdf: Any) -> None:
    tags.finish(pdf)
    archive.finish(pdf)


def _attachment(told: dict[str, Any]) -> Attachment:
    moment = datetime.fromisoformat(told["moment"]) if told["moment"] else None
    return Attachment(
        string=told["content"].encode("utf-8"),
        name=told["name"],
        description=told["description"],
        created=moment,
        modified=moment,
        relationship=told["relationship"],
    )
