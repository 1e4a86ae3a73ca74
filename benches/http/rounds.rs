//! What is measured in turn, round by round.

use std::path::PathBuf;
use std::time::Duration;

use crate::disk::flush_time;
use crate::limit::Limit;
use crate::load::Work;
use crate::report::{Measured, median, print_rate, print_ratio};
use crate::setting::Setting;
use crate::types::{DEFAULT, STAGED};

const MANY: usize = 64;

pub struct Rounds {
    pub count: usize,
    pub span: Duration,
    /// On the disk that is measured.
    pub folder: PathBuf,
}

impl Rounds {
    /// Each kind of work for one client and for many; with the latter, the limit of the store alone.
    pub async fn operations(&self, setting: &Setting, mut limit: Limit) -> anyhow::Result<()> {
        let works = [
            ("submissions", Work::Submit(DEFAULT)),
            ("submissions and decisions", Work::Decide(DEFAULT)),
            ("workflows (submit, approve, execute)", Work::Whole),
        ];
        let mut flushes = Vec::new();
        let mut measure_flush = || -> anyhow::Result<()> {
            flushes.push(flush_time(&self.folder)?.as_secs_f64() * 1e3);
            Ok(())
        };
        let [.., alone] = self.in_turn(setting, &works, 1, &mut measure_flush).await?;
        print_ratio("p50 of the lone client's workflow / a flush", alone.p50_ms / median(flushes));
        let (mut single, mut grouped) = (Vec::new(), Vec::new());
        let mut measure_limit = || -> anyhow::Result<()> {
            setting.reuse_log()?;
            single.push(limit.rate(1, self.span)?);
            setting.reuse_log()?;
            grouped.push(limit.rate(MANY, self.span)?);
            Ok(())
        };
        let [submissions, _, workflows] = self.in_turn(setting, &works, MANY, &mut measure_limit).await?;
        let (single, grouped) = (median(single), median(grouped));
        let name = limit.name();
        print_rate(&format!("{name}: one submission a transaction"), single);
        print_rate(&format!("{name}: {MANY} submissions a transaction"), grouped);
        print_ratio("workflows / one submission a transaction", workflows.rate / single);
        print_ratio(&format!("submissions / {MANY} a transaction"), submissions.rate / grouped);
        Ok(())
    }

    /// What a subscriber costs that is told of every change, in turn with nobody.
    pub async fn subscriber(&self, setting: &Setting) -> anyhow::Result<()> {
        for (name, work) in [("submissions", Work::Submit(DEFAULT)), ("workflows", Work::Whole)] {
            let (mut untold, mut told) = (Vec::new(), Vec::new());
            for _ in 0..self.count {
                for (is_told, measured) in [(false, &mut untold), (true, &mut told)] {
                    setting.tell_subscriber(is_told)?;
                    measured.push(setting.measure(&work, MANY, self.span).await?);
                }
            }
            let (untold, told) = (Measured::median(&untold), Measured::median(&told));
            untold.print(&format!("{name}, no subscriber"), MANY);
            told.print(&format!("{name}, a subscriber"), MANY);
            print_ratio("ratio", told.rate / untold.rate);
        }
        setting.tell_subscriber(false)
    }

    /// What three stages and a limit cost, beside one checker.
    pub async fn policies(&self, setting: &Setting) -> anyhow::Result<()> {
        let submissions = [
            ("submissions, one checker", Work::Submit(DEFAULT)),
            ("submissions, three stages", Work::Submit(STAGED)),
        ];
        let decisions = [
            ("submissions and decisions, one checker", Work::Decide(DEFAULT)),
            ("submissions and decisions, three stages", Work::Decide(STAGED)),
        ];
        for works in [submissions, decisions] {
            let [by_one, by_three] = self.in_turn(setting, &works, MANY, &mut || Ok(())).await?;
            print_ratio("cost of one call, times", by_one.rate / by_three.rate);
        }
        Ok(())
    }

    /// Measures all of them in each round, and whatever ends it; prints and returns the medians.
    async fn in_turn<const N: usize>(
        &self,
        setting: &Setting,
        works: &[(&str, Work); N],
        clients: usize,
        end_round: &mut dyn FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<[Measured; N]> {
        let mut measured = works.each_ref().map(|_| Vec::new());
        for _ in 0..self.count {
            for ((_, work), into) in works.iter().zip(&mut measured) {
                into.push(setting.measure(work, clients, self.span).await?);
            }
            end_round()?;
        }
        let medians = measured.map(|rounds| Measured::median(&rounds));
        for ((name, _), median) in works.iter().zip(&medians) {
            median.print(name, clients);
        }
        Ok(medians)
    }
}
