//! CloudFormation's functions: their names, how they are written, and what they refer to.

use std::collections::HashSet;

use super::{Node, NodeValue, Report, Reported, Span};

/// The functions that are evaluated here, by the key of the long form, each with its usual form.
macro_rules! functions {
    ($($function:ident $key:literal $form:literal;)+) => {
        /// A function that a template may call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Function {
            $($function,)+
            /// Stands where a value should be that a problem is in the way of.
            Reported,
            /// One that AWS has and this crate does not evaluate, by its long name.
            Other(&'static str),
        }

        const FUNCTIONS: &[(Function, &str, &str)] = &[$((Function::$function, $key, $form),)+];
    };
}

// Source: CloudFormation template reference, "Intrinsic function reference", read 2026-11-23.
functions! {
    Ref          "Ref"              "!Ref LogicalId";
    GetAtt       "Fn::GetAtt"       "!GetAtt LogicalId.Attribute";
    Sub          "Fn::Sub"          "!Sub \"text with ${Name}\"";
    Join         "Fn::Join"         "!Join [\",\", [a, b]]";
    Select       "Fn::Select"       "!Select [0, [a, b]]";
    Split        "Fn::Split"        "!Split [\",\", \"a,b\"]";
    Base64       "Fn::Base64"       "!Base64 text";
    GetAzs       "Fn::GetAZs"       "!GetAZs region";
    ImportValue  "Fn::ImportValue"  "!ImportValue name";
    Length       "Fn::Length"       "Fn::Length: [a, b]";
    ToJsonString "Fn::ToJsonString" "!ToJsonString {a: b}";
    If           "Fn::If"           "!If [ConditionName, value, otherwise]";
    FindInMap    "Fn::FindInMap"    "!FindInMap [MapName, FirstKey, SecondKey]";
    ForEach      "Fn::ForEach"      "Fn::ForEach::Name: [Identifier, [a, b], {\"Key${Identifier}\": value}]";
    Condition    "Condition"        "!Condition ConditionName";
    Equals       "Fn::Equals"       "!Equals [!Ref Stage, prod]";
    And          "Fn::And"          "a list of two to ten conditions";
    Or           "Fn::Or"           "a list of two to ten conditions";
    Not          "Fn::Not"          "!Not [!Condition IsProd]";
}

/// Further functions of AWS, which are not evaluated here.
const OTHERS: &str =
    "Fn::Cidr Fn::Contains Fn::GetStackOutput Fn::RefAll Fn::Transform Fn::ValueOf";

/// The transform that `Fn::ForEach`, `Fn::Length` and `Fn::ToJsonString` need.
pub(super) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

impl Function {
    /// From a tag's name, without its `!`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "Ref" => Some(Self::Ref),
            "Condition" => Some(Self::Condition),
            other => Self::from_key(&format!("Fn::{other}")),
        }
    }

    /// From the only key of a mapping. `Condition` does not count as a function there: policies have such a key.
    pub fn from_key(key: &str) -> Option<Self> {
        let evaluated = FUNCTIONS.iter().find(|(_, name, _)| *name == key);
        let mut others = OTHERS.split(' ');
        match evaluated {
            Some((function, ..)) => Some(*function).filter(|it| *it != Self::Condition),
            None => others.find(|name| *name == key).map(Self::Other),
        }
    }

    /// The long form's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Other(name) => name,
            known => known.find().map_or("a function", |(_, key, _)| key),
        }
    }

    /// Its usual spelling.
    pub fn form(self) -> &'static str {
        self.find().map_or("", |(_, _, form)| form)
    }

    /// The items of an argument that must be a list of this length.
    pub fn arguments<'n, const COUNT: usize>(
        self,
        node: &'n Node,
        report: &Report,
    ) -> Result<&'n [Node; COUNT], Reported> {
        let items = node.items().and_then(|items| items.try_into().ok());
        items.ok_or_else(|| self.malformed(node, report))
    }

    pub fn malformed(self, argument: &Node, report: &Report) -> Reported {
        self.wrong_form(argument, self.form(), report)
    }

    pub fn wrong_form(self, argument: &Node, form: &str, report: &Report) -> Reported {
        let message = format!("the argument of `{}` has the wrong form", self.key());
        let help = format!("write it like `{form}`");
        report.problem(argument.span, message, argument.describe(), help)
    }

    fn find(self) -> Option<&'static (Self, &'static str, &'static str)> {
        FUNCTIONS.iter().find(|(function, ..)| *function == self)
    }
}

