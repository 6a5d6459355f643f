"""Tells which code page a text was written in, from how common its characters would be in the language of each.

Unlike detectors that model languages with megabytes of data, it is right for a line of text already.
"""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# The letters of a language from the commonest to the rarest.
_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєўґ"
_GREEK = "αοιετσνηυρπκμλςωγδχθφβξζψάέίόήύώϊϋΐΰ"
_HEBREW = "יולהמתאשרבנחדקפכםעטגסצןזךףץ"
_ARABIC = "اليمونرتبةعدسفهكقأحجشطصخإىضذثئءزغظؤآ"
_KANA = frozenset(chr(code) for code in range(0x3041, 0x3094))
_HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
    "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已"
    "工使情明性知全三又关点正业外将两高间由问很最重并物手应向头文体政美相见被利什二等产或新己制身果加月话合回特代内信表化"
    "老给世位次度门任常先海通教原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报才结反受目"
    "太量再感建务做接必场件计管期市直资命金指许统区保至队形社便空决治展科司五基书非则听白却界达光放强即难且权思完设式色路记"
    "品住告类求据程北边该交规万取格望术领共确传师观清今切院让识候带导争运姓张合同编号请读说明须阅龄城京省县州街"
    "個們來國時會對這為說後過發現當沒動還進樣開從實軍無與長機關點業將兩間問應體見產話給門員認條系氣題變總電數報結處務場"
    "計資統區書聽達強難權設記類據規傳觀識導爭運東買檔檢產歲縣號請閱讀須"
)
_HANGUL = frozenset(
    "이다는을의에가고하지서도로한기리사인은자니나시어아대해스그를일라과정부수있국보제주전상들안녕세요계요여구동습것당"
)
_CJK_MARKS = frozenset("，。、；：？！（）《》「」『』“”‘’—…·　０１２３４５６７８９％～")
_LATIN_MARKS = frozenset("«»“”„‘’‚–—…•€£§©®°·\u00a0№ª º¡¿²³¹½¼¾±×÷µ")

_WESTERN = frozenset("äöüßéèêëàâçîïôûùœæøåñáíóúãõìòÄÖÜÉÈÊÀÂÇÎÔØÅÆÑÁÍÓÚÃÕ£")
_CENTRAL = frozenset("ąćęłńóśźżěščřžýáíéúůťďňőűăâîşţđäöüßôľĄĆĘŁŃÓŚŹŻĚŠČŘŽÝÁÍÉÚŮŤĎŇŐŰĂÂÎŞŢĐÄÖÜĽ")
_TURKISH = frozenset("çğışöüâîûÇĞİŞÖÜ")

_COMMON = 1.0
_USUAL = 0.4
_RARE = 0.0
_MARK = 0.3
_BESIDE_ANOTHER = 0.2
_WRONG = -1.0

Weigh = Callable[[str, str], float]
"""How likely a character outside ASCII is after the one before it: 1 for the commonest letters, -1 for none of its."""


def _alphabet(letters: str) -> Mapping[str, float]:
    weights = {letter: 1 - 0.9 * (at / len(letters)) for at, letter in enumerate(letters)}
    return weights | {letter.upper(): weight * 0.95 for letter, weight in weights.items() if letter.upper() != letter}


def _by_alphabet(letters: str) -> Weigh:
    weights = _alphabet(letters)

    def weigh(char: str, before: str) -> float:
        if (char.isupper() and before.islower()) or (before.isascii() and before.isalpha()):
            return _WRONG  # aNOTHER CODE PAGE sWAPS THE CASES, and no word mixes alphabets
        return weights.get(char, _MARK if char in _LATIN_MARKS else _WRONG)

    return weigh


def _by_accents(letters: frozenset[str], weight: float, rare: str = "") -> Weigh:
    def weigh(char: str, before: str) -> float:
        if char in rare and before.isascii():
            return _USUAL
        if char in letters:
            # Between letters of ASCII an accent is at home; a row of them is another alphabet.
            return weight if before.isascii() else _BESIDE_ANOTHER
        return _MARK if char in _LATIN_MARKS else _WRONG

    return weigh


