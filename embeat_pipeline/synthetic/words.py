"""Word lists per language, from which titles and names of artists are composed."""

from typing import NamedTuple


class Language(NamedTuple):
    """Words of one language."""

    separator: str
    title_words: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ONSETS = _words("Ba Bel Cor Da Del El Fa Fen Gal Ha Is Ja Ka Kel La Lor Ma Mi Na Nor O Pa Ra Ro")
_MIDDLES = _words("la ri no ve da mi ra lo ti be sa ni do lia ren va")
_ENDS = _words("n s ra th m l na re vi ko x lin")
FIRST_NAMES = tuple(a + b for a in _ONSETS for b in _MIDDLES)
LAST_NAMES = tuple(a + b + c for a in _ONSETS for b in _MIDDLES for c in _ENDS)
"""Invented names: 384 x 4,608 pairs, so homonyms stay rare in a large dump."""

GENRE_MODIFIERS = _words(
    "nordic icelandic scottish welsh irish dutch belgian swiss austrian polish czech hungarian "
    "greek turkish israeli egyptian moroccan kenyan ghanaian nigerian brazilian chilean peruvian "
    "mexican cuban canadian texan californian chicago detroit nashville seattle london manchester "
    "bristol berlin parisian lisbon tokyo osaka taipei seoul jakarta manila sydney melbourne kiwi "
    "hawaiian deep dark dream vintage modern classic progressive experimental acoustic symphonic "
    "psychedelic minimal melodic underground lo-fi bedroom desert northern southern coastal "
    "alternative contemporary traditional cosmic gothic noise sunshine electro instrumental "
    "orchestral gospel christian queer teen post neo nu future slow fast heavy soft raw "
    "swamp street garage basement festival lounge chamber choral brass piano guitar synth"
)
"""What makes a micro-genre of a genre: "nordic folk"."""

LANGUAGES: dict[str, Language] = {
    "en": Language(
        " ",
        _words(
            "Midnight River Golden Heart Broken Summer Electric Dream Silver Rain Lonely Road Wild "
            "Fire Paper Moon Crystal Ocean Burning Sky Hollow Light Neon Winter Velvet Shadow "
            "Distant Thunder Quiet Garden Falling Stars Lost Highway Sugar Ghost Glass City Blue "
            "Morning Forever Young Dancing Slow Motion Heaven Gravity Tomorrow Runaway Mirror "
            "Don't Stop Believe Home Again Tonight Love Me You Away Never Always Ashes Bloom Echo"
        ),
        FIRST_NAMES,
        LAST_NAMES,
    ),
    "es": Language(
        " ",
        _words(
            "Corazón Noche Mañana Luna Canción Fuego Bailando Amor Camino Sueño Cielo Mía Todavía "
            "Corre Niña Tú Yo Así Perdón Verano Último Adiós Calle Más Ojos Negros Vida Loca"
        ),
        FIRST_NAMES,
        tuple(name + "ez" for name in FIRST_NAMES),
    ),
    "fr": Language(
        " ",
        _words(
            "Forêt Été Lumière Étoile Cœur Rêve Nuit Déjà Pluie L'âme Français Château Bientôt "
            "Rivière Là-bas Fenêtre Oublié Près Océan Naïve Première Danse Île Sœur Garçon"
        ),
        tuple(name + "é" for name in FIRST_NAMES),
        LAST_NAMES,
    ),
    "de": Language(
        " ",
        _words(
            "Über Nacht Stille Träume Grün Morgen Größe Stadt Himmel Schöne Winter Fernweh "
            "Glück Brücke Straße Herz Zwielicht Für Immer Müde Räume Wälder Licht Regen"
        ),
        FIRST_NAMES,
        tuple(name + "mann" for name in FIRST_NAMES),
    ),
    "pt": Language(
        " ",
        _words(
            "Saudade Coração Manhã Verão Estação Canção Você Não Amanhã Céu Lágrimas Paixão Além "
            "Noite Mar Estrela Sertão Ilusão Meu Bem Dança Chão Razão"
        ),
        FIRST_NAMES,
        tuple(name + "ão" for name in FIRST_NAMES),
    ),
    "ru": Language(
        " ",
        _words(
            "Ночь Звезда Снег Любовь Город Дождь Тишина Моя Дорога Песня Ветер Река Осень Свет "
            "Небо Сон Лето Утро Домой Память"
        ),
        _words("Анна Иван Мария Пётр Алёна Юрий Вера Глеб Зоя Лев Нина Олег Ирина Фёдор Яна"),
        _words("Орлова Зимин Соколова Белов Лесная Громов Тихая Морозов Северная Волков Ясная"),
    ),
    "zh": Language(
        "",
        _words(
            "晴 夜 雨 风 星空 海边 青春 城市 时光 故事 你的 我们 远方 孤单 夏天 冬天 月亮 河流 "
            "梦 火车 花 旅人 少年 回忆 等待 天空 车站 蝴蝶 影子 歌"
        ),
        _words("陈 林 李 王 张 刘 周 吴 徐 孙 郑 叶 苏 何 罗 高 许 沈 韩 唐"),
        tuple(a + b for a in "子雨思嘉晓文明海雪天" for b in "轩涵琪然杰宇婷峰瑶远凡宁"),
    ),
    "zh-hant": Language(
        "",
        _words(
            "愛情 時間 風箏 夢 遠方 天空 寂寞 離開 記憶 雨聲 夜晚 星辰 聽見 飛鳥 國度 長街 溫柔 "
            "雲 花開 電台 車票 歲月 煙火 戀人"
        ),
        _words("陳 林 葉 蘇 張 劉 鄭 許 蔡 羅 楊 趙 郭 謝 鄧"),
        tuple(a + b for a in "嘉曉雅佳偉書夢學" for b in "軒琪傑婷豐瑩遠凱齊榮"),
    ),
    "ja": Language(
        "",
        _words(
            "夜に 夏の 星 さよなら 君と 花火 風の ソラ メロディ 物語 光 ガラスの 月夜 永遠 少女 旅 "
            "雪 ひとり 夢の レクイエム 森 蒼い ワルツ 記憶"
        ),
        _words("青山 高橋 星野 月島 藤原 三浦 水瀬 早川 桜井 北条 神谷 白石 小鳥遊 五十嵐"),
        _words("ゆき 奏 ひかり 蓮 みなと 葵 レン 詩織 ソラ 千夏 透 かなで 遥 ミオ 陽菜 凛"),
    ),
    "ko": Language(
        " ",
        _words("사랑 봄날 너의 밤 하늘 별빛 우리 꿈 바람 노래 안녕 그대 여름 눈물 시간 다시"),
        _words("김 이 박 최 정 강 조 윤 장 임 한 오"),
        tuple(a + b for a in "지민서하준유은도" for b in "우연호린아진영"),
    ),
}
