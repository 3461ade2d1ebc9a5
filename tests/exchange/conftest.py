"""The application for tests through the web: `application` and `district_application`, and who brings lists."""

import pytest
from flask import Flask

from tests.desk import PASSWORD, Desk, application, district_application

__all__ = ["application", "district_application"]


@pytest.fixture
def 主任(district_application: Flask) -> Desk:
    return Desk(district_application).sign_in("城区主任", PASSWORD)


@pytest.fixture
def 网格员(district_application: Flask) -> Desk:
    return Desk(district_application).sign_in("康宁网格员", PASSWORD)
