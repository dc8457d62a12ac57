//! The layers of the configuration, and what is said about a wrong one. The numbers are those of the list of bad
//! inputs: 90 to 96.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordboard::config::{Config, ConfigError, Environment, Overrides, Sources};

/// A valid Ed25519 public key: the curve's base point.
const PUBLIC_KEY: &str = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=";

/// An empty directory of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn variables(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn from_text(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(Path::new("c.toml"), text)
}

fn complaint(text: &str) -> String {
    from_text(text).expect_err(text).to_string()
}

fn from_variables(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    // A file of its own: the directory of the tests may hold a cordboard.toml.
    let folder = folder(&format!(
        "variables-{}",
        pairs.first().map_or("none", |pair| pair.0)
    ));
    fs::write(folder.join("c.toml"), "").unwrap();
    let sources = Sources {
        file: Some(folder.join("c.toml")),
        environment: variables(pairs),
        ..Sources::default()
    };
    Config::load(&sources)
}

#[test]
fn later_layers_win_over_earlier_ones() {
    let folder = folder("layers");
    fs::write(
        folder.join("c.toml"),
        "[server]\nhead_timeout = \"1s\"\nbody_timeout = \"1s\"\nidle_timeout = \"1s\"\n\
         [telnyx]\napi_key = \"from-file\"\n[observability]\nlog_filter = \"debug\"",
    )
    .unwrap();
    fs::write(
        folder.join(".env"),
        "CORDBOARD_SERVER_BODY_TIMEOUT=2s\nexport CORDBOARD_SERVER_IDLE_TIMEOUT='2s'\nTELNYX_API_KEY=from-dotenv\n",
    )
    .unwrap();
    let dotenv = Environment::read(&folder.join(".env")).unwrap();
    assert_eq!(dotenv.get("CORDBOARD_SERVER_IDLE_TIMEOUT"), Some("2s"));
    let environment = [
        "CORDBOARD_SERVER_BODY_TIMEOUT",
        "CORDBOARD_SERVER_IDLE_TIMEOUT",
        "TELNYX_API_KEY",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), dotenv.get(name).unwrap().to_owned()))
    .chain([("CORDBOARD_SERVER_IDLE_TIMEOUT".to_owned(), "3s".to_owned())])
    .collect();
    let overrides = Overrides {
        log_filter: Some("trace".into()),
        ..Overrides::default()
    };
    let config = Config::load(&Sources {
        file: Some(folder.join("c.toml")),
        environment,
        overrides,
    })
    .unwrap();
    assert_eq!(config.server.head_timeout, Duration::from_secs(1));
    assert_eq!(config.server.body_timeout, Duration::from_secs(2));
    assert_eq!(config.server.idle_timeout, Duration::from_secs(3));
    assert_eq!(config.server.write_timeout, Duration::from_secs(30));
    assert_eq!(config.telnyx.api_key.unwrap().expose(), "from-dotenv");
    assert_eq!(config.observability.log_filter, "trace");
}

