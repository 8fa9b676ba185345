//! `AWS::SSM::Parameter` and `AWS::SecretsManager::Secret`: values that templates refer to.
//!
//! Source of names: CloudFormation template reference, `AWS::SSM::Parameter` and
//! `AWS::SecretsManager::Secret`, read 2026-11-28.

use crate::template::{Fields, Named, PARAMETER, Pseudo, SECRET, Type, properties, yields};
use crate::{CompanionResource, OtherServices};

use super::companion::resource;
use super::reading::Reading;
use super::unsupported::NO_ENCRYPTION;

pub(super) static PARAMETER_TYPE: Type = Type {
    properties: properties! {
        used: AllowedPattern, DataType, Description, Name, Tier, Value;
        required: Type = "for example `Type: String`";
        ignored:
            "values do not expire" => Policies;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 1011),
    reference: yields::name,
    property_attributes: &["Value", "Type"],
    ..Type::plain(PARAMETER)
};

pub(super) static SECRET_TYPE: Type = Type {
    properties: properties! {
        used: Description, GenerateSecretString, Name, SecretString, Type;
        ignored:
            NO_ENCRYPTION => KmsKeyId;
            "there is no other region" => ReplicaRegions;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 512),
    reference: |it| it.arn(Pseudo::secret_arn),
    attributes: &[("Id", |it| it.arn(Pseudo::secret_arn))],
    ..Type::plain(SECRET)
};

pub(super) fn read_parameter(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    if fields.required("Value", "the parameter's value").is_none() {
        return;
    }
    let Ok(name) = fields.resolver.name(fields.index()) else {
        return;
    };
    if let Ok(Some(value)) = fields.resolver.parameter_value(&name) {
        let value = ("Value", value);
        add(fields, reading, name, None, value, &["Type", "Description"]);
    }
}

pub(super) fn read_secret(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Ok(name) = fields.resolver.name(fields.index()) else {
        return;
    };
    let arn = fields.resolver.pseudo.secret_arn(&name);
    if let Ok(Some(value)) = fields.resolver.secret(&name) {
        let value = ("SecretString", value);
        add(fields, reading, name, Some(arn), value, &["Description"]);
    } else {
        fields.warn_of_all("it has no value here: give it one in `references.json`");
    }
}

/// Adds a value, which is served here or created at an emulator.
fn add(
    fields: &Fields<'_>,
    reading: &mut Reading<'_>,
    name: String,
    arn: Option<String>,
    (property, value): (&str, String),
    others: &[&str],
) {
    if reading.assets.services == OtherServices::Account {
        fields.warn_of_all(
            "it is not created in your account: reading it there fails unless it is there",
        );
        return;
    }
    let others = others
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), fields.value(name)?)));
    let mut resource = CompanionResource {
        arn,
        properties: others.collect(),
        ..resource(fields, name)
    };
    resource
        .properties
        .insert(property.to_owned(), value.into());
    reading.stack.companions.push(resource);
}
