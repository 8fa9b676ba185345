//! ARNs, tokens and callback ids: what is accepted is written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{CallbackId, CheckpointToken, ExecutionArn, Version};

fuzz_target!(|text: &str| {
    if let Ok(arn) = text.parse::<ExecutionArn>() {
        assert_eq!(arn.to_string(), text);
    }
    if let Ok(version) = text.parse::<Version>() {
        assert_eq!(version.to_string().parse::<Version>().ok(), Some(version));
    }
    if let Ok(token) = CheckpointToken::parse(text) {
        let _claimed = engine::token_execution(&token);
    }
    if let Ok(callback_id) = CallbackId::parse(text) {
        let _claimed = engine::callback_target(&callback_id);
    }
});
