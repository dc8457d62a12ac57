//! The books in Postgres: the same tables, the same views, the cursor beside the rows.
//!
//! The connection is made when it is needed and dropped at the first error; the projector pauses and comes again.
//! Every wait here has an end. The URL holds a password: it is never shown, errors included.

mod tls;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use cordboard_core::Timestamp;
use futures_util::future::try_join_all;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, Config, IsolationLevel, Statement, Transaction};

use super::change::{Value, iso};
use super::kpis::{Choices, Kpis, KpisOfDay};
use super::schema::{CREATE, Dialect, FORMAT, POSITION_INDEXES, VIEWS};
use super::statements as sql;
use super::{Batch, Books, BooksError, Cursor};
use tls::Security;

/// From the first packet to a session that may be asked.
const CONNECT: Duration = Duration::from_secs(10);
/// One batch, statements and commit. Longer than any healthy server takes by far.
const WORK: Duration = Duration::from_secs(30);
/// Statements on their way at one time: the way back and forth is paid once per so many.
const PIPELINE: usize = 256;
/// Two programs that start at once make the tables one after the other. "cordbook" in ASCII.
const TABLES_LOCK: i64 = 0x636f_7264_626f_6f6b;

/// Where the database is.
#[derive(Clone, Default)]
pub struct PostgresSettings {
    /// `postgres://user:password@host/database`.
    pub url: String,
    /// Certificates that the server's is checked against, PEM; the public ones when absent.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("url", &"***")
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// Why settings cannot be used.
#[derive(Debug, Error)]
pub enum PostgresRefused {
    /// Not a URL of Postgres.
    #[error("database_url is no URL of Postgres: write postgres://user:password@host:5432/database")]
    Url,
    /// The file of certificates.
    #[error("records.ca_file: {0}")]
    Certificates(String),
}

/// What a URL leads to, for tests.
#[cfg(test)]
pub(super) fn security_of(config: &mut Config) -> Result<&'static str, PostgresRefused> {
    tls::security(config, None).map(|security| match security {
        Security::Plain => "plain",
        Security::Tls(_) => "tls",
    })
}

/// Rows in a Postgres database.
pub struct PostgresBooks {
    config: Config,
    security: Security,
    session: Mutex<Option<Session>>,
    place: String,
}

impl std::fmt::Debug for PostgresBooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresBooks")
            .field("place", &self.place)
            .finish()
    }
}

struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl PostgresBooks {
    /// Reads the settings; connects later, so that a database that is down stops nothing.
    ///
    /// # Errors
    /// The URL or the file of certificates cannot be used.
    pub fn new(settings: &PostgresSettings) -> Result<Self, PostgresRefused> {
        let mut config: Config = settings.url.parse().map_err(|_| PostgresRefused::Url)?;
        if config.get_hosts().is_empty() {
            return Err(PostgresRefused::Url);
        }
        if config.get_application_name().is_none() {
            config.application_name("cordboard");
        }
        let security = tls::security(&mut config, settings.ca_file.as_deref())?;
        Ok(Self {
            place: place(&config),
            config,
            security,
            session: Mutex::new(None),
        })
    }

    async fn connect(&self) -> Result<Session, BooksError> {
        let connecting = async {
            let mut client = self.security.connect(&self.config).await?;
            set_up(&mut client).await?;
            Ok(Session {
                client,
                prepared: HashMap::new(),
            })
        };
        timeout(CONNECT, connecting)
            .await
            .unwrap_or_else(|_| Err(BooksError::Unavailable("no connection within 10 s".into())))
    }

    /// Works within one transaction; at an error the connection is dropped, which rolls back.
    async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut Work<'_>) -> Result<T, BooksError>,
    ) -> Result<T, BooksError> {
        let mut place = self.session.lock().await;
        let mut session = match place.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => self.connect().await?,
        };
        let working = async {
            let Session { client, prepared } = &mut session;
            let transaction = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .start()
                .await?;
            let mut hands = Work {
                transaction,
                prepared,
            };
            let result = work(&mut hands).await?;
            hands.transaction.commit().await?;
            Ok(result)
        };
        let result = timeout(WORK, working)
            .await
            .unwrap_or_else(|_| Err(BooksError::Unavailable("no answer within 30 s".into())));
        if !matches!(result, Err(BooksError::Unavailable(_))) {
            *place = Some(session);
        }
        result
    }
}

