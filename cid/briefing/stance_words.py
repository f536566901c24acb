"""Words and phrases by which it is told who answers for a claim, by what they do and language.

`word*` is every word that begins so. Infinitives of saying are left out on purpose: "it is false to say" says nothing
of anybody who said it.
"""

from __future__ import annotations

from enum import StrEnum


class Mark(StrEnum):
    DENY = "deny"
    """That something is wrong, invented or without evidence."""
    SAYS = "says"
    """A finite verb of saying: somebody else speaks."""
    HEDGE = "hedge"
    """That something is said, without such a verb: allegedly, according to, the claim."""
    PROVES = "proves"
    """Shows or confirms: with a negation before it, a denial."""
    NOT = "not"
    MISTAKEN = "mistaken"
    """That whoever says it does so wrongly."""
    LABELS = "labels"
    """Calls something names: what follows is their word for it."""
    TURN = "turn"
    """But: what stood before is answered by what follows."""
    PLAIN = "plain"
    """Holds words of another mark and means none of it."""
    THIS = "this"
    """Points back to the sentence before."""
    HOLDS = "holds"
    """Stands up, has grounds: with a negation before it, what is called a claim or an idea is denied."""
    ASIDE = "aside"
    """Hides, forget, otherwise: puts another account away before one's own is given behind a colon."""
    AGAINST = "against"
    """Contrary to what, and then whoever says it."""
    EVEN_IF = "even_if"
    """Call it what you like, however much they: what is denied there is answered by what follows."""
    EVIDENT = "evident"
    """What everybody can see: who denies it is wrong."""
    WHILE = "while"
    """But, though, while: what follows may hold the claim against the facts."""
    COUNTER = "counter"
    """What claims are held against: a map, the record, figures, pictures, a court."""
    REVEALS = "reveals"
    """What a piece of evidence turns out to be."""
    PIECE = "piece"
    """A picture, a document, a supposed proof: what a claim is shown with."""


