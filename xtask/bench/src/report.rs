//! What was measured, as a table for people and as JSON for programs. Nothing here judges.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::catalog::Catalog;
use crate::cold_start::ColdStart;
use crate::idle::Idle;
use crate::warm::WarmAnswer;

/// Everything one run measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) cold_starts: Vec<ColdStart>,
    pub(crate) warm_answers: Vec<WarmAnswer>,
    pub(crate) catalogs: Vec<Catalog>,
    pub(crate) idle: Vec<Idle>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    pub(crate) system: &'static str,
    pub(crate) architecture: &'static str,
    /// Processors that this process may use.
    pub(crate) processors: usize,
}

impl Machine {
    /// This machine.
    pub(crate) fn current() -> Self {
        Self {
            system: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Machine {
            system,
            architecture,
            processors,
        } = &self.machine;
        writeln!(
            f,
            "{system} {architecture}, {processors} processors; times in ms unless they say otherwise"
        )?;
        self.write_cold_starts(f)?;
        self.write_warm_answers(f)?;
        self.write_catalogs(f)?;
        self.write_idle(f)
    }
}

impl Report {
    fn write_cold_starts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nCold start: process start to the end of the first answer"
        )?;
        writeln!(
            f,
            "{:<34} {:>8} {:>8} {:>8} {:>8}",
            "", "p50", "min", "max", "ratio"
        )?;
        for row in &self.cold_starts {
            let times = row.first_answer;
            let (name, ratio) = (&row.name, row.ratio);
            writeln!(
                f,
                "{name:<34} {:>8.2} {:>8.2} {:>8.2} {ratio:>8.2}",
                times.p50, times.min, times.max
            )?;
        }
        Ok(())
    }

    fn write_warm_answers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nWarm answer of the function alone, without a URL in between"
        )?;
        writeln!(
            f,
            "{:<34} {:>8} {:>8} {:>8} {:>8}",
            "", "p50", "p99", "min", "max"
        )?;
        for row in &self.warm_answers {
            let times = row.answer;
            let name = &row.name;
            writeln!(
                f,
                "{name:<34} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
                times.p50, times.p99, times.min, times.max
            )?;
        }
        Ok(())
    }

    fn write_catalogs(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nBy number of registered tools")?;
        self.write_row(f, "registrations", |catalog| {
            catalog.registrations.to_string()
        })?;
        self.write_row(f, "registering all of them, s", |catalog| {
            format!("{:.2}", catalog.register_seconds)
        })?;
        self.write_row(f, "listing all of them, s", |catalog| {
            format!("{:.2}", catalog.list_seconds)
        })?;
        self.write_row(f, "pages", |catalog| catalog.list_pages.to_string())?;
        self.write_row(f, "tools/call p50", |catalog| {
            format!("{:.3}", catalog.call.p50)
        })?;
        self.write_row(f, "tools/call p99", |catalog| {
            format!("{:.3}", catalog.call.p99)
        })?;
        self.write_row(f, "direct Invoke p50", |catalog| {
            format!("{:.3}", catalog.invoke.p50)
        })?;
        self.write_row(f, "direct Invoke p99", |catalog| {
            format!("{:.3}", catalog.invoke.p99)
        })?;
        self.write_row(f, "added p50", |catalog| {
            format!("{:.3}", catalog.added_p50)
        })?;
        self.write_row(f, "added p99", |catalog| {
            format!("{:.3}", catalog.added_p99)
        })?;
        self.write_row(f, "ratio p50", |catalog| {
            format!("{:.2}", catalog.ratio_p50)
        })?;
        for (index, name) in ["calls/s, 1 connection", "calls/s, 8 connections"]
            .into_iter()
            .enumerate()
        {
            self.write_row(f, name, |catalog| {
                let throughput = catalog.throughput.get(index);
                throughput.map_or_else(String::new, |measured| {
                    format!("{:.0}", measured.calls_per_second)
                })
            })?;
        }
        self.write_row(f, "peak memory, MiB", |catalog| {
            catalog
                .peak_memory_mib
                .map_or_else(|| "unknown".to_owned(), |peak| format!("{peak:.1}"))
        })?;
        self.write_row(f, "DynamoDB requests per warm call", |catalog| {
            format!("{:.2}", catalog.dynamodb_requests_per_call)
        })
    }

    fn write_idle(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nAn idle session for an hour, extrapolated from 20 seconds"
        )?;
        writeln!(
            f,
            "{:<34} {:>12} {:>18}",
            "", "GB-seconds", "DynamoDB requests"
        )?;
        for Idle {
            session,
            gb_seconds,
            dynamodb_requests,
        } in &self.idle
        {
            writeln!(
                f,
                "{session:<34} {gb_seconds:>12.2} {dynamodb_requests:>18.0}"
            )?;
        }
        Ok(())
    }

    /// One line: a value for each size of the catalog.
    fn write_row(
        &self,
        f: &mut Formatter<'_>,
        name: &str,
        value: impl Fn(&Catalog) -> String,
    ) -> fmt::Result {
        write!(f, "{name:<34}")?;
        for catalog in &self.catalogs {
            write!(f, " {:>10}", value(catalog))?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Throughput;
    use crate::samples::Summary;

    #[test]
    fn the_table_shows_every_measurement() {
        let times = |p50| Summary {
            count: 25,
            min: p50 - 0.5,
            p50,
            p99: p50 + 1.0,
            max: p50 + 2.0,
        };
        let catalog = |registrations| Catalog {
            registrations,
            register_seconds: 1.5,
            list_pages: 2,
            list_seconds: 0.02,
            call: times(0.8),
            invoke: times(0.4),
            added_p50: 0.4,
            added_p99: 0.4,
            ratio_p50: 2.0,
            throughput: [(1, 1200.0), (8, 1900.0)]
                .map(|(connections, calls_per_second)| Throughput {
                    connections,
                    calls_per_second,
                })
                .into(),
            peak_memory_mib: Some(12.25),
            dynamodb_requests_per_call: 1.0,
        };
        let report = Report {
            machine: Machine {
                system: "linux",
                architecture: "x86_64",
                processors: 2,
            },
            cold_starts: vec![ColdStart {
                name: "empty-handler".into(),
                first_answer: times(6.0),
                ratio: 1.0,
            }],
            warm_answers: vec![WarmAnswer {
                name: "stream-handler".into(),
                answer: times(43.0),
            }],
            catalogs: vec![catalog(10), catalog(1000)],
            idle: vec![Idle {
                session: "2025, listening".into(),
                gb_seconds: 0.125,
                dynamodb_requests: 360.0,
            }],
        };
        insta::assert_snapshot!(report);
    }
}
