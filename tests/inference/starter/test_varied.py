"""Requests with other values: what is exchanged is exchanged in the request and in the call, and the rest stays."""

from random import Random

import pytest

from inference.starter.sources import Request, Skill, skills
from inference.starter.varied import Names, varied
from inference.types import ToolSpec

CITIES = ("Lyon", "Porto", "Graz", "Bergen", "Split", "Tartu", "Cork")


def tool(**properties: object) -> ToolSpec:
    return ToolSpec("look_up", "Looks something up", {"type": "object", "properties": properties})


def request(ask: str, **arguments: object) -> Request:
    return Request(ask, arguments, "{}", "Done.")


def names() -> Names:
    return Names([Skill(tool(home_city={}), tuple(request(f"In {city}", home_city=city) for city in CITIES), ())])


def other(asked: Request, seed: int = 1, **limits: object) -> Request | None:
    properties = {name: {} for name in asked.arguments} | limits
    return varied(Random(seed), asked, tool(**properties).parameters, names())


@pytest.mark.parametrize("seed", range(20))
def test_a_number_changes_in_the_request_and_in_the_call(seed: int) -> None:
    found = other(request("A loan of 50000 at 5% over 3 years", amount=50000, rate=0.05, years=3), seed)
    assert found is not None
    amount, rate, years = (found.arguments[name] for name in ("amount", "rate", "years"))
    assert isinstance(rate, float)
    assert found.ask == f"A loan of {amount} at {rate * 100:.6g}% over {years} years"
    assert (amount, rate, years) != (50000, 0.05, 3)
    assert (found.result, found.answer) == ("", "")


@pytest.mark.parametrize(
    "written", ["2019-03-03", "March 3, 2019", "March 3rd, 2019", "3 March 2019", "3rd of March 2019", "3/3/2019"]
)
def test_a_day_is_written_as_it_was(written: str) -> None:
    found = other(request(f"Flights on {written}, please", date="2019-03-03"), seed=4)
    assert found is not None
    assert found.arguments["date"] != "2019-03-03"
    assert written not in found.ask
    assert len(found.ask.split()) == len(f"Flights on {written}, please".split())


@pytest.mark.parametrize("parameter", ["city", "targetCity", "to_city", "_city_"])
def test_a_name_becomes_another_of_its_kind(parameter: str) -> None:
    found = other(request("How warm is it in Lyon?", **{parameter: "Lyon"}))
    assert found is not None
    city = found.arguments[parameter]
    assert city in CITIES
    assert city != "Lyon"
    assert found.ask == f"How warm is it in {city}?"


@pytest.mark.parametrize(
    "asked",
    [
        request("Twice a dozen, please", count=24),  # the request does not write it
        request("5 of 5 stars", stars=5),  # twice
        request("From 7 to 7.5", low=7.25),
        request("Meet 13 people", count=3),  # a part of another number
        request("Without photos", photos=False),
        request("A fern in Utrecht", plant="Fern"),  # no other plants are known
        request("Сколько стоит в Лионе?", город="Лион"),  # parameters are named in any script
    ],
)
def test_what_is_not_copied_word_for_word_stays(asked: Request) -> None:
    assert other(asked) is None


def test_a_value_that_two_arguments_take_stays() -> None:
    assert other(request("A square of 4", width=4, height=4)) is None


def test_what_a_schema_closes_stays() -> None:
    assert other(request("Size 40", size=40), size={"enum": [39, 40]}) is None
    assert other(request("Size 40", size=40), size={"maximum": 60}) is None


def test_most_of_what_is_taught_can_vary() -> None:
    known = skills("train")
    drawn, all_names = Random(7), Names(known)
    found = [varied(drawn, one, skill.tool.parameters, all_names) for skill in known for one in skill.requests]
    assert sum(one is not None for one in found) > len(found) / 2
