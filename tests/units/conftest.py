"""A small fixed tree: province 35, district 351, two communes, an office and an external body; and its cast."""

from datetime import date
from types import SimpleNamespace

import pytest

from accounts.models import User
from tests.ledger.conftest import shared_database as shared_database
from units.lifecycle import actions as lifecycle_actions
from units.people import actions as people_actions
from units.tree.rules import UnitDraft

START = date(2020, 1, 1)


def draft(code, tier="commune", parent="351", kind="committee", **other) -> UnitDraft:
    """A draft with defaults for what a test does not set."""
    name = other.pop("name", f"Đơn vị {code}")
    return UnitDraft(code, name, kind, tier, other.pop("active_from", START), parent=parent, **other)


@pytest.fixture
def tree(db) -> SimpleNamespace:
    drafts = [
        draft("13474", name="thị trấn Tân Thanh"),
        draft("351", "district", "35", name="huyện Thanh Liêm"),
        draft("35", "province", None, name="tỉnh Hà Nam"),
        draft("13480", name="xã Liêm Túc"),
        draft("phong-noi-vu", "", "351", "office", name="Phòng Nội vụ"),
        draft("dat-dai", "district", "351", "external", name="Chi nhánh Văn phòng Đăng ký đất đai"),
    ]
    opened = lifecycle_actions.open_units(drafts, by=None)
    units = {unit.code: unit for unit in opened.new}
    return SimpleNamespace(
        province=units["35"],
        district=units["351"],
        tan_thanh=units["13474"],
        liem_tuc=units["13480"],
        office=units["phong-noi-vu"],
        external=units["dat-dai"],
    )


def person(username: str, *roles, password: str = "mật khẩu đủ dài") -> User:
    """A user with (role, unit) memberships since the beginning of the tree."""
    user = User.objects.create_user(username, password=password, full_name=f"Người {username}")
    for role, unit in roles:
        people_actions.add_membership(user, unit, role, START, by=None)
    return user
