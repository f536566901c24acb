"""Words of certainty and of nobody in particular, that a briefing must not use, and words that say nothing at all.

The English ones are those that the analysts' prompt forbids, and their like; the other languages say the same.
"""

from __future__ import annotations

from cid.text.inflection import key
from cid.text.phrasebook import phrasebook
from cid.text.words import words

BY_LANGUAGE: dict[str, tuple[str, ...]] = {
    "en": (
        "it is clear that",
        "it's clear that",
        "it is obvious that",
        "it is certain that",
        "obviously",
        "definitely",
        "undoubtedly",
        "unquestionably",
        "without a doubt",
        "without any doubt",
        "beyond any doubt",
        "there is no doubt that",
        "everybody knows",
        "everyone knows",
        "as is well known",
        "it is well known that",
        "sources say",
        "sources claim that",
        "insiders say",
    ),
    "de": (
        "es ist klar, dass",
        "es ist offensichtlich",
        "offensichtlich",
        "definitiv",
        "zweifellos",
        "zweifelsfrei",
        "ohne jeden Zweifel",
        "ohne Zweifel",
        "es steht außer Zweifel",
        "unbestreitbar",
        "jeder weiß",
        "bekanntlich",
        "Quellen sagen",
        "Quellen behaupten",
        "Insider sagen",
    ),
    "fr": (
        "il est clair que",
        "il est évident que",
        "évidemment",
        "de toute évidence",
        "sans aucun doute",
        "sans nul doute",
        "il ne fait aucun doute",
        "indubitablement",
        "incontestablement",
        "tout le monde sait",
        "des sources disent",
        "des sources affirment",
    ),
    "es": (
        "está claro que",
        "es evidente que",
        "es obvio que",
        "obviamente",
        "evidentemente",
        "definitivamente",
        "indudablemente",
        "sin duda alguna",
        "sin ninguna duda",
        "no cabe duda",
        "todo el mundo sabe",
        "fuentes dicen",
        "fuentes afirman",
    ),
    "ru": (
        "очевидно, что",
        "совершенно очевидно",
        "несомненно",
        "безусловно",
        "без сомнения",
        "вне всякого сомнения",
        "не вызывает сомнений",
        "нет сомнений, что",
        "ясно, что",
        "общеизвестно",
        "как всем известно",
        "источники сообщают",
        "источники говорят",
        "источники утверждают",
    ),
    "uk": (
        "очевидно, що",
        "цілком очевидно",
        "безсумнівно",
        "безперечно",
        "безумовно",
        "без сумніву",
        "поза всяким сумнівом",
        "не викликає сумнівів",
        "немає сумнівів, що",
        "зрозуміло, що",
        "загальновідомо",
        "як усім відомо",
        "джерела повідомляють",
        "джерела кажуть",
        "джерела стверджують",
    ),
    "it": (
        "è chiaro che",
        "è ovvio che",
        "ovviamente",
        "senza dubbio",
        "senza alcun dubbio",
        "indubbiamente",
        "fonti dicono",
    ),
    "pt": ("está claro que", "é óbvio que", "sem dúvida", "indubitavelmente", "fontes dizem"),
    "pl": ("oczywiste jest, że", "bez wątpienia", "niewątpliwie", "źródła mówią"),
    "zh": ("毫无疑问", "显而易见", "众所周知", "毫無疑問", "顯而易見", "眾所周知"),
    "ar": ("من الواضح أن", "بلا شك", "لا شك أن", "من المؤكد أن"),
}
FORBIDDEN = phrasebook(phrase for phrases in BY_LANGUAGE.values() for phrase in phrases)

_NEGATIONS = (
    "not no never cannot can't isn't don't doesn't nicht kein keine keineswegs nie ne pas jamais aucunement no nunca"
    " tampoco не нельзя никогда ні non mai não nie"
)
NEGATIONS = frozenset(key(word) for word in words(_NEGATIONS))

_DUMMY = (
    "lorem ipsum dolor amet consectetur consetetur adipiscing adipisicing sadipscing elitr eiusmod incididunt dolore"
    " aliqua aliquyam veniam nostrud exercitation ullamco laboris aliquip commodo consequat irure reprehenderit"
    " voluptate cillum fugiat pariatur excepteur occaecat cupidatat proident culpa officia deserunt mollit laborum"
    " nonumy eirmod invidunt"
)
FILLER = frozenset(words(_DUMMY))
"""Of the printers' dummy text, without those of its words that living languages are full of."""
