import csv
import json
from io import StringIO

from embeat_serve.export.tabular import to_csv, to_json
from tests.support.small_lists import SONGS, answer


def test_csv_can_be_read_back():
    rows = list(csv.DictReader(StringIO(to_csv(answer(*SONGS)), newline="")))
    assert [row["track_name"] for row in rows] == [item.track_name for item in SONGS]
    assert rows[0]["artist_names"] == "Jay Chou; Someone"
    assert rows[0]["channels"] == "playlist=0.5; acoustic=0.25"
    assert rows[0]["isrc"] == ""
    assert rows[0]["url"] == f"https://open.spotify.com/track/{1:022d}"


def test_json_is_one_object_in_plain_letters():
    text = to_json(answer(*SONGS).to_dict())
    assert json.loads(text)["results"][0]["track_name"] == "擱淺"
    assert "擱淺" in text
