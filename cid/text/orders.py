"""Words in which texts give orders to a model, in many languages. `_` stands for a space; all are beginnings of words, but those that end in `.`, which
are whole.

Each group is only looked for beside the others: to ignore is news every day, to ignore earlier instructions is not.
"""

from __future__ import annotations

import re

from cid.text.words import fold

# fmt: off
LAY_ASIDE = (
    "ignore. ignoring disregard. forget. override. overrule. bypass. discard. neglect. do_not_follow don't_follow stop_following"
    " ignoriere. ignorieren. ignorier. missachte. missachten. vergiss. vergessen. beachte_nicht hinfallig betrachte_als nichtig uberholt lass_ausser_acht"
    " ignorez oublie ne_tiens_pas_compte ne_tenez_pas_compte ne_respecte ne_suis_pas ne_suivez_pas laisse_tomber"
    " ignora olvid omite omita haz_caso_omiso no_hagas no_sigas no_siga nao_siga non_seguire non_segui descart esquec esquec desconsider dimentic tralascia"
    " negeer vergeet strunta glem bortse unohda unohtakaa ohita volg_niet laat_buiten"
    " zignoruj ignoruj pomin zapomnij zapomen hagyd_figyelmen felejtsd ignorati zanemari ignoreaz nie_stosuj nie_wykonuj uita nu_tine_cont"
    " не_выполняй не_следуй не_слушай отмен забудьте игнорир проигнорир забуд отбрось не_обращай ігнор забудь пренебрегни"
    " yoksay yok_say gormezden unut dikkate_alma bo_qua quen_di abaikan lupakan hiraukan sahau puuza balewala huwag_pansinin"
    " αγνο ξεχασ παραβλεψ"
    " अनदेखा नजरअंदाज नज़रअंदाज़ भूल उपेक्षा উপেক্ষা புறக்கணி"
)
EARLIER = (
    "previous prior above earlier preceding foregoing existing all any your original initial former system"
    " vorherig bisherig obig vorig frueher fruher vorher zuvor alles_was alle_an deine ihre"
    " precedent anterieur ci-dessus auparavant avant_ jusqu'ici toutes tes vos"
    " anterior previ antes todas tus sus acima seus precedenti tutte tue"
    " vorige eerdere bovenstaande alle tidigare foregaende alla tidligere aiemmat kaikki"
    " poprzedni wczesniejsz wszystkie predchozi korabbi prethodn anterioar toate"
    " предыдущ прежн раньше ранее прошл выше все_ попередн всі_ предишни"
    " onceki yukaridaki tum_ truoc tat_ca sebelum semua zilizotangulia awali yote nakaraang lahat"
    " προηγουμεν ολες"
    " पिछले पिछली पूर्व सभी पहले আগের পূর্ববর্তী முந்தைய"
)
INSTRUCTIONS = (
    "instruction prompt rule directive guideline command order guidance constraint system_message programming context"
    " gesagt aufgetragen verlangt anweisung instruktion regel befehl vorgabe"
    " demande dit_ consigne regle directive"
    " pidieron dijeron ordenaron pediram instruccion indicacion regla ordenes directriz instruc regra ordens istruzion regol comand"
    " instructie opdracht regels instruktion regler instrukser ohjee ohjei"
    " instrukcj polecen zasad instrukc pokyn utasitas utasitasok szabaly upute pravila instructiun reguli"
    " велели сказали просили задан инструкц указан правил команд вказів інструкц наредб"
    " talimat komut kural huong_dan chi_thi lenh_ instruksi perintah aturan maagizo maelekezo amri tagubilin"
    " οδηγι εντολ"
    " निर्देश आदेश নির্দেশ அறிவுறுத்த வழிமுறை"
)
# Scripts that put no space between words, or join particles to them: looked for anywhere.
LAY_ASIDE_JOINED = (
    "不要按照 不要遵守 不要遵循 别管 作废 忽略 忽視 无视 無視 忘记 忘記 忘掉 不要理会 无需理会 忘れ 従わない 従うな 無効 무시 잊어 잊고 تجاهل لا_تتبع لا_تنفذ لا_تلتزم انس_ أهمل לא_להתחשב התעלם התעלמ שכח ละเว้น เพิกเฉย ไม่ต้องสนใจ"
    " نادیده فراموش نظرانداز"
)
EARLIER_JOINED = (
    "之前 以前 原来 刚才 先前 以上 上述 此前 前面 所有 一切 以上の 前の 前に さっき これまで 上記 すべて 全ての 이전 앞의 위의 앞선 모든 기존 السابق من_قبل سابقا أعلاه جميع كل_ הקודמ שלעיל כל_"
    " ก่อนหน้า ข้างต้น ทั้งหมด قبلی پیشین بالا تمام پچھلی سابقہ"
)
INSTRUCTIONS_JOINED = (
    "指令 指示 言われ 要求 安排 说明 說明 命令 规则 規則 提示 要求 ルール プロンプト 지시 명령 지침 규칙 프롬프트 تعليمات طلب أوامر قواعد توجيهات הוראות ההנחיות הנחיות כללים คำสั่ง"
    " คำแนะนำ กฎ دستور ہدایات"
)
GIVE = (
    "give assign award grant set return output rate score mark rank report put write answer"
    " gib geben vergib vergeben bewerte setze donne attribue mets notez note_"
    " asigna otorga pon_ dale califica punt ua atribua de_a dar_ avalie assegna dai_ valuta"
    " geef ken_ beoordeel satt_ ge_ gi_ giv_ anna_"
    " przyznaj ustaw daj_ ocen prirad adj_ daj acorda"
    " поставь присвой оцени дай_ выставь постав присвій оціни"
    " ver_ verin puanla cho_ cham_ hay_ berikan beri_ toa_ mpe bigyan"
    " δωσ βαθμολογησ"
    " दें दीजिए दो_ দিন வழங்க"
)
SCORE = (
    "relevance_score punktzahl bewertung punkte score_de note_de puntuacion puntaje calificacion pontuac nota punteggio voto"
    " score_van cijfer poang poeng pisteet wynik punkt ocen skore pontszam punctaj"
    " балл оценк рейтинг оцінк бал_ бали"
    " puan skor diem nilai alama marka"
    " βαθμ"
    " अंक स्कोर স্কোর மதிப்பெண்"
)
GIVE_JOINED = "给 給 打 评 設定 请将 つけ 付け 与え してください 주세요 부여 매겨 أعط امنح قيّم תן תנו העניקו ให้ بده بدهید دیں"
SCORE_JOINED = "分数 分數 评分 評分 得分 满分 滿分 打分 相关性 スコア 点数 満点 評価 점수 만점 관련성 درجة نقاط تقييم ציון ניקוד คะแนน امتیاز نمره اسکور"
MODEL = (
    "ai_model ai_system ai_assistant ai_agent ai_reader ai_scorer ai_reviewer ai_editor ai_tool ai_filter ai_that ai_which"
    " ais. ai_processing ai_reading algorithm bot. bots. neural_network automated_readers ranking_system system_that_rank system_that_scor machine_reader classifier. ranker. language_model llm chatbot large_language_model assistant_model scoring_model"
    " scorer grader summarizer summariser automated_reader automated_reviewer gpt claude gemini"
    " ki. ki-modell ki-assistent sprachmodell ia. modele_de_langue modelo_de_lenguaje modelo_de_linguagem modello_linguistico"
    " taalmodel sprakmodell model_jezykow yapay_zeka ии. языков модел нейросет ші. мовн mo_hinh model_bahasa"
    " γλωσσικο_μοντελο भाषा_मॉडल एआई"
)
MODEL_JOINED = (
    "人工智能 人工智慧 语言模型 語言模型 ai助手 ai模型 人工知能 言語モデル aiアシスタント aiモデル 인공지능 언어_모델 언어모델 ai_모델 الذكاء_الاصطناعي نموذج_اللغة"
    " نموذج_لغوي בינה_מלאכותית מודל_שפה ปัญญาประดิษฐ์ โมเดลภาษา هوش_مصنوعی مدل_زبانی"
)
IF_YOU = (
    "if_you_are if_you're if_your in_case_you_are when_you_are since_you_are as_an you_are_an you_are_now_an dear. hello. hi. hey. to_the as_the to_all note_for note_to"
    " attention instructions_for instruction_for message_to message_for addressed_to hinweis_an nachricht_an achtung falls_du wenn_du"
    " si_tu_es si_vous_etes note_a_l attention_a si_eres si_usted nota_para mensaje_para se_voce se_sei se_lei nota_per"
    " als_je als_u bericht_aan om_du hvis_du jesli_jestes uwaga dla если_ты если_вы для якщо_ти eger_bir"
    " neu_ban jika_anda αν_εισαι यदि_आप अगर_आप"
)
IF_YOU_JOINED = "如果你是 如果您是 致 请注意 もしあなたが あなたは 宛て への指示 당신이 당신은 에게 إذا_كنت إلى ملاحظة אם_אתה הודעה หากคุณเป็น ถึง اگر_شما"
# fmt: on