WORDS: dict[str, dict[Mark, str]] = {
    "en": {
        Mark.DENY: """no such|been wrong|been mistaken|is mistaken|are mistaken|was mistaken|were mistaken|were wrong|
            not the case|not so|legend|legends|nothing of the kind|nothing of the sort|
            the opposite|no sign|no trace|found nothing|invented|is a lie|concocted|unproven|
            wide of the mark|far-fetched|ridicul*|is false|are false|was false|were false|
            as false|this false|it false|that false|is untrue|untrue|not true|isn't true|
            false claim*|false narrative*|false story|false stories|false allegation*|
            false accusation*|no evidence|no proof|without evidence|without proof|
            without any evidence|zero evidence|lacks evidence|no truth|no basis|baseless|
            unfounded|groundless|unsubstantiated|debunk*|refut*|disprov*|discredited|rebut*|
            myth|myths|hoax*|fabrication*|fabricated|bogus|misleading|misinformation|
            disinformation|conspiracy theor*|conspiracy myth|fake|fake news|fakes|deny|denies|
            denied|denying|reject|rejects|rejected|dismiss|dismisses|dismissed|lie|lies|
            nonsense|absurd claim|made up|never happened|does not exist|do not exist|
            pants on fire|distort*|no such thing|does not hold|doesn't hold|not supported|
            contradict*|inaccurate|incorrect|fact check|fact-check:|hoaxes|simply wrong|
            plainly wrong|is wrong|are wrong|was wrong|invention""",
        Mark.SAYS: """say|answered|answers|responded|blames|blamed|echoed|tells|explained|notes|noted|
            reiterated|stressed|emphasised|emphasized|speaks of|spoke of|talked of|charges|
            charged|lamented|vowed|demanded|thundered|railed|mused|expressed|denounced|
            denounces|claims that|said|says|claimed|told|alleged|alleges|argued|argues|
            asserted|asserts|insisted|insists|stated|states that|declared|declares|announced|
            warned|warns|accused|accuses|accusing|complained|suggested|suggests|repeated|
            repeats|maintains|maintained|wrote|writes|tweeted|posted|added|replied|
            charged that|contends|contended|remarked|described|called on|believes|believe that|
            thinks that|quoted""",
        Mark.HEDGE: """telling|as they see it|in the eyes of|version of events|the charge that|on the claim|
            according to|allegedly|reportedly|supposedly|purportedly|so-called|claim|claims|
            claiming|the allegation*|the accusation*|the narrative*|the idea that|in the words of|
            in his words|in her words|rumour*|rumor*|as quoted|the theory|the view that""",
        Mark.PROVES: """show|shows|showed|shown|prove|proves|proved|proven|confirm|confirms|confirmed|
            demonstrat*|establish*|substantiat*|support|supports|supported|back up|indicate*|
            suggest|bear out|corroborat*|true""",
        Mark.NOT: """far from|nowhere|neither|anything but|not|no|never|nobody|no one|none|nothing|
            nor|cannot|can't|hardly|isn't|aren't|wasn't|weren't|doesn't|don't|didn't|
            couldn't|won't|without|unable to|failed to|impossible to|hard to""",
        Mark.MISTAKEN: """wrongly|falsely|mistakenly|unjustly|unfairly|dishonestly|incorrectly|untruthfully|
            rashly""",
        Mark.LABELS: """call|calls|called|calling|label|labels|labelled|labeled|brand|brands|branded|
            dismiss*|denounce*|describe|describes|described|brush*|write off|portray*|smear*|
            flag|flagged|rate|rated|marked|mark|dubbed|tarred""",
        Mark.TURN: """but|yet|however|nevertheless|nonetheless|although|though|in reality|in truth|
            in fact""",
        Mark.PLAIN: """refuse to say|must say|let us say|can say|would say|dare say|have to say|not least|
            nothing less than|no less than|say what|not only|to say|to claim|to call|
            not to mention|having said|it must be said|no longer|no doubt|no wonder|no secret|
            needless to say|that said|to tell|called for|called up|says it all""",
        Mark.THIS: """this|that|it|these|those|the claim|the claims|the story|the allegation|both claims|
            such claims""",
        Mark.HOLDS: """hold up|holds up|hold water|holds water|stand up|stands up|survive|survives|
            withstand|withstands|back|backs|backed|foundation|grounds|basis|substance|
            evidence|proof|bears out|borne out""",
        Mark.ASIDE: """forget|otherwise|hide|hides|conceal|conceals|covers up|cover up|obscures""",
        Mark.AGAINST: """contrary to|in contrast to what|unlike what|despite claims|despite the claim*|
            despite what""",
    },
    "de": {
        Mark.DENY: """nichts dergleichen|irrt sich|irren sich|liegt falsch|liegen falsch|lag falsch|
            das gegenteil|legende|legenden|gegenteiliges|nicht der fall|nicht haltbar|unhaltbar|
            absurd*|an den haaren|ist falsch|sind falsch|war falsch|falsch ist|falsch dass|
            es falsch|falsche behauptung*|falschbehauptung*|falschmeldung*|unwahr*|stimmt nicht|
            nicht wahr|trifft nicht zu|keine beweise|kein beweis|keinen beweis|keine belege|
            kein beleg|keinerlei belege|keinerlei beweise|ohne beweise|ohne belege|ohne beleg|
            unbelegt*|haltlos*|unbegründet*|aus der luft gegriffen|widerleg*|entkräft*|mythos|
            märchen|lüge|lügen|erlogen|erfunden*|desinformation|fake|fakes|fake news|ente|
            verschwörungstheorie*|verschwörungserzählung*|verschwörungsmythos|irreführend*|
            dementier*|bestreite*|bestritt*|bestritten|weist zurück|wies zurück|wiesen zurück|
            weisen zurück|zurückgewiesen|unsinn|unfug|entbehrt jeder grundlage|faktencheck|
            richtiggestellt|fehlinformation*""",
        Mark.SAYS: """antwortete|entgegnete|wiederholte|wiederholt|beharrt*|versichert*|spricht von|
            sprach von|rügte|kritisierte|macht verantwortlich|sieht in|verbreitet|verbreiten|
            sagen|sagte|sagten|sagt|behauptete|behaupteten|behauptet|erklärte|erklärt|
            erklärten|meinte|meint|betonte|betont|teilte mit|warnte|warnt|wirft|warf|
            beschuldigte|beschuldigt|schrieb|schreibt|äußerte|hieß es|so der|so die|verkündete|
            unterstellt|unterstellte|glaubt|klagte""",
        Mark.HEDGE: """darstellung|lesart|wie es heißt|aus sicht|laut|nach angaben|angeblich*|vermeintlich*|
            sogenannt*|behauptung*|zufolge|nach worten|vorwurf|vorwürfe|den worten|nach ansicht|
            nach auffassung|erzählung|these|gerücht*|soll|sollen""",
        Mark.PROVES: """beweis|beweise|beweist|bewiesen|belegt|belegen|zeigt|zeigen|bestätigt|bestätigen|
            nachgewiesen|erwiesen|wahr|hinweise""",
        Mark.NOT: """nicht|kein|keine|keinen|keiner|keineswegs|nie|niemals|niemand|nichts|kaum|weder|
            mitnichten""",
        Mark.MISTAKEN: "fälschlich*|zu unrecht|irrtümlich*|wahrheitswidrig|unberechtigt|fälschlicherweise",
        Mark.LABELS: """nennt|nennen|nannte|bezeichnet*|bezeichnen|abgetan|abtun|tut|tun|verunglimpf*|
            diffamier*|brandmark*|schimpf*""",
        Mark.TURN: """aber|doch|jedoch|allerdings|dennoch|trotzdem|dabei|in wahrheit|in wirklichkeit|
            tatsächlich""",
        Mark.PLAIN: "nicht nur|nicht zuletzt|kein wunder|kein geheimnis|kein zweifel|zu sagen|zu behaupten",
        Mark.THIS: "das|dies|diese behauptung|die behauptung|diese|beides",
        Mark.HOLDS: """anhaltspunkt*|beleg|belege|belegen|beweis|beweise|grundlage|prüfung|
            überprüfung|haltbar|stichhaltig|belastbar*|gedeckt|stützt|stützen""",
        Mark.ASIDE: """vergesst|vergessen sie|anders|verdeckt|verbirgt|verschleiert|verschweigt|
            verhüllt""",
        Mark.AGAINST: "anders als|entgegen",
    },
    "fr": {
        Mark.DENY: """rien de tel|se trompe|se trompent|ont tort|a tort|avait tort|
            légende|au contraire|pas le cas|absurde*|bidon|sans aucune preuve|fabriqué*|erroné*|
            est faux|est fausse|sont fausses|sont faux|faux de|c'est faux|fausse affirmation|
            fausse information|fausses informations|fausse rumeur|infox|intox|aucune preuve|
            pas de preuve|sans preuve*|sans fondement|dénué* de fondement|infond*|démenti*|dément|
            démentent|démenter*|réfut*|mythe|mensonge*|mensong*|désinformation|
            théorie du complot|théories du complot|complotiste*|canular|invention|
            inventé de toutes pièces|trompeu*|contredi*|n'est pas vrai|fake news|rejett*|rejet*|
            nie|nient|a nié|inexact*|vérification*""",
        Mark.SAYS: """répond|répondu|insiste|insistent|martèle|parle de|parlent de|reproche*|a rappelé|
            rappelle|a souligné|souligne|dénonce|dénoncent|dit|disent|a déclaré|déclare|
            affirme|affirment|a affirmé|affirmait|prétend|prétendent|a prétendu|soutient|
            soutiennent|a soutenu|assure|assurent|a assuré|accuse|accusent|a accusé|explique|
            a expliqué|a lancé|lance|a écrit|écrit|estime|estiment|a estimé|répète|répètent|
            a répété|a dit|ajoute""",
        Mark.HEDGE: """à en croire|aux yeux de|récit de|les propos de|selon|d'après|prétendument|soi-disant|
            l'affirmation|allégation*|l'idée que|l'idée selon|aurait|auraient|le récit|la thèse|
            rumeur*|serait""",
        Mark.PROVES: "prouv*|démontr*|confirm*|étay*|montre*|établi*",
        Mark.NOT: "ne|n|pas|aucun|aucune|jamais|personne|rien|nul|ni|nullement",
        Mark.MISTAKEN: "à tort|faussement|injustement|abusivement|mensongèrement",
        Mark.LABELS: """qualifie*|qualifient|appelle*|appellent|traite*|traitent|taxe*|taxent|disent|
            étiquet*""",
        Mark.TURN: "mais|pourtant|cependant|toutefois|or|néanmoins|en réalité|en vérité|en fait",
        Mark.PLAIN: """non seulement|pas seulement|sans doute|ne fait aucun doute|un secret pour personne|
            pas étonnant""",
        Mark.THIS: "c'est|cela|ceci|cette affirmation|ces affirmations|cette allégation|ce récit",
        Mark.HOLDS: """tient|tiennent|résiste|résistent|repose|reposent|fondement|preuve|preuves|
            étayée|étayé""",
        Mark.ASIDE: """oubliez|autrement|le contraire|cache|cachent|dissimule|dissimulent|masque|
            masquent""",
        Mark.AGAINST: "contrairement à|à l'inverse de",
    },
    "es": {
        Mark.DENY: """nada de eso|tal cosa no|se equivoca|se equivocan|se equivocaron|
            leyenda|lo contrario|no es el caso|absurd*|patraña*|fabricad*|erróne*|carece*|
            es falso|es falsa|son falsas|son falsos|falso que|información falsa|
            informaciones falsas|noticia falsa|noticias falsas|afirmación falsa|bulo|bulos|mito|
            mentira*|ninguna prueba|no hay pruebas|no hay evidencia*|ninguna evidencia|sin pruebas|
            sin prueba|sin evidencia*|sin fundamento|infundad*|desmient*|desmint*|desmentid*|
            refut*|desinformación|teoría de la conspiración|teorías de la conspiración|
            conspiranoic*|engaño*|engañ*|invento|inventad*|no es cierto|no es verdad|falsedad*|
            niega|niegan|negó|negaron|rechaz*|contradi*|montaje|verificación""",
        Mark.SAYS: """respondió|responde|reiteró|reitera|culpó|culpa|atribuye|atribuyó|advierte|recalcó|
            recordó|reprochó|afirmaba|sostenía|insistía|criticó|lamentó|dijo|dice|dicen|
            dijeron|afirma|afirmó|afirman|afirmaron|aseguró|asegura|aseguran|sostiene|sostuvo|
            sostienen|declaró|declara|acusa|acusó|acusan|señaló|señala|denunció|denuncia|
            insistió|insiste|explicó|explica|escribió|escribe|alega|alegó|según dijo|repite|
            repitió|cree|añadió|advirtió""",
        Mark.HEDGE: """a decir de|a ojos de|versión de|en boca de|según|supuest*|presunt*|la afirmación|
            las afirmaciones|la acusación|la idea de que|habría|habrían|la narrativa|el relato|
            rumor*|a juicio de|en palabras de""",
        Mark.PROVES: "prueba|prueban|demuestr*|demostr*|confirm*|muestr*|acredit*",
        Mark.NOT: "no|ningún|ninguna|nunca|jamás|nadie|nada|ni|tampoco",
        Mark.MISTAKEN: "falsamente|erróneamente|injustamente|equivocadamente|sin razón",
        Mark.LABELS: "llama*|llaman|califica*|califican|tacha*|tachan|tildan|tilda*|etiquet*",
        Mark.TURN: "pero|sin embargo|no obstante|aunque|en realidad|en verdad|de hecho|mas",
        Mark.PLAIN: "no solo|no sólo|no es ningún secreto|no cabe duda|sin duda|no es un secreto",
        Mark.THIS: "esto|eso|esta afirmación|estas afirmaciones|es falso|es un bulo|es mentira",
        Mark.HOLDS: """sostiene|sostienen|resiste|resisten|fundamento|base|prueba|pruebas|respaldo|
            respalda|apoya""",
        Mark.ASIDE: """olviden|olvide|olvidad|lo contrario|otra cosa|oculta|ocultan|esconde|
            esconden""",
        Mark.AGAINST: "contrariamente a|al contrario de|a diferencia de",
    },
    "ru": {
        Mark.DENY: """ничего подобного|ошибается|ошибаются|ошибались|неправы|не правы|
            наоборот|противоположн*|легенд*|небылиц*|абсурд*|надуман*|не так|клевет*|бред|
            бредн*|не соответствует действительности|не соответствуют действительности|неправда|
            ложь|лживо|лжив*|ложн*|фейк*|миф|мифом|мифы|мифа|выдумк*|вымыс*|вымышлен*|
            опроверг*|опроверж*|развенч*|разоблач*|дезинформаци*|нет доказательств|
            никаких доказательств|без доказательств|бездоказательн*|не подтвержд*|не подтверди*|
            безосновательн*|необоснованн*|беспочвенн*|теори* заговора|конспиролог*|отрица*|
            отверг*|не имеет отношения к действительности|нет подтверждени*|утка|сфабрикован*|
            не правда|чушь|враньё|вранье|фактчек|вводит в заблуждение""",
        Mark.SAYS: """ответил*|заверил*|повторил*|пояснил*|рассказал*|напомнил*|убежден*|намекнул*|
            посетовал*|возмутил*|рассуждал*|предупредил*|жалу*|жалова*|винит|винят|сказал*|
            заявил*|заявля*|утвержда*|сообщил*|сообща*|считает|считают|отметил*|подчеркну*|
            добавил*|обвин*|говорит|говорят|говорил*|написал*|пишет|пишут|назвал*|уверя*|
            настаива*|уверен|уверена""",
        Mark.HEDGE: """в изложении|с точки зрения|по утверждению|по заявлению|по словам|по мнению|якобы|
            будто|будто бы|по данным|согласно|утверждени*|обвинени*|так называем*|по версии|
            тезис*|мол|слух*|как передает|как сообщает""",
        Mark.PROVES: "доказ*|подтвержд*|подтверди*|показ*|свидетельств*|следует",
        Mark.NOT: "не|нет|никто|никогда|ничего|ни|нельзя|невозможно|вовсе не|отнюдь не",
        Mark.MISTAKEN: "ложно|лживо|ошибочно|напрасно|необоснованно|несправедливо|зря|голословно",
        Mark.LABELS: "назыв*|назва*|счита*|объявля*|объявил*|клейм*|именуют|выставля*",
        Mark.TURN: "но|однако|зато|тем не менее|на самом деле|в действительности|хотя",
        Mark.PLAIN: "не только|не секрет|ни для кого не секрет|не случайно|не зря|нет сомнени*",
        Mark.THIS: """это|эти утверждения|это утверждение|данное утверждение|эта информация|всё это|
            оба утверждения""",
        Mark.HOLDS: """оснований|основания|основан*|подкреплен*|подкрепля*|выдержива*|выдержал*|
            доказательств*|почвы|критики""",
        Mark.ASIDE: """забудьте|иначе|обратное|скрыва*|прикрыва*|заслоня*""",
        Mark.AGAINST: "вопреки|в отличие от",
    },
    "uk": {
        Mark.DENY: """нічого подібного|помиляється|помиляються|помилялися|не мають рації|не має рації|
            навпаки|протилежн*|легенд*|абсурд*|надуман*|не так|наклеп*|маячн*|вигадан*|
            неправдив*|не відповідає дійсності|не відповідають дійсності|неправда|брехн*|брехлив*|
            фейк*|міф|міфом|міфи|вигадк*|спросту*|спростов*|розвінч*|дезінформаці*|
            немає доказів|жодних доказів|без доказів|бездоказов*|безпідставн*|необґрунтован*|
            теорі* змови|заперечу*|заперечи*|відкида*|відкинул*|хибн*|не підтвердж*|нісенітниц*|
            сфабрикован*|маніпуляці*""",
        Mark.SAYS: """відповів|відповіла|розповів|розповіла|повторив|повторила|переконан*|пояснив|
            пояснила|нагадав|поскаржи*|винит*|переконував*|обурив*|стверджував*|сказав|сказала|
            заявив|заявила|заявили|заявля*|стверджу*|повідом*|вважа*|зазначи*|наголоси*|додав|
            додала|звинувати*|звинувачу*|каже|кажуть|говорить|написав|написала|пише|назвав|
            назвала|запевня*""",
        Mark.HEDGE: """у викладі|з погляду|за версією|за заявою|за словами|на думку|нібито|начебто|мовляв|
            за даними|згідно|твердженн*|звинуваченн*|так зван*|буцімто|тез*|чутк*""",
        Mark.PROVES: "довод*|довів|доказ*|підтвердж*|підтверди*|показ*|свідч*",
        Mark.NOT: "не|ні|ніхто|ніколи|нічого|немає|жоден|аж ніяк не|неможливо",
        Mark.MISTAKEN: "брехливо|хибно|помилково|даремно|безпідставно|несправедливо|неправдиво",
        Mark.LABELS: "назива*|назва*|вважа*|оголош*|тавру*",
        Mark.TURN: "але|однак|проте|зате|насправді|втім|хоча",
        Mark.PLAIN: "не тільки|не лише|не секрет|ні для кого не секрет|не випадково",
        Mark.THIS: "це|ці твердження|це твердження|ця інформація|все це|усе це",
        Mark.HOLDS: """підстав|підстави|підґрунтя|обґрунтован*|підкріплен*|витримує|витримують|
            доказів|критики""",
        Mark.ASIDE: """забудьте|інакше|протилежне|прихову*|прикрива*|заступа*""",
        Mark.AGAINST: "всупереч|на відміну від",
    },
}
