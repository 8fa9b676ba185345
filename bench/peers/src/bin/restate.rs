//! The work on Restate: its Rust SDK, one process for all invocations. `restate ADDRESS INGRESS_URL`.

use std::time::Duration;

use bench_peers::post::Poster;
use bench_peers::work::{Parcel, STEPS};
use futures_util::try_join;
use restate_sdk::prelude::*;

struct Work {
    ingress: String,
    poster: Poster,
}

type Step<T> = Result<T, HandlerError>;

fn step(parcel: &Parcel) -> impl Future<Output = Step<Json<Parcel>>> + Send + use<> {
    std::future::ready(Ok(Json(parcel.next())))
}

#[restate_sdk::service]
impl Work {
    #[handler]
    async fn steps(&self, ctx: Context<'_>, input: Json<Parcel>) -> Result<Json<Parcel>, HandlerError> {
        let mut parcel = input.into_inner();
        for _ in 0..STEPS {
            parcel = ctx.run(|| step(&parcel)).name("step").await?.into_inner();
        }
        Ok(Json(parcel))
    }

    #[handler]
    async fn loan(&self, ctx: Context<'_>, input: Json<Parcel>) -> Result<Json<Parcel>, HandlerError> {
        let parcel = input.into_inner();
        let parcel = ctx.run(|| step(&parcel)).name("validate").await?.into_inner();
        let _: (Json<Parcel>, Json<Parcel>, Json<Parcel>) = try_join!(
            ctx.run(|| step(&parcel)).name("credit-a"),
            ctx.run(|| step(&parcel)).name("credit-b"),
            ctx.run(|| step(&parcel)).name("credit-c"),
        )?;
        let parcel = ctx.run(|| step(&parcel)).name("risk").await?.into_inner();
        let (id, answered) = ctx.awakeable::<Json<Parcel>>();
        ctx.run(|| {
            let url = format!("{}/restate/awakeables/{id}/resolve", self.ingress);
            let (poster, answer) = (self.poster.clone(), parcel.next());
            async move {
                tokio::spawn(bench_peers::post::answer(poster, url, answer));
                Step::Ok(())
            }
        })
        .name("ask")
        .await?;
        let parcel = answered.await?.into_inner();
        let parcel = ctx.run(|| step(&parcel)).name("offer").await?.into_inner();
        Ok(ctx.run(|| step(&parcel)).name("pay").await?)
    }

    #[handler]
    async fn wait(&self, ctx: Context<'_>, input: Json<Parcel>) -> Result<Json<Parcel>, HandlerError> {
        let parcel = input.into_inner();
        let parcel = ctx.run(|| step(&parcel)).name("before").await?.into_inner();
        ctx.sleep(Duration::from_millis(parcel.wait_millis)).await?;
        Ok(ctx.run(|| step(&parcel)).name("after").await?)
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(ingress)) = (arguments.next(), arguments.next()) else {
        panic!("usage: restate ADDRESS INGRESS_URL");
    };
    let work = Work {
        ingress,
        poster: Poster::default(),
    };
    HttpServer::new(Endpoint::builder().bind(work).build())
        .listen_and_serve(address.parse().expect("an address"))
        .await;
}
