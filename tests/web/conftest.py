"""The application for tests through the web: `application` and `district_application`."""

from tests.desk import application, district_application

__all__ = ["application", "district_application"]
