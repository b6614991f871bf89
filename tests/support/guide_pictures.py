"""Takes the guide's screenshots: pages of the demo in Chromium.

python -m tests.support.guide_pictures [NAME …] writes docs/images/NAME.png.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.records.excel_form.cells import filled

from .chromium import launch_options
from .server import ROOT, served

IMAGES = ROOT / "docs" / "images"
SCREEN = {"width": 1366, "height": 768}
PHONE = {"width": 375, "height": 812}


@dataclass(frozen=True)
class Picture:
    """A page that `user` opens at `path`; `act` is called before the screenshot."""

    name: str
    user: str
    path: str
    act: Callable[[Page], None] = lambda page: None
    screen: dict[str, int] | None = None


def follow(*names: str) -> Callable[[Page], None]:
    """An `act` that presses the first link or button of each name in turn."""

    def act(page: Page) -> None:
        for name in names:
            named = page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name))
            named.first.click()
            page.wait_for_load_state("networkidle")

    return act


def bring_a_form(page: Page) -> None:
    """Download the form of the month, type three invalid cells into it, and upload it."""
    follow("Sửa")(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải biểu Excel").click()
    wrong = {
        ("chung-thuc", "received_direct"): 12.5,
        ("ho-tich", "withdrawn"): -3,
        ("dat-dai", "opening"): "#N/A",
    }
    content = filled(Path(download.value.path()).read_bytes(), {**wrong, ("chung-thuc", "resolved_late"): 7})
    follow("Nạp biểu Excel")(page)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.locator('[name="file"]').set_input_files(
        {"name": "bieu-nhap-13486-2022-M07.xlsx", "mimeType": kind, "buffer": content}
    )
    follow("Nạp và xem khác biệt")(page)


PICTURES = (
    Picture("tong-quan", "tonghop", "/?unit=351&period=2022-H1"),
    Picture("nhap-so-lieu", "xa-13486", "/records/", follow("Sửa")),
    Picture("nhap-so-lieu-dien-thoai", "xa-13486", "/records/", follow("Sửa"), PHONE),
    Picture("kiem-tra-va-gui", "xa-13486", "/records/", follow("Sửa", "Kiểm tra và gửi")),
    Picture("bieu-excel", "xa-13486", "/records/", bring_a_form),
    Picture("duyet-so-lieu", "tonghop", "/records/"),
    Picture("duyet-mot-bao-cao", "tonghop", "/records/", follow("Thị trấn Tân Thanh")),
    Picture("bao-cao-so-ket", "lanhdao", "/reports/reviews/1/"),
    Picture("quan-tri", "quantri", "/units/", follow("Tân Thanh")),
    Picture("ky-bao-cao", "quantri", "/records/rules/"),
)


def take(browser: Browser, address: str, picture: Picture) -> None:
    """Sign in as the picture's user and write the screenshot."""
    context = browser.new_context(
        viewport=picture.screen or SCREEN, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
    )
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.fill('input[name="username"]', picture.user)
    page.fill('input[name="password"]', "demo")
    page.press('input[name="password"]', "Enter")
    page.wait_for_load_state("networkidle")
    page.goto(f"{address}{picture.path}", wait_until="networkidle")
    picture.act(page)
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    context.close()


def main(names: list[str]) -> int:
    """Take the named screenshots, or all; return 2 if a name is unknown."""
    if unknown := set(names) - {picture.name for picture in PICTURES}:
        print(f"no such picture: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="cchc-pictures-") as folder,
        served(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launch_options())
        for picture in PICTURES:
            if not names or picture.name in names:
                take(browser, address, picture)
                print(f"docs/images/{picture.name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
