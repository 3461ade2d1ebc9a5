"""The application for tests through the web: `application` and `district_application`, and what lies under it."""

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.desk import application, district_application
from tests.web.staff import app

__all__ = ["app", "application", "district_application"]


@pytest.fixture
def store(district_application: Flask) -> Engine:
    """The store of the district, for looking past the screen."""
    engine: Engine = district_application.extensions["baoxue"].engine
    return engine
