//! The talk with whoever runs `deploy`; with nobody, if nobody can answer.

use std::io::{self, IsTerminal as _};

use anyhow::{Result, bail};
use release::deploy::{ChangeSet, Removal, Reply, StackEvent, Watcher};
use tooling::{Usage, ask, say};

use crate::arguments::{Format, WritingArgs};

/// Asks who runs the command, and shows what happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialogue {
    format: Format,
    is_plan: bool,
    is_confirmed: bool,
}

impl Dialogue {
    pub(crate) fn new(args: &WritingArgs) -> Self {
        Self {
            format: args.format,
            is_plan: args.plan,
            is_confirmed: args.yes,
        }
    }

    /// Whether somebody is there who can answer, and did not say yes to everything in advance.
    pub(crate) fn is_person(self) -> bool {
        !self.is_confirmed && self.format == Format::Text && io::stdin().is_terminal()
    }

    /// An answer, or `default` for an empty one.
    pub(crate) fn answer(self, question: &str, default: &str, flag: &str) -> Result<String> {
        if !self.is_person() {
            bail!(Usage(format!("{flag} is needed where nobody can be asked")));
        }
        let hint = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        let answer = ask::line(&format!("{question}{hint}: "))?;
        Ok(if answer.is_empty() {
            default.to_owned()
        } else {
            answer
        })
    }

    pub(crate) fn network(self) -> Result<Option<(String, String)>> {
        let vpc = self.answer(
            "VPC to run in (empty: none, or the present one)",
            "",
            "--vpc-id",
        )?;
        if vpc.is_empty() {
            return Ok(None);
        }
        let subnets = self.answer("Its subnets, separated by commas", "", "--subnet-ids")?;
        Ok(Some((vpc, subnets)))
    }

    /// Whether to do what was shown.
    async fn may_go_on(self, question: &'static str) -> bool {
        if !self.is_person() || self.is_plan {
            return self.is_confirmed;
        }
        ask::confirmed(question).await
    }
}

impl Watcher for Dialogue {
    fn confirm<'a>(&'a mut self, change_set: &'a ChangeSet) -> Reply<'a, bool> {
        if self.format == Format::Text {
            say!("{change_set}");
        }
        Box::pin(self.may_go_on("Do this? [y/N] "))
    }

    fn confirm_removal<'a>(&'a mut self, removal: &'a Removal) -> Reply<'a, bool> {
        if self.format == Format::Text {
            say!("{removal}");
        }
        Box::pin(self.may_go_on("Delete this? [y/N] "))
    }

    fn interruption(&self) -> Reply<'static, ()> {
        Box::pin(async {
            if tokio::signal::ctrl_c().await.is_err() {
                // Then Ctrl-C ends the program by itself.
                std::future::pending::<()>().await;
            }
        })
    }

    fn event(&mut self, event: &StackEvent) {
        // Standard output is the JSON document's alone.
        if self.format == Format::Json {
            eprintln!("{event}");
        } else {
            say!("{event}");
        }
    }
}
