"""Which proxy stands on the way to a host, and how it is logged in to."""

from __future__ import annotations

import pytest

from goldenpath.shared.errors import BadInput
from goldenpath.shared.proxy import Proxy, proxy_for


@pytest.mark.parametrize(
    ("url", "variables", "proxy"),
    [
        ("https://github.com/x", {}, None),
        ("https://github.com/x", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://github.com/x", {"https_proxy": "p:3128", "HTTPS_PROXY": "http://q"}, "http://p:3128"),
        ("http://mirror/x", {"HTTP_PROXY": "http://p"}, None),
        ("http://mirror/x", {"http_proxy": "http://p"}, "http://p"),
        ("https://a.corp/x", {"HTTPS_PROXY": "http://p", "NO_PROXY": "localhost, .corp"}, None),
        ("https://corp/x", {"HTTPS_PROXY": "http://p", "no_proxy": "corp"}, None),
        ("https://notcorp/x", {"HTTPS_PROXY": "http://p", "no_proxy": "corp,"}, "http://p"),
        ("https://github.com/x", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, None),
    ],
)
def test_the_users_proxy_is_used(url: str, variables: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(url, variables) == (Proxy(proxy, {}) if proxy else None)


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("10.0.0.0/8", "https://10.1.2.3/x", True),
        ("10.0.0.0/8", "https://11.1.2.3/x", False),
        ("10.0.0.0/8", "https://10.example/x", False),
        ("10.0.0.7/8", "https://10.1.2.3/x", True),
        ("fd00::/8", "https://[fd00::1]:5000/x", True),
        ("::1", "https://[::1]/x", True),
        ("[::1]", "https://[::1]/x", True),
        ("[::1]:5000", "https://[::1]:5000/x", True),
        ("[::1]:5000", "https://[::1]/x", False),
        ("10.0.0.1", "https://[::ffff:10.0.0.1]/x", True),
        ("10.0.0.1:8443", "https://10.0.0.1:8443/x", True),
        ("10.0.0.1:8443", "https://10.0.0.1/x", False),
        ("*.amazonaws.com", "https://api.ecr.eu-west-2.amazonaws.com/", True),
        ("*.amazonaws.com", "https://notamazonaws.com/", False),
        (".corp:8443", "https://a.corp:8443/x", True),
        (".corp:8443", "https://a.corp/x", False),
        ("corp:443", "https://corp/x", True),
        ("corp:80", "https://corp/x", False),
        ("localhost corp", "https://a.corp/x", True),
        ("CORP", "https://a.Corp/x", True),
        ("corp.", "https://a.corp./x", True),
        ("a*.corp", "https://ab.corp/x", False),
        ("10.0.0.0/99, 10.0.0.0/, :443, *., ., /8", "https://10.0.0.1/x", False),
        ("corp:99999999", "https://corp/x", False),
    ],
)
def test_no_proxy_is_read_as_curl_and_go_read_it(no_proxy: str, url: str, direct: bool) -> None:
    assert (proxy_for(url, {"https_proxy": "http://p:3128", "NO_PROXY": no_proxy}) is None) is direct


def test_a_login_in_the_address_becomes_a_header_and_is_nowhere_else() -> None:
    found = proxy_for("https://github.com", {"https_proxy": "http://me:p%40ss%C3%BC@p:3128"})
    assert found == Proxy("http://p:3128", {"proxy-authorization": "Basic bWU6cEBzc8O8"})


@pytest.mark.parametrize("address", ["http://me:secret@p:port", "socks5://me:secret@p", "http://", "http://me:secret@"])
def test_what_is_no_address_of_a_proxy_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(BadInput) as caught:
        proxy_for("https://github.com", {"HTTPS_PROXY": address})
    assert caught.value.what == "https_proxy is not the address of a proxy that can be used"
    assert "secret" not in str(caught.value)
