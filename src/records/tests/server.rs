//! The same suite against a real Postgres server, where one is given: `CORDBOARD_TEST_POSTGRES` holds the URL of an
//! empty database. `tests/run postgres` starts such a server.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cordboard_actors::journal::Journal;
use cordboard_observability::metrics::Metrics;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use super::super::schema::TABLES;
use super::super::{Books, PostgresBooks, PostgresSettings, Privacy, Projector};
use super::contract::{self, Bench};
use super::story;

const URL: &str = "CORDBOARD_TEST_POSTGRES";

fn url() -> Option<String> {
    let url = env::var(URL).ok();
    if url.is_none() {
        eprintln!("skipped: {URL} is not set; `tests/run postgres` starts a server and sets it");
    }
    url
}

/// Books in a schema of each test's own.
struct Server(String);

impl Server {
    fn within(&self, schema: &str) -> String {
        format!(
            "{}?options=-c%20search_path%3D{schema}&application_name={schema}",
            self.0
        )
    }

    async fn client(&self, schema: &str) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.within(schema), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Bench for Server {
    type Place = String;

    async fn place(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        let client = self.client("public").await;
        client
            .batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await
            .unwrap();
        schema
    }

    fn open(&self, place: &String) -> Arc<dyn Books> {
        let settings = PostgresSettings {
            url: self.within(place),
            ca_file: None,
        };
        Arc::new(PostgresBooks::new(&settings).unwrap())
    }

    async fn dump(&self, place: &String) -> Vec<String> {
        let client = self.client(place).await;
        let mut rows = Vec::new();
        for table in TABLES {
            let all = format!("SELECT row_to_json(t)::text FROM {table} AS t");
            for row in client.query(&all, &[]).await.unwrap() {
                let row: serde_json::Value = serde_json::from_str(row.get(0)).unwrap();
                let columns: Vec<String> = client
                    .query(
                        "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 \
                         AND table_schema = $2 ORDER BY ordinal_position",
                        &[&table, place],
                    )
                    .await
                    .unwrap()
                    .into_iter()
                    .map(|column| column.get(0))
                    .collect();
                let field = |column: &String| match &row[column] {
                    serde_json::Value::Null => "-".to_owned(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let fields: Vec<String> = columns.iter().map(field).collect();
                rows.push(format!("{table}|{}", fields.join("|")));
            }
        }
        rows.sort();
        rows
    }

    async fn columns(&self, place: &String, view: &str) -> Vec<String> {
        let client = self.client(place).await;
        let statement = client.prepare(&format!("SELECT * FROM {view}")).await.unwrap();
        statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_on_a_server_keep_the_contract() {
    let Some(url) = url() else { return };
    contract::run(&Server(url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_is_made_again_and_nothing_is_lost() {
    let Some(url) = url() else { return };
    let server = Server(url);
    let (journal, _) = story::journal(29, 200).await;
    let place = server.place().await;
    let books = server.open(&place);
    let mut keeper = super::projector(&journal, &books).reading(5);
    let other = server.client("public").await;
    let mut failures = 0;
    for step in 0_u32.. {
        match keeper.step().await {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => failures += 1,
        }
        if step % 9 == 0 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
            other.execute(cut, &[&place]).await.unwrap();
        }
    }
    assert!(failures > 0, "the connection was never cut at work");
    let whole = server.place().await;
    super::projector(&journal, &server.open(&whole))
        .catch_up()
        .await
        .unwrap();
    assert_eq!(server.dump(&place).await, server.dump(&whole).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_database_is_waited_for_and_its_password_is_never_shown() {
    // Taken and given back: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let settings = PostgresSettings {
        url: format!("postgres://cordboard:s3cret@127.0.0.1:{port}/books"),
        ca_file: None,
    };
    let books = Arc::new(PostgresBooks::new(&settings).unwrap());
    let failed = books.cursor(1).await.unwrap_err().to_string();
    for shown in [failed, format!("{books:?} {settings:?}"), books.place()] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert_eq!(books.place(), "postgres 127.0.0.1/books");
    let (journal, _) = story::journal(1, 5).await;
    let metrics = Metrics::default();
    let keeper = Projector::new(journal as Arc<dyn Journal>, books, Privacy::Full, metrics.clone());
    let closing = CancellationToken::new();
    let run = tokio::spawn(keeper.run(closing.clone()));
    while metrics.records.failures.get() == 0 {
        tokio::task::yield_now().await;
    }
    closing.cancel();
    tokio::time::timeout(Duration::from_secs(5), run)
        .await
        .unwrap()
        .unwrap();
}

#[test]
fn a_host_elsewhere_is_reached_encrypted_or_not_at_all() {
    let security = |url: &str| {
        let mut config = url.parse().unwrap();
        let chosen = super::super::postgres::security_of(&mut config).unwrap();
        (chosen, config.get_ssl_mode())
    };
    use tokio_postgres::config::SslMode;
    assert_eq!(security("postgres://u@127.0.0.1/d"), ("plain", SslMode::Disable));
    assert_eq!(security("postgres://u@localhost/d"), ("plain", SslMode::Disable));
    assert_eq!(
        security("postgres://u@db.example.com/d"),
        ("tls", SslMode::Require)
    );
    assert_eq!(
        security("postgres://u@127.0.0.1/d?sslmode=require"),
        ("tls", SslMode::Require)
    );
    assert_eq!(
        security("postgres://u@db.example.com/d?sslmode=disable"),
        ("plain", SslMode::Disable)
    );
    for wrong in ["", "mysql://u@h/d", "postgres://"] {
        let settings = PostgresSettings {
            url: wrong.into(),
            ca_file: None,
        };
        let refused = PostgresBooks::new(&settings).unwrap_err().to_string();
        assert!(refused.contains("database_url"), "{wrong}: {refused}");
    }
}
