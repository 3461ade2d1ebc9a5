"""责任书 of the school year, made together: what is lacking by village, then one change that makes it."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin_app.changes.ledger import recording
from admin_app.errors import Invalid
from admin_app.services import letters
from admin_app.services.rules import present_school_year
from admin_app.web.context import actor, display, session
from admin_app.web.form_fields import DateField
from admin_app.web.receipts import receipt
from models.region import spoken_name
from wtforms import Form, StringField
from wtforms.validators import Length, Optional

MOST_NAMED = 100  # families; who has more looks village by village

pages = Blueprint("letters", __name__, url_prefix="/letters")


class LettersForm(Form):
    """What stands in every letter of the year."""

    target = StringField("目标", [Length(max=200, message="最多 200 个字。")],
                         description="如：适龄儿童少年入学率 100%，无辍学；可不填")
    valid_until = DateField("责任期限至", [Optional()])


def _families(year: int) -> list[dict[str, Any]]:
    """Which families they are, by name, as far as they are named."""
    return [{"label": display().label_of(one), "number": one.register_number,
             "village": display().region(one.region_code), "url": url_for("household.details_view", id=one.id)}
            for one in letters.families_lacking(session(), year, MOST_NAMED)]


@pages.route("/new-year", methods=["GET", "POST"])
def new_year() -> ResponseReturnValue:
    year = present_school_year(session(), date.today())
    form = LettersForm(request.form or None, valid_until=date(year + 1, 8, 31))
    error = None
    if request.method == "POST" and form.validate():
        try:
            with recording(session(), actor(), "responsibility_letter:create",
                           f"{year}-{year + 1} 学年村与户的责任书") as change:
                made = letters.make_letters(session(), actor(), year, target=form.target.data or "",
                                            valid_until=form.valid_until.data)
            receipt(change, f"已生成 {made:,} 份待签订的责任书。")
            return redirect(url_for("responsibility_letter.index_view", state="unsigned", school_year=year))
        except Invalid as fault:
            session().rollback()
            if fault.column and fault.column in form:
                form[fault.column].errors = [fault.message]
            else:
                error = fault.message
    lacking = letters.lacking(session(), year)
    page = render_template(
        "admin/letters.html", title=f"{year}-{year + 1} 学年责任书", form=form, error=error,
        villages=[{"name": spoken_name(one.village), "families": one.families} for one in lacking],
        total=sum(one.families for one in lacking), families=_families(year), most=MOST_NAMED,
        back=url_for("responsibility_letter.index_view"))
    return page, 400 if request.method == "POST" else 200
