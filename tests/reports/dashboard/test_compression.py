"""Pages come compressed to browsers that take it; what is compressed already, or told apart by its bytes, does not."""

import gzip

import pytest

ADDRESS = "?unit=351&period=2022-H1"
TAKEN = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/", "/reports/charts/online.json", "/records/"])
def test_a_page_comes_in_less_than_a_third_of_its_bytes(reader, path):
    client, address = reader("tonghop"), path if path == "/records/" else f"{path}{ADDRESS}"
    plain, small = client.get(address), client.get(address, **TAKEN)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert int(small.headers["Content-Length"]) == len(small.content) < len(plain.content) / 3
    # But for the token, of which each page has a mask of its own.
    same = gzip.decompress(small.content).decode().split("csrf", 1)[0]
    assert same == plain.content.decode().split("csrf", 1)[0]


def test_the_length_of_a_page_does_not_tell_what_stands_in_it(reader):
    """Padding by chance: who makes somebody else ask again and again learns nothing from its length (BREACH)."""
    client = reader("tonghop")
    assert len({len(client.get(f"/{ADDRESS}", **TAKEN).content) for _ in range(20)}) > 5


@pytest.mark.parametrize("path", ["/reports/dashboard.xlsx", "/reports/dashboard.csv", "/api/v1/summary"])
def test_files_and_answers_with_a_tag_go_as_they_are(reader, path):
    answer = reader("tonghop").get(f"{path}{ADDRESS}", **TAKEN)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
    assert not answer.headers.get("ETag", "").startswith("W/")