/// Host and database, for people.
fn place(config: &Config) -> String {
    use tokio_postgres::config::Host;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    format!("postgres {host}/{}", config.get_dbname().unwrap_or_default())
}

impl From<tokio_postgres::Error> for BooksError {
    fn from(error: tokio_postgres::Error) -> Self {
        // Of a database's own errors, the sentence alone: their details may quote rows.
        Self::Unavailable(match error.as_db_error() {
            Some(said) => format!("{} ({})", said.message(), said.code().code()),
            None => match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        })
    }
}

/// A transaction and what was prepared on its connection.
struct Work<'a> {
    transaction: Transaction<'a>,
    prepared: &'a mut HashMap<&'static str, Statement>,
}

impl Work<'_> {
    async fn prepare(&mut self, statement: &'static str) -> Result<Statement, BooksError> {
        if let Some(known) = self.prepared.get(statement) {
            return Ok(known.clone());
        }
        let fresh = self.transaction.prepare(statement).await?;
        self.prepared.insert(statement, fresh.clone());
        Ok(fresh)
    }

    async fn query(
        &mut self,
        statement: &'static str,
        values: &[Value],
    ) -> Result<Vec<tokio_postgres::Row>, BooksError> {
        let statement = self.prepare(statement).await?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        Ok(self.transaction.query(&statement, &values).await?)
    }

    async fn execute(&mut self, statement: &'static str, values: &[Value]) -> Result<u64, BooksError> {
        let statement = self.prepare(statement).await?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        Ok(self.transaction.execute(&statement, &values).await?)
    }

    /// In order, many on the way at once.
    async fn apply(&mut self, journal: i64, batch: &Batch) -> Result<(), BooksError> {
        let journal = Value::Number(Some(journal));
        for some in batch.changes.chunks(PIPELINE) {
            let mut ready = Vec::with_capacity(some.len());
            for change in some {
                ready.push((self.prepare(change.sql).await?, change));
            }
            let transaction = &self.transaction;
            let on_the_way = ready.iter().map(|(statement, change)| {
                let values: Vec<&(dyn ToSql + Sync)> = std::iter::once(&journal)
                    .chain(&change.values)
                    .map(|value| value as _)
                    .collect();
                async move { transaction.execute(statement, &values).await }
            });
            try_join_all(on_the_way).await?;
        }
        Ok(())
    }
}

/// Makes the tables that are missing, and the views anew.
async fn set_up(client: &mut Client) -> Result<(), BooksError> {
    let transaction = client.transaction().await?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&TABLES_LOCK])
        .await?;
    let has_meta = transaction
        .query_one("SELECT to_regclass('records_meta') IS NOT NULL", &[])
        .await?;
    if has_meta.get::<_, bool>(0) {
        let format = "SELECT value FROM records_meta WHERE name = 'format'";
        if let Some(row) = transaction.query_opt(format, &[]).await? {
            let found: i64 = row.get(0);
            if found > FORMAT {
                return Err(BooksError::Newer { found, known: FORMAT });
            }
        }
    }
    let mut script = Dialect::Postgres.render(CREATE);
    for table in POSITION_INDEXES {
        script += &format!("CREATE INDEX IF NOT EXISTS {table}_position ON {table} (journal, position);\n");
    }
    for (name, _) in VIEWS.iter().rev() {
        script += &format!("DROP VIEW IF EXISTS {name};\n");
    }
    for (name, query) in VIEWS {
        script += &format!("CREATE VIEW {name} AS {};\n", Dialect::Postgres.render(query));
    }
    script += &format!("INSERT INTO records_meta VALUES ('format', {FORMAT}) ON CONFLICT DO NOTHING;\n");
    transaction.batch_execute(&script).await?;
    transaction.commit().await?;
    Ok(())
}

