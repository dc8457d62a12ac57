//! How traces are exported, read from OpenTelemetry's standard environment variables.
//!
//! Called by the program at its start. The variables are looked up through a function, so that tests need not
//! change the process; the exporter's own variables for headers and compression are read by the exporter itself.

use super::Sampling;
use crate::attributes;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use std::time::Duration;

/// Spans that may wait: two seconds of 10,000 webhooks per second with three spans each, and room. The SDK's 2,048
/// would be full after 70 ms of that. The channel takes about 25 MB once tracing is on.
const DEFAULT_QUEUE: usize = 65_536;

/// Spans in one request: about 1.1 MB at 270 bytes each.
const DEFAULT_BATCH: usize = 4_096;

/// Longest that a span waits for company; short, so that a live call is readable.
const DEFAULT_DELAY: Duration = Duration::from_millis(500);

/// Time limit of one request to the collector, OpenTelemetry's own default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Name of the service when nobody says otherwise.
const DEFAULT_SERVICE: &str = "cordboard";

/// Where traces go below a general OTLP endpoint.
const TRACES_PATH: &str = "v1/traces";

/// Who exports: the resource on every span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// `service.name`; `OTEL_SERVICE_NAME` wins over `OTEL_RESOURCE_ATTRIBUTES`.
    pub name: String,
    /// `service.version`.
    pub version: String,
    /// `service.instance.id`: this node.
    pub instance: String,
    /// Further resource attributes from `OTEL_RESOURCE_ATTRIBUTES`.
    pub attributes: Vec<(String, String)>,
}

impl ServiceIdentity {
    /// This program under its default name.
    #[must_use]
    pub fn new(version: impl Into<String>, instance: impl Into<String>) -> Self {
        Self {
            name: DEFAULT_SERVICE.to_owned(),
            version: version.into(),
            instance: instance.into(),
            attributes: Vec::new(),
        }
    }

    pub(super) fn resource(&self) -> Resource {
        let given = self
            .attributes
            .iter()
            .map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        Resource::builder_empty()
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_attributes(given)
            .with_attributes([
                KeyValue::new(attributes::SERVICE_NAME, self.name.clone()),
                KeyValue::new(attributes::SERVICE_VERSION, self.version.clone()),
                KeyValue::new(attributes::SERVICE_INSTANCE_ID, self.instance.clone()),
            ])
            .build()
    }
}

/// How spans travel to the collector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// Protocol buffers in HTTP requests, usually to port 4318.
    #[default]
    HttpProtobuf,
    /// gRPC, usually to port 4317.
    #[cfg(feature = "grpc")]
    Grpc,
}

impl OtlpProtocol {
    const EXPECTED: &'static str = if cfg!(feature = "grpc") {
        "use http/protobuf, usually on port 4318, or grpc, usually on port 4317"
    } else {
        "this build speaks http/protobuf only, usually on port 4318; `--features grpc` builds one that speaks grpc"
    };

    fn named(name: &str) -> Option<Self> {
        match name {
            "http/protobuf" => Some(Self::HttpProtobuf),
            #[cfg(feature = "grpc")]
            "grpc" => Some(Self::Grpc),
            _ => None,
        }
    }
}

