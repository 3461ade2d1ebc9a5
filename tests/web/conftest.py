"""The application for tests through the web: `application` and `district_application`."""

from tests.desk import application, district_application
from tests.web.staff import app

__all__ = ["app", "application", "district_application"]
