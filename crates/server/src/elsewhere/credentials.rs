//! Credentials for our own calls to AWS: placeholders for an emulator, the user's keys for an account.
//!
//! Only the keys of a profile are used. Roles, single sign-on and the like need AWS's own tools: `aws configure
//! export-credentials --format env` makes variables of all of them.

use std::path::PathBuf;

use aws_credential_types::Credentials;

use super::AccountCredentials;

/// The user's keys.
pub(crate) enum AccountKeys {
    Given(Credentials),
    Profile(String),
}

/// Credentials for emulators, which accept any keys.
pub(super) fn placeholder() -> Credentials {
    Credentials::new("test", "test", None, None, "lambdura")
}

impl AccountKeys {
    pub(super) fn new(account: &AccountCredentials) -> Self {
        match account {
            AccountCredentials::Environment(keys) => Self::Given(Credentials::new(
                keys.access_key_id.clone(),
                keys.secret_access_key.clone(),
                keys.session_token.clone(),
                None,
                "lambdura",
            )),
            AccountCredentials::Profile(name) => Self::Profile(name.clone()),
        }
    }

    /// The current keys: tools renew them in their file.
    pub(super) async fn get(&self) -> Result<Credentials, String> {
        let name = match self {
            Self::Given(keys) => return Ok(keys.clone()),
            Self::Profile(name) => name,
        };
        let path = file().ok_or("neither AWS_SHARED_CREDENTIALS_FILE nor HOME is set")?;
        let text = tokio::fs::read_to_string(&path).await;
        let text = text.unwrap_or_default();
        keys_of(&text, name).ok_or_else(|| {
            format!(
                "the profile `{name}` has no keys in `{}`: export them with `aws configure \
                 export-credentials --profile {name} --format env`, and start `lambdura up` with \
                 `--aws-credentials env`",
                path.display()
            )
        })
    }
}

/// The current keys of a profile.
///
/// # Errors
/// There are no keys; the message says what to do.
pub async fn profile_keys(profile: &str) -> Result<function_host::Credentials, String> {
    let keys = AccountKeys::Profile(profile.to_owned()).get().await?;
    Ok(function_host::Credentials {
        access_key_id: keys.access_key_id().to_owned(),
        secret_access_key: keys.secret_access_key().to_owned(),
        session_token: keys.session_token().map(str::to_owned),
    })
}

fn file() -> Option<PathBuf> {
    let named = std::env::var_os("AWS_SHARED_CREDENTIALS_FILE");
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".aws/credentials"));
    named.map(PathBuf::from).or_else(home)
}

/// The keys in a section of the credentials file.
fn keys_of(text: &str, profile: &str) -> Option<Credentials> {
    let heading = format!("[{profile}]");
    let lines = text.lines().map(str::trim);
    let section = lines
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let entries: Vec<(&str, &str)> = section
        .filter(|line| !line.starts_with(['#', ';']))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let entry = |name: &str| {
        let found = entries.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Some(Credentials::new(
        entry("aws_access_key_id")?,
        entry("aws_secret_access_key")?,
        entry("aws_session_token"),
        None,
        "lambdura",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_its_own_keys() {
        let text = "[default]\naws_access_key_id=A\naws_secret_access_key = a\n\n# night shift\n[night]\n\
                    aws_access_key_id = B\naws_secret_access_key = b=\naws_session_token = t\n[role]\nrole_arn = r\n";
        let keys = |name| {
            let keys = keys_of(text, name)?;
            let parts = [keys.access_key_id(), keys.secret_access_key()];
            let token = keys.session_token().unwrap_or("-");
            Some(format!("{} {} {token}", parts[0], parts[1]))
        };
        assert_eq!(keys("default").as_deref(), Some("A a -"));
        assert_eq!(keys("night").as_deref(), Some("B b= t"));
        assert_eq!(keys("role"), None);
        assert_eq!(keys("nobody"), None);
    }
}