/// Everything that [`super::Tracer::new`] needs.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSettings {
    /// Full URL that batches are posted to; none switches tracing off.
    pub endpoint: Option<String>,
    /// How they travel.
    pub protocol: OtlpProtocol,
    /// Who exports.
    pub service: ServiceIdentity,
    /// Share of traces that are exported.
    pub sampling: Sampling,
    /// Spans that may wait before more are dropped.
    pub queue: usize,
    /// Spans in one request.
    pub batch: usize,
    /// Longest wait of a span for company.
    pub delay: Duration,
    /// Time limit of one batch, its retries included.
    pub timeout: Duration,
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceSettingsError {
    /// A variable has a value that means nothing.
    #[error("{variable}=`{value}` cannot be used: {expected}")]
    Variable {
        /// Name of the environment variable.
        variable: &'static str,
        /// Its value, escaped.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The exporter refused its settings.
    #[error("the trace exporter cannot be set up: {0}")]
    Exporter(String),
}

impl TraceSettings {
    /// Traces of this service to this URL with the default limits.
    #[must_use]
    pub fn to(endpoint: Option<String>, service: ServiceIdentity) -> Self {
        Self {
            endpoint,
            protocol: OtlpProtocol::default(),
            service,
            sampling: Sampling::All,
            queue: DEFAULT_QUEUE,
            batch: DEFAULT_BATCH,
            delay: DEFAULT_DELAY,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Settings from the process's environment.
    ///
    /// # Errors
    /// When a variable has a value that means nothing.
    pub fn from_environment(service: ServiceIdentity) -> Result<Self, TraceSettingsError> {
        Self::from_variables(service, |name| std::env::var(name).ok())
    }

    /// Settings from variables that `lookup` finds. Empty values count as absent, as OpenTelemetry wants it.
    ///
    /// # Errors
    /// When a variable has a value that means nothing.
    pub fn from_variables(
        service: ServiceIdentity,
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, TraceSettingsError> {
        let set = |name| {
            lookup(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let protocol = protocol(&set)?;
        let mut settings = Self::to(endpoint(&set, protocol)?, identify(service, &set));
        settings.protocol = protocol;
        settings.sampling = sampling(&set)?;
        settings.queue = number(&set, "OTEL_BSP_MAX_QUEUE_SIZE")?.unwrap_or(DEFAULT_QUEUE);
        settings.batch = number(&set, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")?.unwrap_or(DEFAULT_BATCH);
        let milliseconds =
            |found: Option<usize>, default| found.map_or(default, |ms| Duration::from_millis(ms as u64));
        settings.delay = milliseconds(number(&set, "OTEL_BSP_SCHEDULE_DELAY")?, DEFAULT_DELAY);
        let timeout = match number(&set, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")? {
            Some(own) => Some(own),
            None => number(&set, "OTEL_EXPORTER_OTLP_TIMEOUT")?,
        };
        settings.timeout = milliseconds(timeout, DEFAULT_TIMEOUT);
        Ok(settings)
    }
}

type Lookup<'a> = &'a dyn Fn(&'static str) -> Option<String>;

fn refused(variable: &'static str, value: &str, expected: &'static str) -> TraceSettingsError {
    TraceSettingsError::Variable {
        variable,
        value: crate::redact::escape(value, 120),
        expected,
    }
}

/// The URL to post to, or none when tracing is off.
fn endpoint(set: Lookup<'_>, protocol: OtlpProtocol) -> Result<Option<String>, TraceSettingsError> {
    let off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || set("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
    let (variable, given) = match set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        Some(own) => ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Some(own)),
        None => ("OTEL_EXPORTER_OTLP_ENDPOINT", set("OTEL_EXPORTER_OTLP_ENDPOINT")),
    };
    let Some(given) = given.filter(|_| !off) else {
        return Ok(None);
    };
    if !given.starts_with("http://") && !given.starts_with("https://") {
        return Err(refused(
            variable,
            &given,
            "it must be a URL such as http://localhost:4318",
        ));
    }
    // The general endpoint is a base, the one for traces is used as it stands: so the specification has it.
    if variable == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" {
        return Ok(Some(given));
    }
    // A gRPC endpoint names a channel, not a resource.
    if protocol != OtlpProtocol::HttpProtobuf {
        return Ok(Some(given));
    }
    Ok(Some(format!("{}/{TRACES_PATH}", given.trim_end_matches('/'))))
}

fn protocol(set: Lookup<'_>) -> Result<OtlpProtocol, TraceSettingsError> {
    let own = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
    let (variable, name) = match set(own) {
        Some(name) => (own, name),
        None => match set("OTEL_EXPORTER_OTLP_PROTOCOL") {
            Some(name) => ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
            None => return Ok(OtlpProtocol::default()),
        },
    };
    OtlpProtocol::named(&name).ok_or_else(|| refused(variable, &name, OtlpProtocol::EXPECTED))
}

fn sampling(set: Lookup<'_>) -> Result<Sampling, TraceSettingsError> {
    const VARIABLE: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(sampler) = set(VARIABLE) else {
        return Ok(Sampling::All);
    };
    match sampler.as_str() {
        "always_on" | "parentbased_always_on" => Ok(Sampling::All),
        "always_off" | "parentbased_always_off" => Ok(Sampling::None),
        "traceidratio" | "parentbased_traceidratio" => {
            let Some(share) = set(ARGUMENT) else {
                return Ok(Sampling::All);
            };
            match share.parse::<f64>() {
                Ok(number) if (0.0..=1.0).contains(&number) => Ok(Sampling::ratio(number)),
                Ok(_) | Err(_) => Err(refused(ARGUMENT, &share, "it must be a number between 0 and 1")),
            }
        }
        unknown => Err(refused(
            VARIABLE,
            unknown,
            "use always_on, always_off or traceidratio, each also with parentbased_ before it",
        )),
    }
}

fn number(set: Lookup<'_>, variable: &'static str) -> Result<Option<usize>, TraceSettingsError> {
    let Some(text) = set(variable) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        Ok(_) | Err(_) => Err(refused(variable, &text, "it must be a whole number above 0")),
    }
}

/// Applies `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` to the program's own identity.
fn identify(mut service: ServiceIdentity, set: Lookup<'_>) -> ServiceIdentity {
    let listed = set("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    for (name, value) in listed.split(',').filter_map(|pair| pair.split_once('=')) {
        let decoded = percent_encoding::percent_decode_str(value.trim())
            .decode_utf8_lossy()
            .into_owned();
        match name.trim() {
            attributes::SERVICE_NAME => service.name = decoded,
            attributes::SERVICE_VERSION => service.version = decoded,
            attributes::SERVICE_INSTANCE_ID => service.instance = decoded,
            other => service.attributes.push((other.to_owned(), decoded)),
        }
    }
    if let Some(name) = set("OTEL_SERVICE_NAME") {
        service.name = name;
    }
    service
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<TraceSettings, TraceSettingsError> {
        TraceSettings::from_variables(ServiceIdentity::new("1.0", "node-1"), |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_exported_without_an_endpoint() {
        assert_eq!(read(&[]).unwrap().endpoint, None);
        assert_eq!(
            read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap().endpoint,
            None
        );
        let off = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_SDK_DISABLED", "true"),
        ];
        assert_eq!(read(&off).unwrap().endpoint, None);
    }

    #[test]
    fn the_general_endpoint_is_a_base_and_the_one_for_traces_is_exact() {
        let general = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/")]).unwrap();
        assert_eq!(general.endpoint.as_deref(), Some("http://c:4318/v1/traces"));
        let own = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/custom"),
        ]);
        assert_eq!(own.unwrap().endpoint.as_deref(), Some("http://t:1/custom"));
    }

    #[test]
    fn limits_come_from_the_standard_variables_or_our_defaults() {
        let defaults = read(&[]).unwrap();
        assert_eq!(
            (defaults.queue, defaults.batch, defaults.delay),
            (65_536, 4_096, Duration::from_millis(500))
        );
        let given = read(&[
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_SCHEDULE_DELAY", "20"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
        ]);
        let given = given.unwrap();
        assert_eq!(
            (given.queue, given.delay, given.timeout),
            (100, Duration::from_millis(20), Duration::from_secs(3))
        );
    }

    #[test]
    fn the_sampler_is_read_by_its_standard_names() {
        let sampled =
            |name, share| read(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", share)]);
        assert_eq!(
            sampled("traceidratio", "0.5").unwrap().sampling,
            Sampling::Under(1 << 63)
        );
        assert_eq!(
            sampled("parentbased_traceidratio", "0").unwrap().sampling,
            Sampling::None
        );
        assert_eq!(sampled("always_off", "").unwrap().sampling, Sampling::None);
        assert_eq!(
            sampled("parentbased_always_on", "0.1").unwrap().sampling,
            Sampling::All
        );
    }

    #[test]
    fn a_bad_value_names_its_variable_and_says_what_to_do() {
        for (variable, value) in [
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
            ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ] {
            let message = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{variable}=`{value}`")), "{message}");
        }
        let json = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ];
        assert!(read(&json).unwrap_err().to_string().contains("4318"));
        let share = [
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ];
        assert!(read(&share).unwrap_err().to_string().contains("between 0 and 1"));
    }

    #[cfg(not(feature = "grpc"))]
    #[test]
    fn a_build_without_grpc_says_how_to_get_one() {
        let message = read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")])
            .unwrap_err()
            .to_string();
        assert!(message.contains("--features grpc"), "{message}");
    }

    #[cfg(feature = "grpc")]
    #[test]
    fn a_grpc_endpoint_is_taken_as_it_stands() {
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ]);
        assert_eq!(settings.unwrap().endpoint.as_deref(), Some("http://c:4317"));
    }

    #[test]
    fn the_service_name_wins_over_the_attribute_list() {
        let listed = (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=a, deployment.environment.name=te%20st,bad",
        );
        assert_eq!(read(&[listed]).unwrap().service.name, "a");
        let service = read(&[listed, ("OTEL_SERVICE_NAME", "b")]).unwrap().service;
        assert_eq!(service.name, "b");
        assert_eq!(
            service.attributes,
            [("deployment.environment.name".to_owned(), "te st".to_owned())]
        );
        assert_eq!(read(&[]).unwrap().service.name, "cordboard");
    }
}
