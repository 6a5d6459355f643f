"""Requests for the platform's own tools say what those tools answer."""

from random import Random

from agents.tools.builtin.calculator import calculate
from inference.starter.built_in import ZONES, sum_request, time_request


def test_the_result_of_a_sum_is_what_the_calculator_answers() -> None:
    random = Random(3)
    for _ in range(300):
        request = sum_request(random)
        assert calculate(str(request.arguments["expression"])) == request.result, request
        assert request.result in request.answer


def test_a_time_is_told_for_the_place_that_was_asked() -> None:
    random = Random(3)
    for _ in range(100):
        request = time_request(random)
        place = next(name for name, zone in ZONES.items() if name in request.ask and zone in request.result)
        assert request.arguments == {"timezone": ZONES[place]}
        assert place in request.answer
