"""Charts: drawn to scale, whatever their texts say, and with nothing in them that could run."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from agents.errors import ToolRetry
from agents.tools.builtin.chart import Chart
from agents.types import JsonObject, JsonValue
from tests.agents.standin import KeptFiles
from tests.agents.test_tools import CONTEXT

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script><image href="http://x"/>\x00\u202e&amp;'


async def drawn(**arguments: JsonValue) -> ET.Element:
    answer = await Chart().call(arguments, CONTEXT)
    assert answer.text == answer.fields["svg"], "without a place for files the drawing is the answer"
    return ET.fromstring(answer.text)


async def test_bars_are_to_scale_from_zero() -> None:
    picture = await drawn(kind="bar", data=[1, 2, -1], labels=["a", "b", "c"])
    bars = picture.findall(f"{SVG}rect")[1:]
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2) and heights[2] == pytest.approx(heights[0], abs=0.2)
    assert float(bars[2].attrib["y"]) == pytest.approx(float(bars[0].attrib["y"]) + heights[0], abs=0.2)
    assert [bar[0].text for bar in bars] == ["a: 1", "b: 2", "c: -1"]


async def test_a_line_goes_through_every_value() -> None:
    picture = await drawn(kind="line", data="1;3;2", labels="x;y;z")
    [line] = picture.findall(f"{SVG}polyline")
    assert len(line.attrib["points"].split()) == len(picture.findall(f"{SVG}circle")) == 3


async def test_a_pie_has_its_shares() -> None:
    picture = await drawn(kind="pie", data=[1, 3], labels=["one", "three"])
    assert [path[0].text for path in picture.findall(f"{SVG}path")] == ["one: 25.0%", "three: 75.0%"]
    [whole] = (await drawn(kind="pie", data=[5, 0])).findall(f"{SVG}circle")
    assert whole[0].text == "1: 100.0%"


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
async def test_no_text_becomes_markup(kind: str) -> None:
    picture = await drawn(kind=kind, data=[1, 2], labels=[HOSTILE, "b"], title=HOSTILE)
    tags = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert tags <= {"svg", "rect", "text", "title", "line", "polyline", "circle", "path"}
    names = {name for element in picture.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in names)


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
@pytest.mark.parametrize("data", [[0], [5], [0.001, 1e300], [1] * 1000, "1；2； 3 "])
async def test_whatever_is_drawn_is_a_picture(kind: str, data: JsonValue) -> None:
    if kind == "pie" and data == [0]:
        return
    assert (await drawn(kind=kind, data=data)).tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kind": "bar", "data": []}, "0 numbers"),
        ({"kind": "bar", "data": "a;b"}, "no number"),
        ({"kind": "bar", "data": "nan"}, "cannot be drawn"),
        ({"kind": "bar", "data": [10**400]}, "no number"),
        ({"kind": "bar", "data": [1] * 1001}, "1001 numbers"),
        ({"kind": "bar", "data": [1, 2], "labels": "a"}, "1 labels"),
        ({"kind": "pie", "data": [0, 0]}, "above 0"),
        ({"kind": "pie", "data": [2, -1]}, "from 0 on"),
    ],
)
async def test_what_cannot_be_drawn_says_why(arguments: JsonObject, says: str) -> None:
    with pytest.raises(ToolRetry, match=says):
        await Chart().call(arguments, CONTEXT)


async def test_a_chart_is_kept_as_a_file_where_there_is_a_place_for_it() -> None:
    files = KeptFiles()
    answer = await Chart().call({"kind": "bar", "data": [1]}, replace(CONTEXT, files=files))
    [ref] = answer.files
    assert (ref.name, ref.mime_type) == ("bar-chart.svg", "image/svg+xml") and "bar-chart.svg" in answer.text
    assert files.contents[ref.id][1].decode() == answer.fields["svg"]
