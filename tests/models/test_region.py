"""Divisions as people call them."""

import pytest

from models.region import spoken_name


@pytest.mark.parametrize(("official", "spoken"), [
    ("康宁社区居民委员会", "康宁社区"), ("亲水湾村委会", "亲水湾村"), ("三家村村委会", "三家村"),
    ("北关村民委员会", "北关村"), ("东街居民委员会", "东街居委会"),
    ("辽阳镇", "辽阳镇"), ("村委会", "村委会"),
])
def test_a_village_is_called_without_its_committee(official, spoken):
    assert spoken_name(official) == spoken
