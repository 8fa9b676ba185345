//! `AWS::Events::Rule` and `AWS::Scheduler::Schedule`: schedules declared as their own resources.
//!
//! Source of names: CloudFormation template reference, `AWS::Events::Rule`, its `Target`,
//! `AWS::Scheduler::Schedule` and its `Target`, read 2026-11-28.

use crate::template::{Fields, Named, Properties, Pseudo, Type, properties, yields};
use crate::{ScheduleResource, ScheduleService};

use super::reading::Reading;
use super::schedule::{
    EXAMPLES, NO_DEAD_LETTERS, NO_RETRY_POLICY, Timing, input, timing, warn_of_window,
};
use super::target::target;
use super::unsupported::NO_ENCRYPTION;

const NO_BUS: &str = "there is no event bus here: no event matches the pattern";
const FUNCTIONS_ONLY: &str = "only functions are invoked here";

pub(super) static RULE: Type = Type {
    properties: properties! {
        used: Description, Name, RoleArn, ScheduleExpression, State, Targets;
        ignored:
            NO_BUS => EventPattern;
            "there is no event bus here" => EventBusName;
            "tags are not kept" => Tags;
    },
    named: Named::By("Name", 64),
    reference: yields::name,
    attributes: &[("Arn", |it| it.arn(Pseudo::rule_arn))],
    ..Type::plain("AWS::Events::Rule")
};

const RULE_TARGET: Properties = properties! {
    used: Input, RoleArn;
    required: Arn = TARGET, Id = "any name that no other target of the rule has";
    ignored:
        NO_DEAD_LETTERS => DeadLetterConfig;
        "the function is given the event as it is" => InputPath, InputTransformer;
        NO_RETRY_POLICY => RetryPolicy;
        FUNCTIONS_ONLY => AppSyncParameters, BatchParameters, EcsParameters, HttpParameters,
            KinesisParameters, RedshiftDataParameters, RunCommandParameters,
            SageMakerPipelineParameters, SqsParameters;
};

pub(super) static SCHEDULE: Type = Type {
    properties: properties! {
        used: Description, EndDate, FlexibleTimeWindow, GroupName, Name, ScheduleExpressionTimezone, StartDate, State;
        required: ScheduleExpression = EXAMPLES, Target = TARGET;
        ignored:
            NO_ENCRYPTION => KmsKeyArn;
    },
    named: Named::By("Name", 64),
    reference: yields::name,
    attributes: &[("Arn", |it| {
        let group = it.resource.constant("GroupName", it.parameters);
        let group = group.unwrap_or(DEFAULT_GROUP);
        Ok(it.pseudo.schedule_arn(group, &yields::name(it)?))
    })],
    ..Type::plain("AWS::Scheduler::Schedule")
};

const SCHEDULE_TARGET: Properties = properties! {
    used: Input, RoleArn;
    required: Arn = TARGET;
    ignored:
        NO_DEAD_LETTERS => DeadLetterConfig;
        NO_RETRY_POLICY => RetryPolicy;
        FUNCTIONS_ONLY => EcsParameters, EventBridgeParameters, KinesisParameters,
            SageMakerPipelineParameters, SqsParameters;
};

const TARGET: &str = "`!GetAtt` and the function's `Arn`, or `!Ref` to its alias";
const DEFAULT_GROUP: &str = "default";

pub(super) fn read_rule(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let property = "ScheduleExpression";
    if fields.node(property).is_none() {
        if fields.node("EventPattern").is_none() {
            fields.required(property, EXAMPLES);
        }
        return;
    }
    let timing = timing(fields, property, ScheduleService::Rule);
    let name = fields.resolver.name(fields.index()).unwrap_or_default();
    let arn = fields.resolver.pseudo.rule_arn(&name);
    let targets = fields.mappings("Targets", RULE_TARGET);
    let is_several = targets.len() > 1;
    for (index, target) in targets.iter().enumerate() {
        let Some(id) = target.text("Id") else {
            continue;
        };
        let schedule = Schedule {
            logical_id: match is_several {
                true => format!("{}{id}", fields.logical_id),
                false => fields.logical_id.to_owned(),
            },
            name: &name,
            // A schedule is identified by its ARN, and each target of a rule is a schedule here.
            arn: match index {
                0 => arn.clone(),
                _ => format!("{arn}#{id}"),
            },
            service: ScheduleService::Rule,
        };
        schedule.add(target, id, timing.clone(), reading);
    }
}

pub(super) fn read_schedule(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let service = ScheduleService::Scheduler;
    warn_of_window(fields);
    let timing = timing(fields, "ScheduleExpression", service);
    let name = fields.resolver.name(fields.index()).unwrap_or_default();
    let group = fields.text("GroupName");
    let group = group.as_deref().unwrap_or(DEFAULT_GROUP);
    let schedule = Schedule {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.schedule_arn(group, &name),
        name: &name,
        service,
    };
    if let Some(target) = fields.mapping("Target", SCHEDULE_TARGET) {
        let event = fields.logical_id.to_owned();
        schedule.add(&target, event, timing, reading);
    }
}

/// The names of a schedule.
struct Schedule<'s> {
    logical_id: String,
    name: &'s str,
    arn: String,
    service: ScheduleService,
}

impl Schedule<'_> {
    /// Adds the schedule of a target, if that is a function.
    fn add(
        self,
        fields: &Fields<'_>,
        event: String,
        timing: Option<Timing>,
        reading: &mut Reading<'_>,
    ) {
        let input = input(fields);
        let Some(arn) = fields.node("Arn") else {
            return;
        };
        let Some(target) = target(fields, "Arn", arn, &reading.nested.functions) else {
            let meaning = "only functions of this template are invoked here: this target never is";
            fields.warn_of("Arn", meaning);
            return;
        };
        let Some(timing) = timing else { return };
        reading.stack.schedules.push(ScheduleResource {
            logical_id: self.logical_id,
            name: self.name.to_owned(),
            arn: self.arn,
            service: self.service,
            function: target.function,
            qualifier: target.qualifier,
            event,
            expression: timing.expression,
            expression_text: timing.expression_text,
            time_zone: timing.time_zone,
            start_at: timing.start_at,
            end_at: timing.end_at,
            input,
            enabled: timing.enabled,
        });
    }
}
