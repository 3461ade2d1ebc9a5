"""The application for tests through the web: `application` and `district_application`, and what lies under it."""

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.desk import PASSWORD, Desk, application, district_application
from tests.web.staff import app

__all__ = ["app", "application", "district_application"]


@pytest.fixture
def store(district_application: Flask) -> Engine:
    """The store of the district, for looking past the screen."""
    engine: Engine = district_application.extensions["baoxue"].engine
    return engine


@pytest.fixture
def officer(district_application: Flask) -> Desk:
    """Whoever works for 康宁, at a browser."""
    return Desk(district_application).sign_in("康宁网格员", PASSWORD)


@pytest.fixture
def director(district_application: Flask) -> Desk:
    """Whoever works for 城区, at a browser."""
    return Desk(district_application).sign_in("城区主任", PASSWORD)
