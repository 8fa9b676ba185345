//! `GenerateSecretString`: secrets that Secrets Manager generates for the template.
//!
//! A secret is derived from a seed that the caller keeps: the result is the same each time, without being stored.
//! Source: CloudFormation template reference, `GenerateSecretString`, and Secrets Manager's `GetRandomPassword`, read
//! 2026-11-28.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Fields, Properties, Resolver, properties};

const GENERATE: Properties = properties! {
    used: ExcludeCharacters, ExcludeLowercase, ExcludeNumbers, ExcludePunctuation, ExcludeUppercase,
        GenerateStringKey, IncludeSpace, PasswordLength, RequireEachIncludedType, SecretStringTemplate;
};

const CLASSES: [(&str, &str); 4] = [
    ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
    ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("ExcludeNumbers", "0123456789"),
    ("ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
];

impl Resolver<'_> {
    /// The secret that is generated for a resource; `None` if it has none, or if the options have no seed.
    pub(super) fn generated_secret(&self, index: usize) -> Option<String> {
        let seed = self.references.seed.as_ref()?;
        let fields = Fields::of(self, index);
        let wanted = fields.mapping("GenerateSecretString", GENERATE)?;
        let id = &self.resources[index].logical_id;
        let chance = Chance::new(&format!("{seed}/{}/{id}", self.pseudo.stack_name));
        let password = password(&wanted, chance)?;
        let Some(key) = wanted.text("GenerateStringKey") else {
            return Some(password);
        };
        let template = wanted.text("SecretStringTemplate");
        let object = template.map(|text| serde_json::from_str::<Map<String, Value>>(&text));
        let Ok(mut object) = object.unwrap_or_else(|| Ok(Map::new())) else {
            let (must, help) = (
                "must be a JSON object",
                r#"for example `{"username": "admin"}`"#,
            );
            wanted.wrong("SecretStringTemplate", must, "no object", help);
            return None;
        };
        object.insert(key, password.into());
        Some(Value::Object(object).to_string())
    }
}

fn password(wanted: &Fields<'_>, mut chance: Chance) -> Option<String> {
    let excluded = wanted.text("ExcludeCharacters").unwrap_or_default();
    let is_on = |name: &str| wanted.boolean(name).unwrap_or(false);
    let mut classes: Vec<Vec<char>> = Vec::new();
    for (exclude, characters) in CLASSES {
        if !is_on(exclude) {
            classes.push(characters.chars().collect());
        }
    }
    if is_on("IncludeSpace") {
        classes.push(vec![' ']);
    }
    for class in &mut classes {
        class.retain(|it| !excluded.contains(*it));
    }
    classes.retain(|class| !class.is_empty());
    let all: Vec<char> = classes.iter().flatten().copied().collect();
    if all.is_empty() {
        let help = "leave some characters to make it of";
        wanted.wrong(
            "ExcludeCharacters",
            "excludes all characters",
            "nothing is left",
            help,
        );
        return None;
    }
    let length = wanted.integer("PasswordLength", 1..=4096, "characters");
    let length = length.unwrap_or(32) as usize;
    let mut password: Vec<char> = Vec::with_capacity(length);
    if wanted.boolean("RequireEachIncludedType").unwrap_or(true) {
        password.extend(classes.iter().map(|class| class[chance.below(class.len())]));
    }
    password.truncate(length);
    while password.len() < length {
        password.push(all[chance.below(all.len())]);
    }
    for last in (1..password.len()).rev() {
        password.swap(last, chance.below(last + 1));
    }
    Some(password.into_iter().collect())
}

/// Numbers that are determined by the seed.
struct Chance {
    seed: [u8; 32],
    block: u64,
    bytes: Vec<u8>,
}

impl Chance {
    fn new(seed: &str) -> Self {
        Self {
            seed: Sha256::digest(seed.as_bytes()).into(),
            block: 0,
            bytes: Vec::new(),
        }
    }

    fn byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.bytes.pop() {
                return byte;
            }
            let mut hasher = Sha256::new();
            hasher.update(self.seed);
            hasher.update(self.block.to_be_bytes());
            self.bytes = hasher.finalize().to_vec();
            self.block += 1;
        }
    }

    /// A number below a bound, each equally likely.
    fn below(&mut self, bound: usize) -> usize {
        let most = u64::MAX - u64::MAX % bound as u64;
        loop {
            let bytes = std::array::from_fn(|_| self.byte());
            let number = u64::from_be_bytes(bytes);
            if number < most {
                return (number % bound as u64) as usize;
            }
        }
    }
}