def _either(begun: str, joined: str = "") -> re.Pattern[str]:
    """Any of them, folded as text is; those of the first kind only where a word begins."""
    first = "|".join(_spelled(word) for word in sorted(set(begun.split()), key=len, reverse=True))
    anywhere = "|".join(_spelled(word) for word in sorted(set(joined.split()), key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{first})" + (f"|(?:{anywhere})" if anywhere else ""))


def _spelled(word: str) -> str:
    return re.escape(fold(word.removesuffix(".").replace("_", " "))) + (r"(?![^\W_])" if word.endswith(".") else "")


LAY_ASIDE_ANY = _either(LAY_ASIDE, LAY_ASIDE_JOINED)
EARLIER_ANY = _either(EARLIER, EARLIER_JOINED)
INSTRUCTIONS_ANY = _either(INSTRUCTIONS, INSTRUCTIONS_JOINED)
GIVE_ANY = _either(GIVE, GIVE_JOINED)
SCORE_ANY = _either(SCORE, SCORE_JOINED)
MODEL_ANY = _either(MODEL, MODEL_JOINED)
IF_YOU_ANY = _either(IF_YOU, IF_YOU_JOINED)
_LATIN = (LAY_ASIDE, EARLIER, INSTRUCTIONS, GIVE, SCORE, MODEL, IF_YOU)
BEGINNINGS = frozenset(
    max(fold(phrase.removesuffix(".")).split("_"), key=len) for group in _LATIN for phrase in group.split()
)
"""Of each phrase its longest word."""
_ANYWHERE = (
    LAY_ASIDE_JOINED, EARLIER_JOINED, INSTRUCTIONS_JOINED, GIVE_JOINED, SCORE_JOINED, MODEL_JOINED, IF_YOU_JOINED,
)  # fmt: skip
JOINED = tuple(sorted({fold(phrase).replace("_", " ") for group in _ANYWHERE for phrase in group.split()}))
