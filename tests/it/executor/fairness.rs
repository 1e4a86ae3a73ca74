//! Hosts that never answer, and one that does.

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{body, type_file};
use crate::support::target::Target;
use crate::support::{On, eventually, journeys};

journeys![eight_hosts_that_never_answer_do_not_stop_a_ninth];

async fn eight_hosts_that_never_answer_do_not_stop_a_ninth(on: On) {
    let mut silent = Vec::new();
    for _ in 0..8 {
        let target = Target::start().await;
        target.hold();
        silent.push(target);
    }
    let options = AppOptions::default()
        .set("executor.concurrency", 16)
        .set("executor.concurrency_per_host", 8)
        .with_targets(silent.iter().map(|target| target.address))
        .with_type(&type_file("", ""));
    let app = App::with(on, options).await;
    let mut waiting = Vec::new();
    for target in silent.iter().cycle().take(24) {
        let mut body = body(&app, "c-1", 10);
        task(&mut body)["hostname"] = target.url().into();
        let id = app.maker().pays(&body).await.id;
        app.checker().says(&id, "approved").await.data();
        waiting.push(id);
    }
    // They hold all slots but one, and none of them gets that.
    let under_way = || silent.iter().map(|target| target.arrived().len()).sum::<usize>();
    eventually("their calls are under way", async || (under_way() == 15).then_some(())).await;

    for _ in 0..3 {
        let id = app.maker().pays(&body(&app, "c-2", 10)).await.id;
        app.checker().says(&id, "approved").await.data();
        app.checker().becomes(&id, "executed").await;
    }
    assert_eq!(under_way(), 15);
    silent.iter().for_each(Target::release);
    for id in &waiting {
        app.checker().becomes(id, "executed").await;
    }
    assert_eq!(under_way(), waiting.len());
}