#[async_trait]
impl Books for PostgresBooks {
    async fn cursor(&self, salt: u64) -> Result<Cursor, BooksError> {
        let salt = [Value::text(format!("{salt:016x}"))];
        self.with(async |work| {
            let mut found = work.query(sql::CURSOR, &salt).await?;
            if found.is_empty() {
                work.execute(sql::REGISTER, &salt).await?;
                found = work.query(sql::CURSOR, &salt).await?;
            }
            let row = found
                .first()
                .ok_or_else(|| BooksError::Unavailable("the cursor cannot be made".into()))?;
            Ok(Cursor {
                journal: row.try_get(0)?,
                position: row.try_get::<_, i64>(1)?.cast_unsigned(),
                anew_until: row.try_get::<_, i64>(2)?.cast_unsigned(),
            })
        })
        .await
    }

    async fn write(&self, from: Cursor, batch: &Batch) -> Result<(), BooksError> {
        self.with(async |work| {
            let place = [
                Value::Number(Some(from.journal)),
                Value::number(from.position),
                Value::number(batch.upto),
            ];
            if work.execute(sql::MOVE, &place).await? == 0 {
                return Err(BooksError::Moved);
            }
            work.apply(from.journal, batch).await
        })
        .await
    }

    async fn begin_anew(&self, salt: Option<u64>) -> Result<(), BooksError> {
        let salt = [Value::Text(salt.map(|salt| format!("{salt:016x}")))];
        self.with(async |work| work.execute(sql::BEGIN_ANEW, &salt).await.map(drop))
            .await
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, BooksError> {
        let before = [Value::Time(before)];
        self.with(async |work| {
            let mut gone = 0;
            for group in sql::FORGET {
                for (index, statement) in group.iter().enumerate() {
                    let rows = work.execute(statement, &before).await?;
                    if index + 1 == group.len() {
                        gone += rows;
                    }
                }
            }
            Ok(gone)
        })
        .await
    }

    async fn kpis(&self, since: Timestamp) -> Result<Kpis, BooksError> {
        let day: String = iso(since).chars().take(10).collect();
        let asked = [Value::text(day.as_str())];
        self.with(async |work| {
            let mut days = Vec::new();
            for row in work.query(sql::DAYS, &asked).await? {
                days.push(KpisOfDay {
                    day: row.try_get(0)?,
                    flow: row.try_get(1)?,
                    calls: row.try_get(2)?,
                    answered: row.try_get(3)?,
                    with_choice: row.try_get(4)?,
                    transfers_tried: row.try_get(5)?,
                    transfers_bridged: row.try_get(6)?,
                    mean_time_to_transfer_ms: row.try_get(7)?,
                });
            }
            let mut choices = Vec::new();
            for row in work.query(sql::CHOICES, &asked).await? {
                choices.push(Choices {
                    flow: row.try_get(0)?,
                    step: row.try_get(1)?,
                    choice: row.try_get(2)?,
                    times: row.try_get(3)?,
                });
            }
            let transferred = match work.query(sql::TIME_TO_TRANSFER, &asked).await?.first() {
                Some(row) => (row.try_get(0)?, row.try_get(1)?),
                None => (0, 0),
            };
            Ok(Kpis::of(day.clone(), days, choices, transferred))
        })
        .await
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Number(number) => number.to_sql(kind, out),
            // Postgres has no NUL in texts, and a carrier's field may.
            Self::Text(Some(text)) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Truth(truth) => truth.to_sql(kind, out),
            Self::Time(time) => (UNIX_EPOCH + Duration::from_micros(time.as_micros())).to_sql(kind, out),
        }
    }

    /// Columns and values are declared side by side in this room.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
