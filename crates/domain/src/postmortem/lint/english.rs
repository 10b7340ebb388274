//! The English phrases of the lint (INCIDENTS.md §5.2). A pattern is words parted by spaces;
//! `a|b` is a choice, `*` one to three words of any kind, `^` in front the start of a clause.

use super::Rule;

/// Phrases of one rule.
pub struct Phrases {
    pub rule: Rule,
    /// Slugs of the sections it looks at; empty for all.
    pub only_in: &'static [&'static str],
    pub patterns: &'static [&'static str],
}

pub const PHRASES: &[Phrases] = &[
    Phrases {
        rule: Rule::Counterfactual,
        only_in: &[],
        patterns: &[
            "should|could|would have",
            "should|could|would not have",
            "should|could|would * have been",
            "should've|could've|would've",
            "shouldn't|couldn't|wouldn't have",
            "ought to",
            "if only",
            "^had * done|known|checked|noticed|tested|seen|looked|read|asked|waited|followed|reviewed|paid",
            "failed|failing to",
            "forgot|forgets to",
            "had forgotten to",
            "neglected|neglects",
        ],
    },
    Phrases {
        rule: Rule::BlameWord,
        only_in: &[],
        patterns: &[
            "careless|carelessly|carelessness",
            "negligent|negligently|negligence",
            "sloppy|sloppily|sloppiness",
            "lazy|lazily|laziness",
            "incompetent|incompetence",
            "stupid|stupidly|stupidity",
            "guilty",
            "at fault",
            "to blame",
            "human|user|operator error|errors",
        ],
    },
    Phrases {
        rule: Rule::WhoOrWhy,
        only_in: &[],
        patterns: &[
            "who did|broke|caused",
            "why did|didn't you|they|he|she|we",
            "why did * not",
        ],
    },
    Phrases {
        rule: Rule::Hindsight,
        only_in: &[],
        patterns: &[
            "obviously",
            "clearly",
            "simply",
            "just",
            "everyone|everybody knew",
        ],
    },
    Phrases {
        rule: Rule::SingleCause,
        only_in: &[],
        patterns: &[
            "the root cause",
            "root cause was|is",
            "the only|sole|single cause",
        ],
    },
    Phrases {
        rule: Rule::FixInNarrative,
        only_in: &["what_happened", "timeline"],
        patterns: &[
            "we|they|you need|needs|have|has to",
            "we|they|you should|must",
            "should|must be",
            "needs to be",
        ],
    },
    Phrases {
        rule: Rule::WeakAction,
        only_in: &["action_items"],
        patterns: WEAK,
    },
];

/// Wishes instead of actions.
pub const WEAK: &[&str] = &[
    "be more careful",
    "pay more attention",
    "make sure",
    "^retrain|remind|investigate|improve",
    "try harder",
];

/// First words of a title that does not begin with a verb.
pub const NOT_VERBS: &[&str] = &[
    "a", "an", "the", "we", "they", "it", "our", "this", "that", "there", "some", "more", "better",
    "no", "not", "need", "needs", "should", "must", "maybe", "missing", "new",
];

/// Technical terms with a flagged word in them.
pub const ALLOWED: &[&str] = &[
    "git blame",
    "fault tolerance|tolerant|injection|domain|isolation",
    "page|segmentation fault|faults",
    "just in time",
    "just after|before|over|under",
    "lazy loading|load|loaded|loads|evaluation|initialisation|initialization|init",
    "user|operator error|errors rate|rates|page|pages|message|messages|code|codes|budget|log|logs",
    "simply connected|typed",
];
