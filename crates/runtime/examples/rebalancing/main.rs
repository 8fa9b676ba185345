//! How shards move between servers that come and go: simulated, by the code that decides it in production.
//!
//! `cargo run -p runtime --example rebalancing -- --shards 65536 --servers 1000 --busy 5 --seed 1`
//!
//! `--only killed` runs the scenarios with that in their names. The same arguments print the same figures, on any
//! machine: time is simulated. docs/scale.md explains them.

mod load;
mod scenarios;
mod world;

use world::Size;

fn main() -> Result<(), String> {
    let (size, only) = arguments(std::env::args().skip(1))?;
    println!(
        "{} shards, {} servers, {} of 100 shards with an invocation at work, seed {}\n",
        size.shards, size.servers, size.busy_percent, size.seed
    );
    println!(
        "| what | moves | least possible | idle shard-seconds | longest, s | interrupted | even after, s | shards a server |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let wanted = |name: &str| name.contains(only.as_str());
    for (name, run) in scenarios::ALL.iter().filter(|(name, _)| wanted(name)) {
        let outcome = run(size);
        let figures = outcome.figures;
        let seconds = |millis: u64| format!("{:.2}", millis as f64 / 1e3);
        let rest = outcome.rest.map_or_else(|| "never".to_owned(), seconds);
        let (least, most) = outcome.spread;
        println!(
            "| {name} | {} | {} | {:.0} | {} | {} | {rest} | {least} to {most} |",
            figures.moves,
            figures.least_moves,
            figures.idle as f64 / 1e3,
            seconds(figures.idle_longest),
            figures.interrupted,
        );
    }
    println!("\nA million roots, the work of the n-th by Zipf's law; times the mean:\n");
    println!(
        "| exponent | shards | largest root | busiest shard | busiest server | shards dealt by load |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for exponent in [0.5, 0.8, 1.0, 1.2] {
        for shards in [size.servers * 4, size.shards] {
            let skew = load::skew(1_000_000, exponent, shards, size.servers, size.seed);
            println!(
                "| {exponent:.1} | {shards} | {:.2}% of all | {:.1} | {:.1} | {:.1} |",
                skew.largest_root * 100.0,
                skew.shard,
                skew.server,
                skew.server_by_load
            );
        }
    }
    Ok(())
}

fn arguments(arguments: impl Iterator<Item = String>) -> Result<(Size, String), String> {
    let mut size = Size {
        shards: 65_536,
        servers: 1_000,
        busy_percent: 5,
        seed: 1,
    };
    let (mut arguments, mut only) = (arguments, String::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("`{name}` needs a number"))?;
        if name == "--only" {
            only = value;
            continue;
        }
        let number: u64 = value
            .parse()
            .map_err(|_| format!("`{value}` is not a number"))?;
        let count = usize::try_from(number).map_err(|error| error.to_string())?;
        match name.as_str() {
            "--shards" => size.shards = count,
            "--servers" => size.servers = count,
            "--busy" => size.busy_percent = number.min(100),
            "--seed" => size.seed = number,
            _ => {
                return Err(format!(
                    "`{name}` is not known: --shards, --servers, --busy or --seed, each with a number, or --only with a part of a scenario's name"
                ));
            }
        }
    }
    if size.servers == 0 || size.shards < size.servers {
        return Err("there are at least one server, and as many shards as servers".to_owned());
    }
    Ok((size, only))
}