/// A mention of a parameter, a pseudo parameter or a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference<'t> {
    /// With an attribute after a dot, if there is one.
    pub name: &'t str,
    /// The name itself, or the text of the `!Sub` that contains it.
    node: &'t Node,
}

impl Reference<'_> {
    /// The place of the name. It searches the text, so only for messages.
    pub fn span(&self, report: &Report) -> Span {
        placeholder(self.node, self.name, report)
    }
}

/// Every reference in a node, in its order. The resolver reports malformed calls.
pub(crate) fn references(node: &Node) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect<'t>(node: &'t Node, found: &mut Vec<Reference<'t>>) {
    match &node.value {
        NodeValue::Scalar(_) => {}
        NodeValue::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        NodeValue::Mapping(entries) => {
            entries.iter().for_each(|it| collect(&it.value, found));
        }
        NodeValue::Call(call) => match call.function {
            Function::Ref => found.extend(reference(&call.argument)),
            Function::GetAtt => {
                let named = call.argument.items_or_self().first();
                found.extend(named.and_then(reference));
            }
            Function::Sub => substituted(&call.argument, found),
            _ => collect(&call.argument, found),
        },
    }
}

fn reference(node: &Node) -> Option<Reference<'_>> {
    let name = node.text()?;
    Some(Reference { name, node })
}

fn substituted<'t>(argument: &'t Node, found: &mut Vec<Reference<'t>>) {
    let [node, rest @ ..] = argument.items_or_self() else {
        return;
    };
    let variables = rest.first();
    variables.into_iter().for_each(|it| collect(it, found));
    let own = variables.and_then(Node::entries).unwrap_or_default();
    let own: HashSet<&str> = own.iter().map(|entry| &*entry.key).collect();
    let names = node.text().into_iter().flat_map(pieces);
    found.extend(names.filter_map(|piece| match piece {
        Piece::Name(name) if !own.contains(name) => Some(Reference { name, node }),
        Piece::Name(_) | Piece::Literal(_) | Piece::Unclosed(_) => None,
    }));
}

/// The place of `${name}`, or the whole text if it is not written like that.
pub(crate) fn placeholder(node: &Node, name: &str, report: &Report) -> Span {
    report.text.find_within(node.span, &format!("${{{name}}}"))
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Literal(&'t str),
    /// The text between `${` and `}`.
    Name(&'t str),
    /// `${` without its `}`.
    Unclosed(&'t str),
}

/// Cuts at every `${Name}`; `${!Name}` is the literal `${Name}`.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    // The length of the literal `Name}` that remains of `${!Name}` after its `${`; 0 otherwise.
    let mut literal_until = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if literal_until > 0 {
            let (literal, after) = rest.split_at(literal_until);
            (rest, literal_until) = (after, 0);
            return Some(Piece::Literal(literal));
        }
        let Some(start) = rest.find("${") else {
            return Some(Piece::Literal(std::mem::take(&mut rest)));
        };
        if start > 0 {
            let (literal, after) = rest.split_at(start);
            rest = after;
            return Some(Piece::Literal(literal));
        }
        let inner = &rest[2..];
        let Some(end) = inner.find('}') else {
            return Some(Piece::Unclosed(std::mem::take(&mut rest)));
        };
        if let Some(escaped) = inner.strip_prefix('!') {
            rest = escaped;
            // The end includes the closing brace; the `!` makes it one byte shorter.
            literal_until = end;
            return Some(Piece::Literal("${"));
        }
        rest = &inner[end + 1..];
        Some(Piece::Name(&inner[..end]))
    })
}
