//! Words out of a fixed list: states, verdicts, codes. Their schemas are made from the code's own lists.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::delivery::DeliveryState;
use crate::domain::findings::{FindingCode, Level};
use crate::domain::lifecycle::EventType;
use crate::domain::outcome::Outcome;
use crate::domain::policy::Risk;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{State, Verdict};
use crate::domain::settlement::SettledOutcome;
use crate::domain::target_host::BreakerState;

/// A fixed list of words.
pub trait Vocabulary: Sized {
    /// The name of its schema.
    const SCHEMA: &'static str;
    /// What its schema says about it.
    const DESCRIPTION: &'static str;

    /// Every word, in the order of the document.
    fn words() -> Vec<&'static str>;

    /// This word.
    fn word(&self) -> &'static str;
}

/// One word, written as a string.
pub struct Word<T>(pub T);

impl<T: Vocabulary> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::SCHEMA.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::words(), "description": T::DESCRIPTION })
    }
}

impl Vocabulary for State {
    const SCHEMA: &'static str = "State";
    const DESCRIPTION: &'static str = "The state of a request.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for Verdict {
    const SCHEMA: &'static str = "Verdict";
    const DESCRIPTION: &'static str = "What a decision says.";

    fn words() -> Vec<&'static str> {
        [Self::Approved, Self::Rejected].map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for Risk {
    const SCHEMA: &'static str = "Risk";
    const DESCRIPTION: &'static str = "How risky the policy's rule rates the request.";

    fn words() -> Vec<&'static str> {
        [Self::Low, Self::Medium, Self::High].map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for AttemptOutcome {
    const SCHEMA: &'static str = "AttemptOutcome";
    const DESCRIPTION: &'static str = "What an attempt to send the call came to.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for BreakerState {
    const SCHEMA: &'static str = "BreakerState";
    const DESCRIPTION: &'static str =
        "Whether calls to a host are held back because it did not take or answer several.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for DeliveryState {
    const SCHEMA: &'static str = "DeliveryState";
    const DESCRIPTION: &'static str = "Where a delivery stands.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for Outcome {
    const SCHEMA: &'static str = "Outcome";
    const DESCRIPTION: &'static str = "How an execution ended.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for ProbeVerdict {
    const SCHEMA: &'static str = "ProbeVerdict";
    const DESCRIPTION: &'static str = "What a target said about an earlier call.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for SettledOutcome {
    const SCHEMA: &'static str = "SettledOutcome";
    const DESCRIPTION: &'static str = "How a person says that an unknown outcome ended.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for Level {
    const SCHEMA: &'static str = "FindingLevel";
    const DESCRIPTION: &'static str = "How much a finding matters.";

    fn words() -> Vec<&'static str> {
        [Self::Note, Self::Warning].map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for Code {
    const SCHEMA: &'static str = "ErrorCode";
    const DESCRIPTION: &'static str = "Why something was refused, as a stable code.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for FindingCode {
    const SCHEMA: &'static str = "FindingCode";
    const DESCRIPTION: &'static str = "What was found, as a stable code.";

    fn words() -> Vec<&'static str> {
        Self::ALL.map(Self::name).to_vec()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Vocabulary for EventType {
    const SCHEMA: &'static str = "EventType";
    const DESCRIPTION: &'static str = "What happened.";

    fn words() -> Vec<&'static str> {
        // What the API shows is a request's trail.
        Self::ALL.into_iter().filter(|known| known.is_of_request()).map(Self::name).collect()
    }

    fn word(&self) -> &'static str {
        self.name()
    }
}
