"""Django 5.2 admin: a ModelAdmin of the same columns, 20 a page, its superuser signed in."""

import sys
import types
from pathlib import Path
from typing import Any

from sqlalchemy import make_url


def make(url: str, folder: Path) -> Any:
    """A signed-in `django.test.Client`. Accounts and sessions lie in a database of Django's own."""
    import django
    from django.conf import settings

    this = types.ModuleType("benchmark_urls")
    sys.modules["benchmark_urls"] = this
    parts = make_url(url)
    register = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.database} if url.startswith("sqlite") else {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.database, "USER": parts.username,
        "PASSWORD": parts.password or "", "HOST": parts.host, "PORT": parts.port, "CONN_MAX_AGE": 600,
        "OPTIONS": {"options": "-c app.child_lo= -c app.child_hi=: -c app.office_lo= -c app.office_hi=:"}}
    settings.configure(
        SECRET_KEY="benchmark", DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF="benchmark_urls", USE_TZ=True,
        INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                        "django.contrib.sessions", "django.contrib.messages", "benchmarks.others"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
            "context_processors": ["django.template.context_processors.request",
                                   "django.contrib.auth.context_processors.auth",
                                   "django.contrib.messages.context_processors.messages"]}}],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "django.sqlite")},
                   "register": register},
        DATABASE_ROUTERS=["benchmarks.others.django_admin.Router"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
    django.setup()
    return _signed_in(this)


class Router:
    """Students and schools lie in the register, everything else in Django's own database."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return "register" if model._meta.app_label == "others" else None

    db_for_write = db_for_read

    def allow_migrate(self, _db: str, app_label: str, **_hints: Any) -> bool | None:
        return None if app_label != "others" else False


def _signed_in(urls: Any) -> Any:
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import models
    from django.test import Client
    from django.urls import path

    class School(models.Model):
        name = models.TextField()

        class Meta:
            app_label, db_table, managed = "others", "school", False

        def __str__(self) -> str:
            return str(self.name)

    class Student(models.Model):
        name = models.TextField("姓名")
        name_pinyin, name_initials = models.TextField(), models.TextField()
        sex, schooling_state, grade = models.TextField(), models.TextField(), models.TextField()
        birth_date, checked_on = models.DateField(null=True), models.DateField(null=True)
        identity_tail, identity_index, region_code = models.TextField(), models.TextField(), models.TextField()
        school = models.ForeignKey(School, models.DO_NOTHING, null=True)

        class Meta:
            app_label, db_table, managed = "others", "student", False

    class Students(admin.ModelAdmin):  # type: ignore[type-arg]
        list_display = ("name", "sex", "birth_date", "identity_tail", "region_code", "schooling_state", "school",
                        "grade", "checked_on")
        list_select_related = ("school",)
        list_filter = ("schooling_state",)
        list_per_page = 20
        search_fields = ("name", "name_pinyin", "name_initials", "identity_index")

    admin.site.register(Student, Students)
    urls.urlpatterns = [path("admin/", admin.site.urls)]
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("benchmark"))
    return client
