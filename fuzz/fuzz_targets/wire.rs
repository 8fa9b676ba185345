//! Requests: what is read is written as JSON that reads the same.

#![no_main]

use lambda_api::{
    CheckpointDurableExecutionRequest, FunctionConfiguration, InvocationOutput,
    PauseDurableExecutionRequest,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fn round_trip<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&read).expect("a wire type is always JSON");
    let again: T = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(again, read);
}

fuzz_target!(|bytes: &[u8]| {
    round_trip::<CheckpointDurableExecutionRequest>(bytes);
    round_trip::<InvocationOutput>(bytes);
    round_trip::<PauseDurableExecutionRequest>(bytes);
    round_trip::<FunctionConfiguration>(bytes);
});
