"""Export of one person's data (acceptance S33): complete, in Vietnamese, without secrets, logged."""

import json
import re
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import second_factor, users
from accounts.models import RecoveryCode, User
from ledger.models import Entry
from reports.consultation import actions
from reports.drafting.actions import set_state
from reports.models import ReviewState
from reports.person_export import _LISTED_SEPARATELY, APPEARANCES, person_columns
from tests.support.loaded_demo import NOW
from units.models import Token
from units.tokens import create_token


@pytest.fixture
def clerk(review) -> User:
    """Phòng Nội vụ's clerk, with a failed and a successful login, a comment and a token."""
    user = User.objects.get(username="phong-noi-vu")
    user.set_password("một mật khẩu rất dài")
    user.save()
    client = Client(REMOTE_ADDR="10.1.2.3")
    for password in ("sai bét nhè", "một mật khẩu rất dài"):
        client.post("/accounts/login/", {"username": user.username, "password": password})
    client.get("/accounts/me/")
    office = user.memberships.get().unit
    actions.ask_units(review, [office], by=None, at=NOW, due_on=date(2022, 8, 20), words="")
    set_state(review, ReviewState.COMMENT, by=None, at=NOW)
    actions.add_comment(review, "Bổ sung số lớp.", by=user, at=NOW, section=None, unit=office)
    create_token("Một cửa", office, ["figures"], 30, by=user, at=NOW)
    second_factor.new_device(user)
    RecoveryCode.objects.create(user=user, code_sha256="c" * 64)
    return user


def exported(capsys, name: str, **options) -> dict:
    call_command("export_person", name, **options)
    return json.loads(capsys.readouterr().out)


def test_everything_about_the_person_is_in_it(clerk, capsys):
    data = exported(capsys, "phong-noi-vu", by="quantri")
    assert data["Tài khoản"]["Tên đăng nhập"] == "phong-noi-vu"
    assert [row["Vai trò"] for row in data["Vai trò"]] == ["Nhập số liệu"]
    assert [row["Được vào"] for row in data["Lần đăng nhập"]] == [True, False]
    assert {row["Địa chỉ mạng"] for row in data["Lần đăng nhập"]} == {"10.1.2.3"}
    assert len(data["Phiên đăng nhập"]) == 1 and data["Phiên đăng nhập"][0]["Bắt đầu"]
    assert data["Xác thực hai bước"] == {
        "Đã bật": False,
        "Mã khôi phục chưa dùng": 1,
        "Mã khôi phục đã dùng lúc": [],
    }
    assert [row["Tên hệ thống"] for row in data["Khóa truy cập đã cấp cho hệ thống khác"]] == ["Một cửa"]
    assert "Bổ sung số lớp." in [row["Nội dung"] for row in data["Ý kiến, nội dung đã viết"]]
    assert {"Ở": "ý kiến góp ý", "Là": "người góp ý"}.items() <= data["Tên ghi ở"][-1].items()
    assert {"review.comment", "Cấp khóa truy cập"} & {row["Việc"] for row in data["Việc do người này làm"]}
    entry = Entry.objects.latest("sequence")
    assert (entry.action, entry.subject, entry.actor) == ("user.export", f"user:{clerk.pk}", "quantri")
    assert exported(capsys, "phong-noi-vu")["Nhật ký về người này"][0]["Việc"] == "Xuất dữ liệu cá nhân"


def test_no_secret_is_in_it(clerk, capsys):
    text = json.dumps(exported(capsys, "phong-noi-vu"), ensure_ascii=False)
    device = second_factor.device_of(clerk, confirmed=False)
    secrets = [clerk.password, device.key, "c" * 64, Token.objects.get(created_by=clerk).secret_sha256]
    assert not [secret for secret in secrets if secret in text]


def test_names_are_vietnamese(clerk, capsys):
    """Keys and labels; texts of people and browsers stay as they are."""

    def names(value):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(key, str):
                yield key
            if isinstance(inner, dict | list):
                yield from names(inner)

    data = exported(capsys, "phong-noi-vu")
    shown = {
        *names(data),
        *(row["Ở"] for row in data["Tên ghi ở"]),
        *(row["Là"] for row in data["Tên ghi ở"]),
    }
    assert not [name for name in shown if re.search(r"_|\b(by|at|user|name)\b", name)]


def test_every_column_that_names_a_person_is_known():
    """New tables are exported automatically, but need a label for the person's role in them."""
    columns = [
        (model._meta.label, field.name)
        for model, field in person_columns()
        if model not in _LISTED_SEPARATELY
    ]
    assert ("reports.SectionComment", "said_by") in columns and ("records.Edition", "writers") in columns
    assert {name for _, name in columns} == set(APPEARANCES)


def test_rows_under_a_former_name_are_found_and_namesakes_listed(clerk, capsys):
    before = str(clerk)
    other = User.objects.get(username="xa-13474")
    users.edit_user(clerk, by=None, full_name="Tên mới", position="", email="")
    users.edit_user(other, by=None, full_name=before, position="", email="")
    data = exported(capsys, "phong-noi-vu")
    assert "Bổ sung số lớp." in [row["Nội dung"] for row in data["Ý kiến, nội dung đã viết"]]
    assert data["Tên trùng với người khác"] == [before]


def test_former_bearers_of_the_name_are_listed_too(clerk, capsys):
    """Old rows still have the name and match it, so the export must warn of other people's rows."""
    before, other = str(clerk), User.objects.get(username="xa-13474")
    users.edit_user(other, by=None, full_name=before, position="", email="")
    users.edit_user(other, by=None, full_name="Tên khác", position="", email="")
    assert exported(capsys, "phong-noi-vu")["Tên trùng với người khác"] == [before]
    assert exported(capsys, "xa-13474")["Tên trùng với người khác"] == [before]


@pytest.mark.parametrize("name", ["phong_noi_vu", "phong%", "%", "PHONG-NOI-VU", "phong-noi-vu ", ""])
def test_a_name_must_match_exactly(clerk, name):
    for username, by in ((name, None), ("phong-noi-vu", name)):
        with pytest.raises(CommandError, match="Không có người dùng"):
            call_command("export_person", username, by=by)
    assert not Entry.objects.filter(action="user.export").exists()


def test_what_cannot_be_written_is_an_error(clerk):
    with open("/dev/full", "w") as full, pytest.raises(CommandError, match="Không ghi ra được"):
        call_command("export_person", "phong-noi-vu", stdout=full)


def test_unknown_person_is_wrong_use(db):
    with pytest.raises(CommandError, match="Không có người dùng ai-đó") as refusal:
        call_command("export_person", "ai-đó")
    assert refusal.value.returncode == 2