def _chinese(char: str, _before: str) -> float:
    if char in _HANZI:
        return _COMMON
    if char in _CJK_MARKS:
        return _MARK
    if not "\u4e00" <= char <= "\u9fff":
        return _WRONG
    return _USUAL if _lead(char, "gb2312") < 0xD8 or _lead(char, "big5") < 0xC9 else _RARE


def _japanese(char: str, _before: str) -> float:
    if char in _KANA:
        return _COMMON
    if "\u30a1" <= char <= "\u30fc":
        return 0.8
    if char in _CJK_MARKS:
        return _MARK
    if not "\u4e00" <= char <= "\u9fff":
        return _WRONG
    return 0.6 if _lead(char, "euc_jp") < 0xD0 else _RARE


def _korean(char: str, _before: str) -> float:
    if char in _HANGUL:
        return _COMMON
    if "\uac00" <= char <= "\ud7a3":
        return _USUAL
    return _MARK if char in _CJK_MARKS else -0.5


def _lead(char: str, codec: str) -> int:
    """Return the first byte of the character: the common ones come first in these sets; 255 where it is missing."""
    return char.encode(codec, "ignore")[:1].ljust(1, b"\xff")[0]


@dataclass(frozen=True, slots=True)
class CodePage:
    """A code page that people's old files really have."""

    codec: str
    weigh: Weigh


# In the order in which they win when nothing tells them apart.
CODE_PAGES = (
    CodePage("cp1252", _by_accents(_WESTERN, 1.0, rare="õûÕÛ")),
    CodePage("cp1251", _by_alphabet(_RUSSIAN)),
    CodePage("gb18030", _chinese),
    CodePage("big5", _chinese),
    CodePage("cp932", _japanese),
    CodePage("euc_jp", _japanese),
    CodePage("cp949", _korean),
    CodePage("koi8_r", _by_alphabet(_RUSSIAN)),
    CodePage("cp866", _by_alphabet(_RUSSIAN)),
    CodePage("cp1254", _by_accents(_TURKISH, 0.95)),
    CodePage("cp1250", _by_accents(_CENTRAL, 0.9)),
    CodePage("cp1253", _by_alphabet(_GREEK)),
    CodePage("cp1255", _by_alphabet(_HEBREW)),
    CodePage("cp1256", _by_alphabet(_ARABIC)),
)


def likely_code_page(sample: bytes) -> str | None:
    """Return the codec of the likeliest code page; None when the bytes make no text in any of them."""
    best, best_score = None, _WRONG / 2
    for page in CODE_PAGES:
        try:
            # The sample may end within a character.
            text = codecs.getincrementaldecoder(page.codec)().decode(sample)
        except UnicodeDecodeError:
            continue
        if (score := _score(text, page.weigh)) > best_score:
            best, best_score = page.codec, score
    return best


def _score(text: str, weigh: Weigh) -> float:
    """Return the mean weight of the characters outside ASCII."""
    total, count, before = 0.0, 0, " "
    for char in text:
        if not char.isascii():
            total += weigh(char, before)
            count += 1
        before = char
    return total / count if count else 0.0


def share_of_common(text: str) -> float:
    """Return which share of the characters is common in some language, for telling UTF-16 from noise."""
    if not text:
        return 0.0
    letters = sum(
        char in _HANZI
        or char in _KANA
        or char in _HANGUL
        or char in _CJK_MARKS
        or char in "\n\r\t"
        or " " <= char <= "~"
        or "\u0400" <= char <= "\u045f"
        or "\u0391" <= char <= "\u03ce"
        or "\u05d0" <= char <= "\u05ea"
        or "\u0621" <= char <= "\u064a"
        for char in text
    )
    return letters / len(text)
