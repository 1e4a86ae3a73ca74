//! One probe from claim to end: verify the call that it asks about, clear, ask, judge, record.
//!
//! A GET changes nothing, so nothing is recorded before it leaves: one whose lease is lost is made again.

use chrono::TimeDelta;

use super::attempt::{PUT_BACK_FOR, Recorder, own_headers, until_taken, verify};
use super::egress::NotCleared;
use crate::domain::call::Call;
use crate::domain::json;
use crate::domain::outcome::{Exchange, judge_probe};
use crate::domain::probe::{ProbeEnd, ProbeVerdict};
use crate::domain::request_type::ProbeRules;
use crate::engine::ClaimedExecution;
use crate::engine::under_way::HostSign;

/// Asks the target of a claimed execution what became of its call.
pub(super) async fn probe(recorder: Recorder<'_>, claimed: &ClaimedExecution) -> HostSign {
    match probe_call(recorder, claimed) {
        Ok((rules, call)) => ask(recorder, claimed, rules, &call).await,
        Err(reason) => {
            let end = cannot_tell(format!("The target can't be asked: {reason}."), true);
            record(recorder, claimed, end).await;
            HostSign::None
        }
    }
}

/// The GET to send. The error is a clause.
fn probe_call<'c>(
    recorder: Recorder<'_>,
    claimed: &'c ClaimedExecution,
) -> Result<(&'c ProbeRules, Call), String> {
    let rules = claimed.probe.as_ref().ok_or("its type does not say how")?;
    // Its values go into a URL: they must be those that people approved.
    let call =
        verify(recorder.engine, claimed).map_err(|_| "the stored call is not the approved one".to_owned())?;
    let task = json::read(claimed.echo.as_bytes()).map_err(|_| "the stored echo can't be read".to_owned())?;
    Ok((rules, rules.call(&call, &task)?))
}

async fn ask(
    recorder: Recorder<'_>,
    claimed: &ClaimedExecution,
    rules: &ProbeRules,
    call: &Call,
) -> HostSign {
    let (exchange, sign) = match recorder.egress.clear(call).await {
        Ok(cleared) => {
            let cleared = cleared.within(claimed.total_timeout);
            let sent = recorder.egress.send(cleared, call, &own_headers(&claimed.held)).await;
            let sign = HostSign::of(&sent.exchange, sent.has_timed_out);
            (sent.exchange, sign)
        }
        Err(NotCleared::Refused(reason) | NotCleared::NoCredential(reason)) => {
            (Exchange::NotSent { reason }, HostSign::None)
        }
        Err(NotCleared::NoAddress(reason)) => (Exchange::NotSent { reason }, HostSign::Silent),
        Err(NotCleared::NoRoomHere(reason)) => {
            tracing::warn!(reason, "this process lacks something to ask a target; it is put back");
            put_back(recorder, claimed, PUT_BACK_FOR).await;
            return HostSign::None;
        }
    };
    record(recorder, claimed, judge_probe(&exchange, rules)).await;
    sign
}

fn cannot_tell(reason: String, is_last: bool) -> ProbeEnd {
    ProbeEnd { verdict: ProbeVerdict::CannotTell, reason, is_last }
}

async fn record(recorder: Recorder<'_>, claimed: &ClaimedExecution, end: ProbeEnd) {
    until_taken("the answer to a probe", || recorder.engine.end_probe(&claimed.held, end.clone())).await;
}

async fn put_back(recorder: Recorder<'_>, claimed: &ClaimedExecution, wait: TimeDelta) {
    until_taken("an execution", || recorder.engine.put_back(&claimed.held, wait)).await;
}
