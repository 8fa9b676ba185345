//! `AWS::SSM::Parameter` and `AWS::SecretsManager::Secret`: values that templates refer to.
//!
//! Source of names: CloudFormation template reference, `AWS::SSM::Parameter` and
//! `AWS::SecretsManager::Secret`, read 2026-11-28.

use crate::template::{Named, PARAMETER, Pseudo, Reported, SECRET, Type, properties, yields};

use super::function::NO_ENCRYPTION;
use super::unsupported::meaning_of;

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
    attributes: &[
        ("Value", |it| {
            let value = it.resolver.property_text(it.index, "Value")?;
            value.ok_or(Reported)
        }),
        ("Type", |it| {
            let kind = it.resolver.property_text(it.index, "Type")?;
            kind.ok_or(Reported)
        }),
    ],
    read: Some(|fields, _| {
        fields.required("Value", "the parameter's value");
        fields.warn_of_all(meaning_of(PARAMETER));
    }),
    ..Type::plain(PARAMETER)
};

pub(super) static SECRET_TYPE: Type = Type {
    properties: properties! {
        used: Description, Name, SecretString, Type;
        ignored:
            "no secret is generated: give it a value in `references.json`" => GenerateSecretString;
            NO_ENCRYPTION => KmsKeyId;
            "there is no other region" => ReplicaRegions;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 512),
    reference: |it| it.arn(Pseudo::secret_arn),
    attributes: &[("Id", |it| it.arn(Pseudo::secret_arn))],
    read: Some(|fields, _| fields.warn_of_all(meaning_of(SECRET))),
    ..Type::plain(SECRET)
};
