"""Real songs and artists in the synthetic dump, so that the examples of the README work.

Titles, artists and years are facts. Audio features are invented like everything else.
"""

from typing import NamedTuple


class Song(NamedTuple):
    """A song; it has an id and an ISRC only if an example uses them."""

    title: str
    album: str | None
    year: int | None
    popularity: int
    track_id: str | None = None
    isrc: str | None = None
    featuring: str | None = None
    """Another artist of ``KNOWN_ARTISTS``."""


class KnownArtist(NamedTuple):
    """An artist with songs, most popular first."""

    name: str
    genres: tuple[str, ...]
    songs: tuple[Song, ...]
    other_name: str | None = None
    """Name of the artist in the file of related artists."""


KNOWN_ARTISTS = (
    KnownArtist(
        "Jay Chou",
        ("mandopop", "zhongguo feng", "taiwan pop", "c-pop"),
        (
            Song("晴天", "葉惠美", 2003, 72, "0F02KChKwbcQ3tk4q1YxLH", "TWK970300503"),
            Song("七里香", "七里香", 2004, 71),
            Song("稻香", "魔杰座", 2008, 71),
            Song("告白氣球", "周杰倫的床邊故事", 2016, 70),
            Song("夜曲", "十一月的蕭邦", 2005, 69),
            Song("青花瓷", "我很忙", 2007, 68),
            Song("簡單愛", "范特西", 2001, 66),
            Song("以父之名", "葉惠美", 2003, 63),
        ),
        other_name="周杰倫",
    ),
    KnownArtist(
        "郭顶",
        ("mandopop", "mainland chinese pop"),
        (Song("凄美地", "飞行器的执行周期", 2016, 58),),
    ),
    KnownArtist(
        "万能青年旅店",
        ("chinese indie rock",),
        (
            Song("杀死那个石家庄人", "万能青年旅店", 2010, 56),
            Song("大石碎胸口", "万能青年旅店", 2010, 49),
        ),
    ),
    KnownArtist(
        "痛仰乐队",
        ("chinese indie rock",),
        (Song("不要停止我的音乐", "不要停止我的音乐", 2008, 45),),
    ),
    KnownArtist(
        "Mark Ronson",
        ("dance pop", "pop"),
        (
            Song(
                "Uptown Funk (feat. Bruno Mars)",
                "Uptown Special",
                2015,
                86,
                "32OlwWuMpZ6b0aN2RZOeMS",
                featuring="Bruno Mars",
            ),
        ),
    ),
    KnownArtist(
        "Bruno Mars",
        ("dance pop", "pop"),
        (
            Song("Just the Way You Are", "Doo-Wops & Hooligans", 2010, 85),
            Song("24K Magic", "24K Magic", 2016, 80),
        ),
    ),
    KnownArtist(
        "Justin Timberlake",
        ("dance pop", "pop"),
        (Song("CAN'T STOP THE FEELING!", "Trolls", 2016, 83),),
    ),
    KnownArtist("Pharrell Williams", ("dance pop", "pop"), (Song("Happy", "G I R L", 2014, 82),)),
    KnownArtist(
        "will.i.am",
        ("dance pop", "pop"),
        (Song("I Like to Move It", "Madagascar: Escape 2 Africa", 2008, 55),),
    ),
    KnownArtist(
        "Kendrick Lamar",
        ("conscious hip hop", "west coast rap", "rap", "hip hop"),
        (
            Song("HUMBLE.", "DAMN.", 2017, 84),
            Song("Money Trees", "good kid, m.A.A.d city", 2012, 82),
            Song("Alright", "To Pimp a Butterfly", 2015, 79),
            Song("DNA.", "DAMN.", 2017, 78),
        ),
    ),
    KnownArtist(
        "梶浦由記",
        ("anime score", "japanese vgm"),
        (
            Song("Sis puella magica!", None, 2011, 46),
            Song("Decretum", None, 2011, 43),
        ),
    ),
    KnownArtist("Evan Call", ("anime score", "japanese vgm"), (Song("Zoltraak", None, None, 57),)),
    KnownArtist(
        "Cécile Corbel",
        ("breton folk", "anime score"),
        (Song("Arrietty's Song", None, 2010, 48),),
    ),
    KnownArtist(
        "Oskar Schuster",
        ("compositional ambient",),
        (Song("Gizeh", None, None, 44), Song("Vleurgat", None, None, 42)),
    ),
    KnownArtist(
        "Joep Beving",
        ("compositional ambient", "neo-classical"),
        (Song("Sleeping Lotus", "Solipsism", 2015, 60),),
    ),
    KnownArtist(
        "James Spiteri",
        ("compositional ambient", "neo-classical"),
        (Song("Travelling", None, None, 41),),
    ),
)

KNOWN_SONGS = tuple(song for artist in KNOWN_ARTISTS for song in artist.songs)
"""All songs; the place of a song here is its track index in the dump."""
