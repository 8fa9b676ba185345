//! CloudFormation's functions: their names, and how they are written.

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
    Condition    "Condition"        "!Condition ConditionName";
    Equals       "Fn::Equals"       "!Equals [!Ref Stage, prod]";
    And          "Fn::And"          "a list of two to ten conditions";
    Or           "Fn::Or"           "a list of two to ten conditions";
    Not          "Fn::Not"          "!Not [!Condition IsProd]";
}

/// Functions that AWS has as well.
const OTHERS: [&str; 6] = [
    "Fn::Cidr",
    "Fn::Contains",
    "Fn::GetStackOutput",
    "Fn::RefAll",
    "Fn::Transform",
    "Fn::ValueOf",
];

impl Function {
    /// From a tag's name, without its `!`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "Ref" => Some(Self::Ref),
            "Condition" => Some(Self::Condition),
            other => Self::from_key(&format!("Fn::{other}")),
        }
    }

    /// From the only key of a mapping. `Condition` is no function there: policies have such a key.
    pub fn from_key(key: &str) -> Option<Self> {
        let evaluated = FUNCTIONS.iter().find(|(_, name, _)| *name == key);
        let other = || {
            OTHERS
                .into_iter()
                .find(|name| *name == key)
                .map(Self::Other)
        };
        let function = evaluated.map(|(function, ..)| *function).or_else(other);
        function.filter(|function| *function != Self::Condition)
    }

    /// The long form's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Other(name) => name,
            known => known.find().map_or("a function", |(_, key, _)| key),
        }
    }

    /// How it is written.
    pub fn form(self) -> &'static str {
        self.find().map_or("", |(_, _, form)| form)
    }

    fn find(self) -> Option<&'static (Self, &'static str, &'static str)> {
        FUNCTIONS.iter().find(|(function, ..)| *function == self)
    }
}
