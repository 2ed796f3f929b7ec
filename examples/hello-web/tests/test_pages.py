import pytest
from flask.testing import FlaskClient
from hello_web import create_app


@pytest.fixture
def visitor() -> FlaskClient:
    return create_app().test_client()


def test_the_first_page_says_hello_and_names_the_release(visitor: FlaskClient) -> None:
    answer = visitor.get("/")
    assert answer.status_code == 200
    assert "Release unreleased" in answer.text


def test_the_health_check_is_json(visitor: FlaskClient) -> None:
    assert visitor.get("/healthz").get_json() == {"status": "ok", "release": "unreleased"}