#[test]
fn variables_are_read_in_the_type_of_their_key_and_empty_ones_are_unset() {
    let config = from_variables(&[
        ("CORDBOARD_SERVER_LISTEN", "0.0.0.0:9000"),
        ("CORDBOARD_SERVER_MAX_HEADERS", "50"),
        ("CORDBOARD_TELNYX_CONNECTION_IDS", "1, 2"),
        ("CORDBOARD_TELNYX_API_KEY", "12345"),
        ("CORDBOARD_CLIENT_STATE_SECRET", "0123456789abcdef"),
        ("CORDBOARD_JOURNAL_DIRECTORY", ""),
        ("CORDBOARD_CONFIG", "elsewhere.toml"),
        ("TELNYX_PUBLIC_KEY", PUBLIC_KEY),
        ("TWILIO_AUTH_TOKEN", "token"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("CORDBOARD_TWILIO_PUBLIC_URL", "https://voice.example.com"),
        ("PORT", "3000"),
    ])
    .unwrap();
    assert_eq!(config.server.listen, "0.0.0.0:3000".parse().unwrap());
    assert_eq!(config.server.max_headers, 50);
    assert_eq!(config.telnyx.connection_ids, ["1", "2"]);
    assert_eq!(config.telnyx.api_key.as_ref().unwrap().expose(), "12345");
    assert_eq!(config.telnyx.public_keys().len(), 1);
    assert_eq!(config.journal.directory, Path::new("cordboard-data"));
    assert_eq!(config.client_state_source().unwrap().expose(), "0123456789abcdef");
    config.require_carrier().unwrap();
}

#[test]
fn no_90_an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one() {
    assert_eq!(
        complaint("[server]\n\nlisen = \"x\""),
        "c.toml:3: unknown key `lisen`; did you mean `listen`?"
    );
    assert_eq!(
        complaint("[sever]"),
        "c.toml:1: unknown key `sever`; did you mean `server`?"
    );
    let route = complaint("[[route]]\nroom = \"pin\"\n\n[[route]]\nnumbr = \"+15550100\"");
    assert_eq!(route, "c.toml:5: unknown key `numbr`; did you mean `number`?");
    assert!(complaint("[server]\ncolour = 1").contains("known here: listen, "));
    for (name, hint) in [
        (
            "CORDBOARD_SERVER_LISEN",
            "did you mean `CORDBOARD_SERVER_LISTEN`?",
        ),
        (
            "CORDBOARD_SERVR_LISTEN",
            "did you mean `CORDBOARD_SERVER_LISTEN`?",
        ),
        ("CORDBOARD_NONSENSE", "CORDBOARD_<SECTION>_<KEY>"),
        ("CORDBOARD_ROUTE", "written in the file"),
    ] {
        let error = from_variables(&[(name, "x")]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(hint), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn no_91_a_key_file_that_cannot_be_trusted_is_refused_with_its_reason() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("keys");
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let good = file("good", "KEY0123\n", 0o600);
    let public = file("public", &format!("{PUBLIC_KEY}\n"), 0o644);
    let text = format!("[telnyx]\napi_key_file = \"{good}\"\npublic_key_file = \"{public}\"");
    let config = from_text(&text).unwrap();
    assert_eq!(config.telnyx.api_key.as_ref().unwrap().expose(), "KEY0123");
    assert_eq!(config.telnyx.public_keys().len(), 1);
    assert!(!config.effective().contains("KEY0123"));
    for (path, why) in [
        (folder.join("missing").display().to_string(), "cannot open"),
        (folder.display().to_string(), "is not a file"),
        (file("open", "KEY0123", 0o644), "chmod 600"),
        (file("empty", " \n", 0o600), "is empty"),
        (file("huge", &"K".repeat(20_000), 0o600), "larger than"),
    ] {
        let error = complaint(&format!("[telnyx]\napi_key_file = \"{path}\""));
        assert!(
            error.starts_with("telnyx.api_key_file: ") && error.contains(why),
            "{error}"
        );
        assert!(!error.contains("KEY0123"));
    }
    let both = complaint(&format!("[telnyx]\napi_key = \"a\"\napi_key_file = \"{good}\""));
    assert!(both.contains("keep one of them"), "{both}");
    fs::write(
        folder.join("c.toml"),
        format!("[telnyx]\napi_key_file = \"{good}\""),
    )
    .unwrap();
    let environment = variables(&[("TELNYX_API_KEY", "newer")]);
    let sources = Sources {
        file: Some(folder.join("c.toml")),
        environment,
        ..Sources::default()
    };
    assert_eq!(
        Config::load(&sources).unwrap().telnyx.api_key.unwrap().expose(),
        "newer"
    );
}

#[test]
fn no_92_public_keys_must_be_two_different_good_ones() {
    let same = complaint(&format!(
        "[telnyx]\npublic_key = \"{PUBLIC_KEY}\"\npublic_key_next = \"{PUBLIC_KEY}\""
    ));
    assert!(same.contains("telnyx.public_key_next: is the same key"), "{same}");
    assert!(complaint("[telnyx]\npublic_key = \"AAAA\"").contains("holds 3 bytes"));
    let missing = from_text("").unwrap().require_carrier().unwrap_err().to_string();
    assert!(
        missing.contains("TELNYX_PUBLIC_KEY") && missing.contains("portal.telnyx.com"),
        "{missing}"
    );
    assert!(
        missing.contains("TELNYX_API_KEY"),
        "all that is missing is said at once: {missing}"
    );
}

#[test]
fn no_93_ports_and_remote_addresses_need_to_make_sense() {
    assert!(complaint("[server]\nlisten = \"127.0.0.1:70000\"").starts_with("c.toml:2: "));
    assert!(complaint("[server]\nlisten = \"127.0.0.1:0\"").contains("server.listen: port 0"));
    assert!(complaint("[server]\nlisten = \"127.0.0.1:8081\"").contains("choose another port"));
    assert!(complaint("[operator]\nlisten = \"0.0.0.0:8081\"").contains("operator.allow_remote = true"));
    let remote = "[operator]\nlisten = \"0.0.0.0:8081\"\nallow_remote = true\n";
    assert!(complaint(remote).contains("needs a token"));
    assert!(complaint(&format!("{remote}token = \"short\"")).contains("16 characters"));
    from_text(&format!("{remote}token = \"0123456789abcdef\"")).unwrap();
    for port in ["0", "70000", "http"] {
        assert!(
            from_variables(&[("PORT", port)])
                .unwrap_err()
                .to_string()
                .contains("PORT")
        );
    }
    let free = Overrides {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        operator_listen: Some("127.0.0.1:0".parse().unwrap()),
        free_ports: true,
        ..Overrides::default()
    };
    let folder = folder("free-ports");
    fs::write(folder.join("c.toml"), "").unwrap();
    Config::load(&Sources {
        file: Some(folder.join("c.toml")),
        overrides: free,
        ..Sources::default()
    })
    .unwrap();
}

#[test]
fn no_94_spans_of_time_have_strict_units() {
    for wrong in [
        "5",
        "\"5\"",
        "\"-1s\"",
        "\"1e9h\"",
        "\"5 minutes\"",
        "1.5",
        "true",
    ] {
        let error = complaint(&format!("[server]\nhead_timeout = {wrong}"));
        assert!(
            error.starts_with("c.toml:2: ") && error.contains("such as \"500ms\""),
            "{error}"
        );
    }
    assert!(complaint("[server]\nhead_timeout = \"0s\"").contains("server.head_timeout"));
    assert!(complaint("[retry]\nresend_window = \"1m\"").contains("carry the command out twice"));
}

#[test]
fn no_95_an_unsafe_base_url_is_refused() {
    for url in [
        "http://api.telnyx.com/v2",
        "https://u:p@api.telnyx.com/v2",
        "https://api.telnyx.com/v2?a=b",
    ] {
        let error = complaint(&format!("[telnyx]\nbase_url = \"{url}\""));
        assert!(
            error.starts_with("telnyx.base_url: ") && !error.contains("u:p"),
            "{error}"
        );
    }
}

#[test]
fn no_96_files_that_are_no_configuration_are_refused_at_once() {
    let folder = folder("files");
    let begun = Instant::now();
    let nested = format!("a = {}", "[".repeat(1_000_000));
    let many = format!("[server]\n{}", "listen = \"127.0.0.1:1\"\n".repeat(40_000));
    for (name, bytes, why) in [
        (
            "invalid UTF-8",
            &b"[server]\nlisten = \"\xff\""[..],
            ":2: is not UTF-8",
        ),
        (
            "2 MiB",
            &vec![b'#'; 2 * 1024 * 1024][..],
            "larger than 1048576 bytes",
        ),
        (
            "duplicate key",
            b"[server]\nmax_headers = 20\nmax_headers = 20",
            ":3: duplicate key",
        ),
        ("duplicate table", b"[server]\n[server]", ":2: duplicate key"),
        ("deep nesting", nested.as_bytes(), "recursion depth"),
        ("forty thousand duplicates", many.as_bytes(), "duplicate key"),
        ("not TOML", b"{ \"server\": 1 }", ":1: "),
        (
            "wrong type",
            b"[server]\nmax_headers = \"many\"",
            ":2: invalid type",
        ),
        ("negative", b"[server]\nmax_headers = -1", ":2: "),
    ] {
        let path = folder.join("c.toml");
        fs::write(&path, bytes).unwrap();
        let sources = Sources {
            file: Some(path),
            ..Sources::default()
        };
        let error = Config::load(&sources).expect_err(name).to_string();
        assert!(error.contains(why), "{name}: {error}");
        assert!(error.len() < 500, "{name}: {} bytes of error", error.len());
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?} for all of them",
        begun.elapsed()
    );
    for (path, why) in [
        (folder.join("missing.toml"), "no such file"),
        (folder.clone(), "is not a file"),
    ] {
        let error = Config::load(&Sources {
            file: Some(path),
            ..Sources::default()
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_broken_line_of_dotenv_is_named_by_its_number_and_never_quoted() {
    let folder = folder("dotenv");
    fs::write(folder.join(".env"), "# comment\nGOOD=1\nTELNYX_API_KEY KEY0123\n").unwrap();
    let error = Environment::read(&folder.join(".env")).unwrap_err().to_string();
    assert!(
        error.contains(".env:3: ") && !error.contains("KEY0123"),
        "{error}"
    );
    assert!(Environment::read(&folder.join("none")).is_ok());
}

#[test]
fn secrets_and_numbers_are_masked_wherever_the_configuration_is_shown() {
    let text = r#"
        client_state_secret = "sekrit-0123456789"
        [operator]
        token = "sekrit-token"
        [telnyx]
        api_key = "sekrit-key"
        [[route]]
        number = "+15550100"
        room = "pin"
        moderators = ["+15550111"]
        pins = [{ pin = "4711", room = "board" }]
    "#;
    let config = from_text(text).unwrap();
    for shown in [config.effective(), format!("{config:?}")] {
        for secret in ["sekrit", "+15550100", "+15550111", "4711"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
    assert!(config.effective().contains("api_key = \"***\""));
    for wrong in [
        "[telnyx]\napi_key = 4711",
        "[[route]]\nroom = \"pin\"\npins = [{ pin = 4711, room = \"a\" }]",
    ] {
        assert!(!complaint(wrong).contains("4711"));
    }
}

#[test]
fn the_example_files_are_valid_and_show_the_defaults() {
    let example = include_str!("../../cordboard.example.toml");
    assert_eq!(from_text(example).unwrap(), Config::default());
    let (_, routes) = example.split_once("# Without a route").unwrap();
    let routes: String = routes
        .lines()
        .skip(2)
        .map(|line| format!("{}\n", line.trim_start_matches(['#', ' '])))
        .collect();
    assert_eq!(from_text(&routes).unwrap().route.len(), 4);
    let variables: Environment = dotenv_names(include_str!("../../.env.example"));
    let folder = folder("example");
    fs::write(folder.join("c.toml"), "").unwrap();
    let sources = Sources {
        file: Some(folder.join("c.toml")),
        environment: variables,
        ..Sources::default()
    };
    assert_eq!(Config::load(&sources).unwrap(), Config::default());
}

fn dotenv_names(text: &str) -> Environment {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
