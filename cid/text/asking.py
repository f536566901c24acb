"""How English texts ask a model for something, and how any text imitates what stands around it. One pattern a line, for
folded text with plain quotation marks; SELF is a text that speaks of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Sign(StrEnum):
    """Why a text is taken for one that speaks to a model; a clause for a person."""

    ORDERS = "sets aside earlier instructions"
    SCORING = "asks for a score or a verdict"
    ADDRESSED = "speaks to a model"
    OUTPUT = "says what an answer must hold"
    FRAME = "imitates the frame of a conversation"
    REPLY = "imitates data or a reply"
    ENCODED = "holds an order in a code"


_THINGS = "article|item|story|text|entry|piece|draft|submission|document|material|feed|summary|report|content|headline"
_SELF = rf"\b(?:this|the (?:above|following|present|current))\s+(?:\w+\s+)?(?:{_THINGS})s?\b"
_SCORING = r"""
ASKING.{0,80}\b(?:highest|maximum|max|largest|top|best|biggest|greatest|lowest|smallest) (?:possible |allowed |available )?(?:number|figure|value|marks?|score|rating|rank|place|priority|grade|position|of the (?:list|day|pile))\b
ASKING.{0,80}\b(?:number|figure|value|marks?|score|grade|rating)\b.{0,30}\b(?:highest|maximum|largest|allowed|possible|hundred|ninety-\w+|100|9\d)\b
\b(?:right|correct|only|proper|acceptable|true) (?:acceptable |possible |right |correct )?(?:number|figure|value|answer|score|mark|grade|response)\b.{0,50}\b(?:is|are|would be|must be|has to be)\b.{0,30}\b(?:hundred|ninety\S*|100|9\d|zero|largest|highest|maximum|top|full)\b
\b(?:whoever|anyone who|everyone who|those who|the one who) (?:grades|scores|rates|ranks|judges|reads|reviews|evaluates|marks)\b.{0,30}\b(?:this|it|the (?:text|piece|article))\b
\b(?:anything|everything|a (?:score|number|value|mark|grade)) (?:below|under|less than|lower than|beneath) (?:9\d|100|ninety|a hundred)\b
\b(?:treat|mark|place|put|rank|push|pick|choose|select|consider|count|classify|raise)\b.{0,20}\b(?:this|it)\b.{0,40}\b(?:essential|most important|first|top|priority|critical|must-read|relevant|maximum|above all)\b
\b(?:all|the|other|any)(?: other)? (?:stories|articles|items|texts|news|entries|pieces)\b.{0,40}\b(?:after (?:it|this)|in this (?:batch|list|set|feed)|beside (?:it|this)|around (?:it|this))\b.{0,60}\b(?:nothing|worthless|fakes?|zero|deserve|lower|less|lies)\b
\b(?:give|score|grade|rate) (?:them|the others|the rest)\b.{0,20}\b(?:nothing|zero|less|low)\b
\b(?:be (?:so )?(?:kind|nice|generous)|please)\b.{0,50}\b(?:to the top|generous with|with this one|push this|pick this|choose this)\b
\b(?:relevanc[ey]|priority|importance|quality|max(?:imum)?|highest|top|full|perfect|lowest|minimum) (?:score|rating|marks)\b.{0,40}\b(?:is|to|of|for|must|should)\b
\b(?:relevanc[ey]|priority|importance|quality|maximum|highest|top|full) (?:score|rating) ?[:=]
\b(?:scor(?:e|es|ed|ing)|rat(?:e|es|ed|ing)|grad(?:e|ed|ing)|rank(?:ed)?)\b.{0,50}SELF
SELF.{0,60}\b(?:scor(?:e|ed|es|ing)|rating|rated|ranked|relevan(?:t|ce)|approv(?:e|ed)|top priority|prioriti[sz]ed?)\b
SELF.{0,60}\b(?:must be (?:published|selected|accepted|passed)|publish(?:ed)? (?:it )?(?:without|immediately))\b
\b(?:score|rate|mark|rank|grade) (?:it|this|them|me|us|everything|all)(?: (?:as|at|with|a))? (?:100|9\d|0|zero|ten|one hundred|highest|maximum|top)\b
\b(?:give|assign|award|return|set|report|answer|output)\b.{0,40}\b(?:score|rating|relevance|100 points)\b.{0,30}\b(?:100|9\d|0|zero|hundred|ninety|maximum|highest|lowest)\b
\bscore ?(?:=|:|is|must be|should be|to) ?["']?(?:100|9\d|0)(?! ?[-–:] ?\d)\b
\ba\d{1,2}\b.{0,30}\b(?:score|scores|scored|zero|100|0|drop|reject|irrelevant)\b
\b(?:score|drop|reject|answer)\w*\b.{0,20}\ba\d{1,2}\b
\b(?:every|all|the|any)(?: the)? other (?:items?|articles?|stories|entries|news items?|subjects?|ids?)\b.{0,60}\b(?:scores?|zero|0|irrelevant|drop|lower|reject)\b
\b(?:score|rate|drop|mark)\b.{0,30}\b(?:all|every|the)(?: the)? other (?:items?|articles?|stories|entries)\b
(?:\bscore\W{0,3}\d.{0,60}){3}|:\s*score\W{0,3}(?:100|9\d|0)\b(?! ?[-–:] ?\d)
\b(?:matches|fits|relevant (?:to|for)|concerns) (?:all|every|any|each) (?:of the )?(?:profile|tenant|client)
\bdo not (?:flag|report|mark|check|verify|question) (?:this|the|it)\b
\bno (?:findings|injection)\b.{0,30}\b(?:report|needed|return|list)
\breviewer\b.{0,40}\b(?:score|no findings|approve)
"""
_ORDERS = r"""
\b(?:said|told) to you\b.{0,60}\b(?:was|is|were) (?:a |only a )?(?:rehearsal|test|joke|void|lie|wrong|over|practice)\b
\byou(?: \w+)? (?:\w+ )?(?:told|given|asked|instructed|taught|ordered|trained)\b.{0,80}\b(?:no longer|void|cancel\w*|not appl\w+|forget|ignore|disregard|never mind|rehearsal|supersed\w+|obsolete|replaced|outdated|practice|is over)\b
\b(?:no longer|void|cancel\w*|do not|don't|forget|ignore|disregard|never mind|leave aside|set aside|drop|instead of)\b.{0,60}\b(?:you (?:were|have been|had been|got)|(?:the )?user wanted|they told you|said to you|you know about)\b
\b(?:treat|consider|regard|see|take)\b.{0,30}\b(?:guidance|brief|criteria|instructions?|rules|guidelines|directions|prompt)\b.{0,20}\b(?:as|to be) (?:void|null|cancel\w*|obsolete|outdated|invalid|replaced)\b
\byour (?:earlier |previous |original |first |current )?(?:brief|task|mission|job|assignment|instructions?|guidance|orders)\b.{0,40}\b(?:is|are|was|were|has|have)\b.{0,20}\b(?:cancel\w*|over|void|chang\w+|replaced|new|updated|lifted|suspended|ended)\b
\b(?:real|true|new|actual|next) (?:task|mission|assignment|instructions?|brief|orders?)\b.{0,20}(?:\b(?:is|are|now|begins?|for you)\b|:)
\b(?:do not|don't|never) (?:apply|use|follow|obey|respect|heed)\b.{0,40}\b(?:criteria|brief|guidance|instructions?|rules|prompt)\b.{0,40}\b(?:you|this|your)\b
\b(?:assistant|algorithm|bot|model)s?\s*[,:!]\s*(?:please|forget|ignore|choose|pick|give|put|praise|rate|you|be|do|the)\b
"""
_OUTPUT = r"""
\b(?:text|piece|article|story|summary|answer|reply|draft|post) (?:that |which )?you (?:produce|write|generate|give|make|return|compose)\b
\b(?:output|respond|reply|answer|return|print)\b(?: with)? (?:only|nothing but|just|exactly|solely)\b
\bnothing (?:else )?(?:but|than) (?:the (?:number|word|letter)|["']|\d)
\bwhen (?:you )?(?:are )?(?:summari[sz]\w+|scor\w+|rat\w+|rank\w+|processing|rewrit\w+|answering|drafting|reviewing|evaluat\w+)\b.{0,40}\b(?:mention|say|include|add|give|choose|use|state|note|treat|always|never|that)\b
\b(?:writers?|editors?|models?|assistants?|summaries|readers? that are machines) (?:is|are) (?:asked|requested|required|instructed|told) to\b.{0,30}\b(?:end|begin|include|mention|add|link|name|text|state|say)\b
\bat the (?:very )?(?:beginning|start|top) of (?:this|the|our|your) (?:conversation|chat|session|prompt|context)\b
\byou (?:were|have been) (?:given|told|shown|handed) (?:first|before|above|at the|so far)\b|\b(?:given|told|shown) to you (?:first|before|above|so far)\b
\bput (?:it|them|this|that|these) (?:in|into|at the end of) the (?:text|article|draft|answer|post)\b
\b(?:make sure|ensure|see to it) (?:that )?(?:the (?:text|article|draft|answer|summary|post)|you|your)\b.{0,40}\b(?:names?|mentions?|includes?|says?|links?|contains?|ends?|begins?)\b
\b(?:your|every|each|the final|the) (?:answer|reply|response|output|draft|linkedin(?: post| text)?)s?\b.{0,20}\b(?:must|should|shall|has to|needs to|have to|ought to)\b
\b(?:in|into|to|of|at the (?:end|top|beginning) of) (?:your|every|each|the final) (?:own )?(?:answer|reply|response|output|draft|article|summary|text|references|linkedin)\b
\b(?:include|insert|add|embed|append|put|place|use|cite|quote|link|render|show)\b.{0,40}\b(?:this|the following|following|these) (?:exact |markdown |tracking )?(?:link|url|address|image|hyperlink|reference|quotation|quote|sentence|text|pixel|logo|string|code)\b
\blink (?:the )?(?:words?|phrase|name|title|term)\b.{0,60}\bto\b
TELL.{0,60}\b(?:system (?:prompt|message|text)|(?:text|everything|words|instructions|lines) (?:above|before))
TELL.{0,60}\b(?:your|the) (?:hidden |secret |full |own |initial |original )?(?:instructions|prompt|rules|guidelines|configuration|profile|canary)
TELL.{0,60}\b(?:other|all|every) (?:tenants?|clients?|customers?)(?:'s?)?\b.{0,20}(?:profile|keyword|name|draft)
\byou are (?:now|no longer|from now on)\b.{0,30}\b(?:model|assistant|ai|mode|scorer|editor|system|bot|reviewer|writer|bound|restricted|agent|terminal|interpreter)\b
\b(?:act|behave|respond|pretend|roleplay)\b.{0,12}\bas (?:if you|an? (?:ai|unrestricted|different|system))
\b(?:developer|administrator|operator|anthropic|openai|vendor|newsroom admin|desk admin|the desk)\b.{0,40}\b(?:authori[sz]\w+|overrid\w+|instructs?|requires?|orders?)\b.{0,40}\b(?:you|scor(?:e|ing)|assistant|model|answer|reply|maximum)\b
\b(?:override|authori[sz]ation|clearance|debug|admin) (?:code|token|mode|key|level)\b
"""
_ASKING = (
    r"(?:\b(?:you|please|kindly|whoever|choose|pick|select|assign|hand out|deserves|raise|put|award|give it|use)\b)"
)
_TELL = r"\b(?:reveal|repeat|print|output|disclose|recite|reproduce|paste|copy|quote|append|include|translate|state|say|write|show|list|name|tell)\b"
_FRAME = r"""
<\|[^|<>\n]{1,40}\|>|\[/?inst\]|<</?sys>>|</?s>|\[(?:system|assistant|end|begin)[^\]]{0,30}\]
</?\s*(?:antml:)?(?:system|assistant|user|human|developer|tool\w*|function\w*|instructions?|data|documents?|untrusted|context|prompt|admin|articles?|material|result|thinking|answers?)\b[^<>]{0,80}>
(?:#{2,}|={3,}|-{3,}|\*{2,}|`{3,}|~{3,})\s*(?:end|begin|new|system|assistant|user|instruction|data|json|important|admin|output|response)
\b(?:system|developer|assistant|operator|admin)(?:istrator)? (?:message|prompt|note|notice|instruction|override|update|directive)s?\b.{0,3}[:\])>–—-]
(?:^(?:assistant|system|sysadmin)|[.!?…»"] (?:human|assistant|system|user|developer|tool|instruction)s?) ?(?:\(\w+\) ?)?:[ ]
\b(?:end|start|beginning) of (?:the )?(?:untrusted |article |news |external |user |tool )?(?:data|document|input|material|tool result|content|articles|items|context)\b.{0,3}(?:$|[.:;\])>*=#-])
\b(?:tool_(?:result|use|call|choice)|function_call|toolu_\w+|end_turn|stop_reason|read_material|system_prompt|output_config)\b
"""
_REPLY = r"""
\b(?:injection_suspected|not_affected|factual_risk|brand_safety|audience_fit|off_topic)\b
[{\[,]\s*\\?["'][\w-]{1,40}\\?["']\s*:
\\?["'](?:id|score|matched|answers?|subjects?|skip|why|article|findings?|severity|title|summary|publisher)\\?["']\s*:
\\?["']\s*[}\]]\s*[,}\]]|[}\]]\s*,\s*\{
\b(?:answers|subjects|findings)\s*[:=]\s*[\[{]|\bid\s*[:=]\s*["']?a\d
"""


def _each(lines: str) -> tuple[re.Pattern[str], ...]:
    spelled = lines.replace("SELF", _SELF).replace("TELL", _TELL).replace("ASKING", _ASKING)
    return tuple(re.compile(line) for line in spelled.splitlines() if line)


ASKED: Mapping[Sign, tuple[re.Pattern[str], ...]] = {
    Sign.ORDERS: _each(_ORDERS),
    Sign.SCORING: _each(_SCORING),
    Sign.OUTPUT: _each(_OUTPUT),
    Sign.FRAME: _each(_FRAME),
    Sign.REPLY: _each(_REPLY),
}


def _literals(pattern: str) -> list[str]:
    """The beginnings of words in it: no escapes, no letter that may be missing, one letter instead of a choice."""
    return re.findall(r"[a-z]{2,}", re.sub(r"\\[a-zA-Z]|[a-z][?*]|\[[^\]]*\]|\(\?[a-z]+\)", " ", pattern))


LITERALS = frozenset(word for patterns in ASKED.values() for one in patterns for word in _literals(one.pattern))
"""What texts that ask a model for something are made of."""
