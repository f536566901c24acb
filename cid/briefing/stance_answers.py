"""More of `stance_words`: ways of denying and of saying that are no single word for it, and how claims are answered."""

from __future__ import annotations

from cid.briefing.stance_words import Mark

MORE: dict[str, dict[Mark, str]] = {
    "en": {
        Mark.SAYS: """holds that|hold that|forecasts|forecast that|predicts|predicted|teaches that|
            taught that|preaches|proclaims|proclaimed|contended|asserting|alleging|insisting|
            announcing|describes|describe|labels|portrays|portrayed|depicts|depicted|
            characterises|characterised|characterizes|characterized|justified|attribute|
            attributes|attributed|sees in|agreed with|agree that|agreed that|reports|reported|
            filed a suit|tell|chanted|speculated|speculates|implied|implies|hinted|decried|
            condemned|likened|voiced|opined|quipped|testified|recounted|retold|circulated|
            echoes|parrots|peddles|pushes the|promotes the|floated|brought up|termed|
            places the blame|placed the blame|put the blame|returned to the""",
        Mark.HEDGE: """the theme that|the statement that|the line that|the message that|the assertion|
            the notion that|the position that|in the view|in their view|in his view|in her view|
            hashtag*|posts about|the slogan|the story that|talk of|the conviction that|
            the charge of|the charge|alleged|supposed|so called""",
        Mark.DENY: """fell apart|falls apart under|fall apart under|fell to pieces|in shreds|in tatters|
            taken apart|took apart|does not survive|did not survive|doesn't survive|
            puts paid to|put paid to|laid to rest|buried the|exaggerated|overblown|smear|canard|
            tall tale|the tale|fairy tale|the legend|old wives|urban legend|misrepresents|
            misrepresented|mischaracterises|mischaracterizes|misquoted|misread|makes no sense|
            make no sense|does not add up|doesn't add up|tells a different story|
            tell a different story|the reverse|out of thin air|not a shred|no shred|
            not one shred|not a scrap|not a grain|scotched|quashed|exposed as|pure fantasy|
            is fiction|a fiction|pure fiction|factually wrong|demonstrably wrong|
            nothing behind it|nothing to do with reality|defies logic|implausible|
            physically impossible|no plausible|pseudoscience|nocebo|never took place|
            no way in which|recycled from|borrowed from|forged|forgery|forgeries|doctored|
            photoshopped|miscaptioned|taken out of context|out of context|deepfake|satire|
            satirical|spoof|confuses|confuse|conflates|a matter of rhetoric|exists chiefly in|
            exists only in|rests on footage|runs counter to|belied by|belies|at odds with|
            does not stack up|doesn't stack up|retracted|recanted|apologised for|apologized for|
            had invented""",
        Mark.EVEN_IF: """call it|call me|call us|dismiss it|dismiss this|whatever|no matter|however much|
            however loudly|all they like|all you like|may howl|if you like|if you must|
            if that comforts|let them|go ahead and|they told you|they tell you|you are told|
            we are told|they want you|they would have you|they will tell you|so do not tell me|
            do not tell me|don't tell me""",
        Mark.EVIDENT: """can see|the obvious|everybody knows|everyone knows|knows to be true|the real myth|
            the real lie|the real hoax|the real fake|plain to see|plain engineering|plain truth|
            plain fact|know to be true|has a name""",
        Mark.WHILE: """but|yet|though|although|while|whereas|however|when in fact|even though|only that|
            except that""",
        Mark.COUNTER: """map|maps|atlas|data|figures|numbers|statistics|record|records|documents|papers|
            census|court|courts|judge|judges|inspectors|auditors|investigators|satellite|
            photographs|photos|footage|video|videos|intercepts|witnesses|exhumations|scientists|
            researchers|physicists|doctors|studies|study|reviews|experts|historians|engineers|
            analysis|evidence|table|archive|archives|ledger|per cent|percent|neighbours|budget|
            deficit|loss|growth|ceasefire|fact|facts|reality""",
        Mark.REVEALS: """turned out|turns out|it emerged|was shot in|was filmed in|were filmed in|
            was taken in|were taken in|dates from|date from|comes from|is from|are from|
            shows the|show the|in reality|in fact|actually|is a training|was a training|
            cut in half|a fresh caption|first appeared|had been published|years earlier|
            years before|taken from|from another|of another|another country|started its axis|
            omitted|failed to mention|means the opposite|in truth""",
        Mark.PIECE: """picture|pictures|photo|photos|photograph|photographs|image|images|video|videos|clip|
            clips|footage|graph|chart|diagram|map|document|documents|paper|letter|quotation|
            quote|screenshot|recording|proof|article|table|leaflet|study""",
        Mark.PLAIN: """debunkers|debunking industry|debunking site*|fact-checker*|fact checker*|
            fact-checking|fact checking|accused of lying|called debunked|without taking|
            no longer trusts|no questions|false alarm at your peril|
            no independent investigation|true or false|true nor false|either true""",
    },
    "de": {
        Mark.SAYS: """begründet|begründete|erzählt|erzählen|berichtet|berichtete|berichten|prophezeit|
            prophezeite|nannte|nennt|bezeichnet|bezeichnete|stellt dar|stellte dar|wettert|
            wetterte|mutmaßt|suggeriert|suggerierte|propagiert|propagierte|argumentiert|
            argumentierte|verantwortlich|beteuert|beteuerte|postete|twitterte|zitiert|
            führt zurück|führte zurück""",
        Mark.HEDGE: """die idee|die vorstellung|die meinung|die ansicht|die losung|in den augen|im sinne|
            schlagwort""",
        Mark.DENY: """keine rede|nichts dran|nichts zu tun|fehlt jeder|fehlt jede|schwindel|humbug|
            gefälscht|fälschung*|manipuliertes video|aus dem zusammenhang|übertrieben|
            hirngespinst|fällt in sich zusammen|zerpflückt|auseinandergenommen|verdreht|
            verdrehen|nie stattgefunden|ammenmärchen|hält nicht stand|quatsch|trägt nicht|
            spricht hohn|im widerspruch|widerspr*|ins reich der""",
        Mark.EVEN_IF: """mögen|egal was|egal wie|nennt es|nennen sie es|man wird uns|sie erzählen euch|
            was auch immer|so sehr auch""",
        Mark.EVIDENT: """jeder sieht|jeder weiß|offensichtlich|sieht doch jeder|das wahre märchen|
            die wahre lüge""",
        Mark.WHILE: "aber|doch|jedoch|allerdings|obwohl|während|dabei|wobei|obgleich",
        Mark.COUNTER: """zahlen|daten|karte|dokumente|akten|unterlagen|gericht|gerichte|prüfer|
            satellitenbilder|aufnahmen|video|bilder|statistik|statistiken|forscher|studien|
            studie|ermittler|historiker|fachleute|experten|prozent|fakten|zeugen|inspektoren""",
        Mark.REVEALS: """stammt aus|stammen aus|stellte sich heraus|in wahrheit|tatsächlich|in wirklichkeit|
            zeigt eine|zeigt ein|entstand""",
        Mark.PIECE: """bild|bilder|foto|fotos|video|videos|aufnahme|aufnahmen|dokument|grafik|schreiben|
            zitat|beweis|beweise""",
        Mark.PLAIN: "faktenchecker*",
    },
    "fr": {
        Mark.SAYS: """décrit|décrivait|prédit|raconte|racontent|répètent|évoque|évoquent|fustige|clame|
            clament|accusait|présente|attribue|attribuent|imput*|relaie|relaient|rapporte|
            rapportent|écrivent|proclame|martèlent|a évoqué|a parlé""",
        Mark.HEDGE: """l'opinion selon|la version|l'accusation|le slogan|présumé*|supposé*|prétendu*|
            au dire""",
        Mark.DENY: """montage|ne tient pas|aucune trace|aucun fondement|rien de vrai|rien à voir|fable|
            légendes|chimère|sornettes|n'existe pas|jamais existé|exagéré*|hors contexte|
            détourné*|falsifi*|contrefait*|tourné en dérision|démonté|démontent|démonte|
            bat en brèche|battu en brèche|battue en brèche|mis en pièces|relève du fantasme|
            fantasme|est une invention|sans queue ni tête|à l'opposé""",
        Mark.EVEN_IF: """on vous répète|on nous répète|on vous dira|on nous dira|quoi qu|peu importe|appelez|
            ils ont beau|auront beau|a beau""",
        Mark.EVIDENT: "chacun voit|tout le monde sait|chacun sait|l'évidence|le vrai mensonge|le vrai mythe",
        Mark.WHILE: "mais|pourtant|alors que|tandis que|bien que|cependant|toutefois|or|sauf que",
        Mark.COUNTER: """chiffres|données|carte|documents|archives|tribunal|tribunaux|juges|images|satellite|
            vidéo|photos|statistiques|chercheurs|études|étude|enquêteurs|historiens|experts|
            pour cent|faits|témoins|inspecteurs|déficit""",
        Mark.REVEALS: """en réalité|en fait|en vérité|date de|datent de|provient de|proviennent de|
            il s'avère|s'est avéré*|tourné* en""",
        Mark.PIECE: """photo|photos|image|images|vidéo|vidéos|document|documents|graphique|citation|preuve|
            preuves|lettre|extrait""",
        Mark.PLAIN: "vérificateurs|décodeurs",
    },
    "es": {
        Mark.SAYS: """describió|describe|calificó|presentó|presenta|vaticinó|pronostica|augura|culpan|
            atribuyen|cuenta que|cuentan que|repiten|difunde|difunden|proclama|proclamó|
            sostenían|alegó|alegan|comentó|manifestó|apuntó|reprocha|tuiteó|publicó""",
        Mark.HEDGE: """la versión|la tesis|el lema|la teoría|la opinión|en opinión|al decir|supuestamente|
            presuntamente""",
        Mark.DENY: """no se sostiene|nada de cierto|nada de verdad|no existe*|nunca existi*|jamás existi*|
            exagerad*|fuera de contexto|manipulad*|falsificad*|cuento|cuentos|leyendas|
            disparate*|sin pies ni cabeza|desmont*|desmonta|fantasía*|queda en nada|hace aguas|
            no resiste|embuste*|pura invención|nunca ocurrió|jamás ocurrió""",
        Mark.EVEN_IF: """por mucho que|por más que|digan lo que|llámenlo|llámalo|nos dirán|les dirán|
            te dirán|aunque lo nieguen""",
        Mark.EVIDENT: """todo el mundo sabe|todos saben|salta a la vista|a la vista de todos|
            la verdadera mentira|el verdadero mito""",
        Mark.WHILE: "pero|aunque|mientras|cuando en realidad|sin embargo|no obstante|si bien|sino",
        Mark.COUNTER: """cifras|datos|mapa|documentos|archivos|tribunal|tribunales|jueces|imágenes|satélite|
            vídeo|video|fotos|estadísticas|investigadores|estudios|estudio|historiadores|
            expertos|por ciento|hechos|testigos|inspectores|déficit""",
        Mark.REVEALS: """en realidad|de hecho|data de|datan de|procede de|proceden de|resultó ser|
            resultaron ser|fue grabad*|se grabó""",
        Mark.PIECE: """foto|fotos|imagen|imágenes|vídeo|vídeos|documento|documentos|gráfico|cita|prueba|
            pruebas|carta""",
        Mark.PLAIN: "verificadores",
    },
    "ru": {
        Mark.SAYS: """говорится|рассказыва*|твердит|твердят|описа*|описыва*|предрек*|предсказ*|объясни*|
            прозвучал*|поведал*|пожаловал*|констатировал*|передает|передают|сообщили|объяснил*|
            возложил*|приписал*|приписыва*|тиражиру*|распространя*""",
        Mark.HEDGE: "на взгляд|в глазах|версия|мнение|лозунг|теория|предполагаем*|мнимы*",
        Mark.DENY: """ничего общего|не нашли|не нашлось|не обнаруж*|не существует|не существовало|
            не выдержал* проверк*|не выдержива* критик*|рассыпа*|развалил* в суде|подделк*|
            подделан*|поддельн*|преувелич*|вырван* из контекста|сказк*|небылиц*|ерунд*|нелеп*|
            несостоятел*|опровержен*|значит не замечать|голословн*|ничем не|не имеет ничего|
            взят* с потолка|из пальца""",
        Mark.EVEN_IF: """сколько бы|как бы ни|что бы ни|пусть|пускай|называйте|нам скажут|вам скажут|
            нам говорят|нам твердят|вам говорят""",
        Mark.EVIDENT: """все видят|все знают|каждый знает|каждому ясно|очевидное|настоящий фейк|главный фейк|
            главная ложь""",
        Mark.WHILE: "но|однако|хотя|тогда как|в то время как|между тем|а",
        Mark.COUNTER: """цифры|данные|карта|карте|документы|архивы|суд|суда|суды|снимки|спутниковые|видео|
            фотографии|статистика|ученые|исследования|исследование|историки|эксперты|процентов|
            процента|факты|свидетели|инспекторы|схеме|дефицит""",
        Mark.REVEALS: """на самом деле|в действительности|на деле|оказал*|выяснил*|снят* в|сделан* в|
            речь шла об|изображен*""",
        Mark.PIECE: """фото|фотография|снимок|снимки|видео|ролик|ролике|документ|документы|график|цитата|
            доказательство|письмо|схема|схеме""",
        Mark.PLAIN: "фактчекер*",
    },
    "uk": {
        Mark.SAYS: """розповіда*|ідеться|йдеться|твердить|твердять|описа*|передрік*|поясню*|поскаржив*|
            передає|передають|повідомили|приписа*|поширю*|тиражу*|назвали|переконує|переконують|
            запевнив|пояснили""",
        Mark.HEDGE: "на погляд|в очах|версія|гасло|теорія|уявн*|ймовірн*",
        Mark.DENY: """нічого спільного|не знайшли|не виявили|не існує|не існувало|не витримал*|розсипа*|
            підробк*|підроблен*|перебільш*|вирван* з контексту|казк*|безглузд*|абсурдн*|
            спростован*|нічим не|висмоктан*|не має нічого|взят* зі стелі|неспроможн*""",
        Mark.EVEN_IF: """скільки б|як би|хоч би що|нехай|хай|називайте|нам скажуть|вам скажуть|нам кажуть|
            вам кажуть""",
        Mark.EVIDENT: """усі бачать|всі бачать|усі знають|всі знають|кожен знає|очевидне|справжній фейк|
            головний фейк""",
        Mark.WHILE: "але|однак|проте|хоча|тоді як|водночас|тимчасом|натомість|а",
        Mark.COUNTER: """цифри|дані|карта|документи|архіви|суд|суди|знімки|супутникові|відео|фотографії|
            статистика|науковці|вчені|дослідження|історики|експерти|відсотків|факти|свідки|
            інспектори|схемі|дефіцит""",
        Mark.REVEALS: "насправді|виявило*|з'ясувало*|знят* у|зроблен* у|йшлося про|зображен*",
        Mark.PIECE: """фото|фотографія|знімок|знімки|відео|ролик|ролику|документ|документи|графік|цитата|
            доказ|лист|схема""",
        Mark.PLAIN: "фактчекер*",
    },
}
