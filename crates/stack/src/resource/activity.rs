//! `AWS::StepFunctions::Activity`.
//!
//! Source of names: CloudFormation template reference, `AWS::StepFunctions::Activity`, read 2026-11-29.

use crate::ActivityResource;
use crate::template::{Fields, Named, Pseudo, Type, properties, yields};

use super::reading::{Reading, checked_name, is_word};

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: Name;
        ignored:
            "what is stored is not encrypted with a key" => EncryptionConfiguration;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 80),
    reference: |it| it.arn(Pseudo::activity_arn),
    attributes: &[
        ("Arn", |it| it.arn(Pseudo::activity_arn)),
        ("Name", yields::name),
    ],
    ..Type::plain("AWS::StepFunctions::Activity")
};

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let is_valid = |name: &str| is_word(name, 1..=80, b"-_.!'()+=@");
    let must = "must be 1 to 80 letters, digits and -_.!'()+=@";
    reading.stack.activities.push(ActivityResource {
        logical_id: fields.logical_id.to_owned(),
        name: checked_name(fields, "Name", is_valid, must),
    });
}
