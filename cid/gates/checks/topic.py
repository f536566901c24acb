"""Whether the draft stays with its story."""

from __future__ import annotations

from collections.abc import Iterator

from cid.domain.review import Finding, Severity
from cid.gates.checks.material import Material, finding, stem
from cid.text.words import words

CONTENT = 5
"""Letters of a word that may say what a text is about."""
LEAST = 6
"""Such words that a block must have to be judged."""
SHARED = 0.12
"""Of these, what a block about the story shares with it at least."""
_STOP = frozenset(
    stem(word)
    for word in words(
        """
        about above after again against almost along already although always among another around because become
        before behind being below between beyond could different during either enough every everything first further
        given going great having however inside instead itself known later least little longer makes making maybe
        might months never nothing often other others ought outside perhaps quite rather really right several shall
        should since small something sometimes still taken their themselves there therefore these thing things think
        those though three through times today together toward towards under until using usually whatever where
        whether which while whole whose within without would years yourself aber allem allen aller alles andere
        anderen anderer beide beim bereits besser bisher danach dabei damit daher dann darauf daraus darum dazu denen
        deren derzeit diese diesem diesen dieser dieses durch einem einen einer eines einige etwas gegen genau gibt
        haben hatte hatten heute hinter immer indem jeder jedes jetzt kann keine keinen koennen konnte können lassen
        machen mehr meist müssen nachdem neben nicht nichts noch oder ohne schon sehr seine seinen seiner seit selbst
        sich sind sollte sollten sowie trotz ueber über unter viele vielen vielleicht waren wegen welche welcher wenig
        wenige wenn werden wieder wird wollen worden wurde wurden würde zwischen zuerst ahora algo alguna algunas
        algunos antes aquel aquella aunque cada como cuando cuanto debajo debe deben dentro desde despues donde
        durante entonces entre estaba estas estos están hacia hacer hasta haber hemos mejor menos mientras mismo misma
        mucho muchos nadie ninguna nosotros nuestra nuestro nuevo nueva otros otras para parte pero poder porque
        primero puede pueden quien quienes segun según siempre sobre tambien también tanto tiene tienen todas todos
        todavía usted varios veces ainsi alors aucun aussi autre autres avant avoir cette ceux chaque comme comment
        contre depuis dernier donc elles encore etaient etait faire jamais leurs lorsque mais meme même moins notre
        parce parmi pendant peut peuvent plusieurs plutôt pourquoi pouvoir premier quand quelque quelques sans selon
        sera seront sous souvent tandis toujours toute toutes tous trop votre
        """
    )
)


def elsewhere(one: Material) -> Iterator[Finding]:
    """Blocks of the body that share too few content words with claims, headlines and profile, weighed by their words.
    Texts of scripts without spaces, and drafts in another language than their claims, are a reader's to judge."""
    if one.foreign_tongue:
        return
    ground = {stem(word) for word in one.ground_words}
    total = away = 0
    first = ""
    for text, said in _blocks(one):
        content = {stem(word) for word in said if len(word) >= CONTENT and not word.isdigit()} - _STOP
        if len(content) < LEAST:
            continue
        total += len(said)
        if len(content & ground) < SHARED * len(content):
            away += len(said)
            first = first or text
    share = away / total if total else 0.0
    if share >= one.checks.elsewhere_major:
        yield finding(
            Severity.CRITICAL if share >= one.checks.elsewhere_critical else Severity.MAJOR,
            "off_topic",
            first,
            f"{share:.0%} of the text shares no words with the story.",
            "Take out what is about something else.",
        )


def _blocks(one: Material) -> Iterator[tuple[str, list[str]]]:
    """Paragraphs; the entries of a list and the cells of a table together."""
    text, said, kind = "", list[str](), ""
    for passage in one.body:
        joined = passage.kind == kind and kind in {"item", "cell"}
        if not joined and said:
            yield text, said
            text, said = "", []
        if passage.kind != "heading":
            text, said = text or passage.text, [*said, *passage.words]
        kind = passage.kind
    if said:
        yield text, said
