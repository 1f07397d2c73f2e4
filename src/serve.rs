//! `offhook serve`: starts the rooms, waits for a signal, stops them in reverse.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use offhook::calendar::{self, CalendarError};
use offhook::call::{CallEvent, CallRecord};
use offhook::config::{
    Config, EndpointConfig, HttpConfig, Listen, LogConfig, LogFormat, NumberConfig, Route, Secret, SpeechModel,
    StoreConfig, TlsConfig, TrunkConfig,
};
use offhook::console::{self, ApiToken, Console, Desk, Later, Readiness, TokenError};
use offhook::conversation::{Business, Faq, fixed_prompts};
use offhook::events::{Reach, Secrets};
use offhook::gateway::{self, Directory, Entry, Gateway, Handle, Rooms, TrunkStatus};
use offhook::hooks::{self, Hooks};
use offhook::ingest::{self, Ingest};
use offhook::interpreter::{self, Model, ModelError};
use offhook::models;
use offhook::outbox::{self, Outbox};
use offhook::rtp;
use offhook::sip;
use offhook::speech::{self, Known, Questions, Speech, SpeechError, WhisperChoice};
use offhook::store::{Store, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::{calendars, crms, delivery, sources, wordings};

/// Runs until SIGTERM or SIGINT.
pub fn run(config: Config) -> ExitCode {
    if let Err(error) = start_log(&config.log) {
        eprintln!("the log cannot be started: {error}");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What stops `serve` from serving.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("[calendar] {0}")]
    Calendar(#[from] CalendarError),
    #[error("{0}")]
    Crm(#[from] crms::OpenError),
    #[error("[http] listen = \"{addr}\": {source}; choose another port or stop what holds it")]
    Http { addr: std::net::SocketAddr, source: io::Error },
    #[error("[model] {0}")]
    Model(#[from] ModelError),
    #[error("[confirmations] {0}")]
    Confirmations(String),
    #[error("[notices] {0}")]
    Notices(String),
    #[error("[[webhooks]] {0}")]
    Webhooks(String),
    #[error("signals cannot be heard: {0}")]
    Signals(io::Error),
    #[error("{0}")]
    Speech(SpeechError),
    #[error("{0}")]
    Gateway(#[from] gateway::StartError),
    #[error("the API stopped: {0}")]
    Api(io::Error),
}

/// The order of starting; the order of stopping is the reverse.
async fn serve(config: Config) -> Result<(), ServeError> {
    let stop = stop_signal().map_err(ServeError::Signals)?;
    let token = api_token(&config.http, &config.store)?;
    let store = Store::open(&config.store.url).await?;
    let desk = Arc::new(Line::default());
    let meter = outbox::Meter::default();
    let businesses = config.businesses.clone();
    let settings = console::Settings { listen: config.http.listen, token, businesses, meter: meter.clone() };
    let http_error = |source| ServeError::Http { addr: config.http.listen, source };
    let console = Console::bind(settings, desk.clone(), store.clone()).await.map_err(http_error)?;
    let http = console.local_addr().map_err(http_error)?;
    let knocks = console.doors();
    let (close_console, closed) = watch::channel(false);
    let console = tokio::spawn(console.run(until(closed)));
    tracing::info!(%http, origin = %config.origin, "the API answers");

    let offset = config.testing.now.map_or(SignedDuration::ZERO, |now| now.duration_since(Timestamp::now()));
    let crm = crms::open(&config, &store)?;
    let clock: calendar::Clock = Arc::new(move || Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX));
    let calendar = calendars::open(&config, &store, clock)?;
    let doors = outbox::Doors {
        crm: crm.clone(),
        calendar: Some(calendar.clone()),
        businesses: config.businesses.clone(),
        confirmations: confirmations(&config).map_err(ServeError::Confirmations)?,
    };
    let told = endpoints(&config).map_err(ServeError::Webhooks)?;
    store.set_endpoints(&hooks::named(&told)).await?;
    let outbox = Outbox::start_with(
        store.clone(),
        doors,
        outbox::Settings { meter, ..delivery::outbox_settings(&config).map_err(ServeError::Notices)? },
    )
    .await?;
    let hooks = Hooks::start(store.clone(), told, hooks::Settings::default(), outbox.changed());
    // What a former run left is on its way while the models load: a crash costs its rows no more than their leases.
    let speech = start_speech(&config).await?;
    let imports = open_door(&config, &store, &speech, &outbox, &knocks)?;
    let questions = learn_questions(&config, &speech);
    let rooms = Rooms {
        speech: speech.clone(),
        calendar,
        crm,
        hand_off: outbox.hand_off(),
        directory: Arc::new(directory(&config)),
        questions,
        model: language_model(&config)?,
    };
    let model = rooms.model.clone().filter(|_| config.model.as_ref().is_some_and(|model| model.rephrase));
    let gateway = Gateway::start(reachable(&config, offset).await, rooms, desk.handle.clone()).await?;
    desk.ready.store(true, Ordering::Release);
    tell_ready(gateway.listening(), http);
    let rephrasing = model.map(|model| {
        tokio::spawn(wordings::rephrase(model, desk.handle.clone(), speech.clone(), in_every_language(&config)))
    });

    stop.await;
    tracing::info!(seconds = config.sip.drain.as_secs(), "no new calls; active ones may finish");
    rephrasing.inspect(JoinHandle::abort);
    gateway.stop().await;
    imports.stop().await;
    outbox.stop().await;
    hooks.stop().await;
    speech.shutdown();
    let _ = close_console.send(true); // gone already: joined below
    let served = console.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    store.close().await;
    served.map_err(ServeError::Api)
}

/// How calls are taken, at the address others see.
async fn reachable(config: &Config, offset: SignedDuration) -> gateway::Settings {
    let mut settings = gateway_settings(config, offset);
    if let (None, Some((host, port))) = (settings.advertised, &config.sip.stun) {
        settings.advertised = seen_as(host, *port, &settings.listen).await;
    }
    settings
}

/// Our address as a STUN server sees it; nobody is kept from calling when it does not say.
async fn seen_as(host: &str, port: u16, listen: &[gateway::Listen]) -> Option<IpAddr> {
    let local = listen.first()?.address.ip();
    let found = tokio::time::timeout(STUN_MAX, tokio::net::lookup_host((host, port))).await;
    let server = found.ok().and_then(Result::ok).and_then(|mut all| all.find(|at| at.is_ipv4() == local.is_ipv4()));
    let seen = match server {
        Some(server) => gateway::public_ip(server, local).await,
        None => None,
    };
    match seen {
        Some(ip) => tracing::info!(%ip, "our public address, as the STUN server sees it"),
        None => tracing::warn!(host, "the STUN server does not say our public address; set [sip] advertised"),
    }
    seen
}

/// The start is not held up longer by a name server.
const STUN_MAX: std::time::Duration = std::time::Duration::from_secs(3);

/// The first address as ever, others after what has always been there.
fn tell_ready(listening: &[gateway::Listen], http: SocketAddr) {
    let mut sip = listening.iter().map(|listen| format!("sip={listen}"));
    let first = sip.next().unwrap_or_default();
    let others: String = sip.map(|listen| format!(" {listen}")).collect();
    println!("ready {first} http=http://{http}{others}");
}

/// Where appointments are confirmed; the reason when that cannot be.
fn confirmations(config: &Config) -> Result<outbox::Confirmations, String> {
    let mail = config.confirmations.mail.as_ref().map(delivery::mail);
    let webhook = config.confirmations.webhook.as_ref();
    let webhook = webhook.map(|hook| outbox::Webhook::new(hook.url.reveal(), hook.secret.reveal()));
    Ok(outbox::Confirmations {
        mail: mail.transpose()?,
        webhook: webhook.transpose()?,
        customer: config.confirmations.customer,
    })
}

/// Opens the door other platforms knock at, and starts the work behind it.
fn open_door(
    config: &Config,
    store: &Store,
    speech: &Speech,
    outbox: &Outbox,
    door: &OnceLock<console::Doors>,
) -> Result<ingest::Work, ServeError> {
    let share = delivery::share(config)?;
    let folder = config.store.data_dir().join("artefacts");
    let settings = ingest::Settings::new(folder, Some(sources::ears(speech)));
    let (hand_off, businesses) = (outbox.hand_off(), config.businesses.clone());
    let (ingest, work) = Ingest::start(store.clone(), sources::sources(config), settings, hand_off, businesses);
    // Set once, here.
    let _ = door.set(console::Doors { ingest, share, is_proxy: sources::proxies(config) });
    Ok(work)
}

/// Who is told what happens: known before anything is written, because it is written with who is to be told.
fn endpoints(config: &Config) -> Result<Vec<hooks::Endpoint>, String> {
    let endpoint = |one: &EndpointConfig| {
        let secrets: Vec<&str> = one.secrets.iter().map(Secret::reveal).collect();
        Ok(hooks::Endpoint {
            name: one.name.clone(),
            url: one.url.reveal().to_owned(),
            secrets: Secrets::new(&secrets).map_err(|bad| format!("{}: {bad}", one.name))?,
            kinds: one.kinds.clone(),
            reach: if one.allow_private { Reach::Private } else { Reach::Public },
        })
    };
    config.webhooks.iter().map(endpoint).collect()
}

/// The language model that helps out, where one is configured.
fn language_model(config: &Config) -> Result<Option<Model>, ModelError> {
    let Some(model) = &config.model else { return Ok(None) };
    let settings = interpreter::Settings {
        url: model.url.clone(),
        model: model.name.clone(),
        api_key: model.api_key.as_ref().map(|key| key.reveal().to_owned()),
        deadline: model.deadline,
    };
    Model::new(settings).map(Some)
}

/// Loads the models and has the fixed prompts rendered ahead, so that the first caller hears no warm-up.
async fn start_speech(config: &Config) -> Result<Speech, ServeError> {
    let settings = speech_settings(config).map_err(ServeError::Speech)?;
    let prompts = |business: &Arc<Business>| {
        let language = business.language().tag();
        fixed_prompts(business).into_iter().map(move |text| (language, text))
    };
    let prompts: Vec<(&str, String)> = in_every_language(config).iter().flat_map(prompts).collect();
    let started = tokio::task::spawn_blocking(move || {
        let speech = Speech::start(settings)?;
        // The greetings come first; a full queue leaves the rest to be rendered when they are needed.
        for (language, prompt) in prompts {
            if speech.in_language(language).speak(&prompt, speech::Priority::Ahead, |_| {}).is_err() {
                break;
            }
        }
        Ok(speech)
    });
    started
        .await
        .unwrap_or_else(|panic| {
            Err(SpeechError::Io { what: "loading the models".into(), source: io::Error::other(panic) })
        })
        .map_err(ServeError::Speech)
}

/// Every business, once for each language it speaks.
fn in_every_language(config: &Config) -> Vec<Arc<Business>> {
    config.businesses.iter().flat_map(|b| std::iter::once(b).chain(&b.also)).cloned().collect()
}

fn speech_settings(config: &Config) -> Result<speech::Settings, SpeechError> {
    let models = models::Dir::default();
    let whisper = match &config.speech.model {
        SpeechModel::Auto => WhisperChoice::Auto,
        SpeechModel::TinyEn => WhisperChoice::Path(models.path_of(models::File::WhisperEnglishQ8)?),
        SpeechModel::Base => WhisperChoice::Path(models.path_of(models::File::WhisperMultilingualQ8)?),
        SpeechModel::File(path) => WhisperChoice::Path(path.clone()),
    };
    let defaults = speech::Settings::default();
    Ok(speech::Settings {
        models,
        whisper,
        languages: in_every_language(config).iter().map(|business| business.language.clone()).collect(),
        threads: config.speech.threads.unwrap_or(defaults.threads),
        voice: config.voice.model.clone(),
        cache_dir: config.store.data_dir().join("voice"),
        ..defaults
    })
}

/// Learns what each business answers while the first callers already may call.
fn learn_questions(config: &Config, speech: &Speech) -> Arc<OnceLock<HashMap<String, Arc<Questions>>>> {
    let learned = Arc::new(OnceLock::new());
    let english = |business: &&Arc<Business>| business.language.starts_with("en") && !business.faqs.is_empty();
    let businesses: Vec<Arc<Business>> = config.businesses.iter().filter(english).cloned().collect();
    let (speech, done) = (speech.clone(), learned.clone());
    tokio::task::spawn_blocking(move || {
        let known = |faq: &Faq| Known { questions: faq.questions.clone(), answer: faq.answer.clone() };
        let learn = |business: Arc<Business>| {
            let faqs: Vec<Known> = business.faqs.iter().map(known).collect();
            Some((business.id.clone(), speech.learn(&faqs)?))
        };
        // Set once, here.
        let _ = done.set(businesses.into_iter().filter_map(learn).collect());
    });
    learned
}

/// The gateway's own settings.
pub fn gateway_settings(config: &Config, clock_offset: SignedDuration) -> gateway::Settings {
    gateway::Settings {
        listen: config.sip.listen.iter().map(listen).collect(),
        tls: config.sip.tls.as_ref().map(tls_files),
        advertised: config.sip.advertised,
        trunks: config.trunks.iter().map(trunk).collect(),
        slots: config.sip.slots.clone(),
        name_servers: config.sip.name_servers.clone(),
        // Both spell networks the same way.
        allow: config.sip.allow.iter().filter_map(|network| network.to_string().parse().ok()).collect(),
        rtp_ports: config.media.rtp_ports.clone(),
        media: gateway::MediaPolicy {
            codecs: config.media.codecs.clone(),
            security: config.media.srtp,
            key_tones: config.media.key_tones,
            certificate: rtp::Certificate::generate()
                .inspect_err(|error| tracing::warn!(%error, "phones that protect media by DTLS are refused"))
                .ok(),
        },
        echo: config.sip.echo.clone(),
        calls_max: config.sip.max_calls,
        limits: sip::Limits {
            calls_per_second: config.sip.calls_per_second,
            source_calls_per_second: config.sip.source_calls_per_second,
            source_calls: config.sip.source_max_calls,
            // Whoever acknowledges nothing takes no more than half of the room; a trunk may well bring a dozen at once.
            source_unacknowledged: (config.sip.max_calls / 2).max(UNACKNOWLEDGED_MIN),
        },
        longest: config.sip.max_call,
        session: sip::SessionTimers { expires: config.sip.session_expires, min_se: config.sip.min_se },
        drain: config.sip.drain,
        clock_offset,
    }
}

fn listen(listen: &Listen) -> gateway::Listen {
    gateway::Listen { transport: listen.transport, address: listen.addr }
}

fn tls_files(tls: &TlsConfig) -> gateway::TlsFiles {
    gateway::TlsFiles { certificate: tls.certificate.clone(), key: tls.key.clone(), roots: tls.roots.clone() }
}

fn trunk(trunk: &TrunkConfig) -> gateway::Trunk {
    let credentials = trunk.login.as_ref().map(|(username, password)| sip::Credentials {
        username: username.clone(),
        password: password.reveal().to_owned(),
    });
    gateway::Trunk {
        name: trunk.name.clone(),
        host: trunk.host.clone(),
        port: trunk.port,
        signs_in: trunk.signs_in,
        // Both spell networks the same way.
        peers: trunk.peers.iter().filter_map(|network| network.to_string().parse().ok()).collect(),
        transport: trunk.transport,
        domain: trunk.domain.clone(),
        credentials,
        number: trunk.number.clone(),
        expires: trunk.expires,
        security: trunk.srtp,
        show_caller: trunk.show_caller,
        fallback: trunk.fallback.clone(),
        failover: trunk.failover.clone(),
        forwarding: trunk.forwarding,
        inbound_auth: trunk.inbound_auth,
        health: trunk.health,
    }
}

fn directory(config: &Config) -> Directory {
    let find = |id: &str| config.businesses.iter().find(|business| business.id == id).cloned();
    let route = |route: &Route| {
        let business = find(&route.business)?;
        let entry = Entry { business, flow: None, location: None, campaign: None, lead_source: None };
        Some((route.called.clone(), entry))
    };
    let number = |number: &NumberConfig| {
        let NumberConfig { flow, location, campaign, lead_source, .. } = number.clone();
        let entry = Entry { business: find(&number.business)?, flow, location, campaign, lead_source };
        Some((number.called.clone(), entry))
    };
    let listed = config.routes.iter().filter_map(route).chain(config.numbers.iter().filter_map(number));
    Directory::new(listed.collect(), config.open_business().cloned())
}

/// What the console sees of the line.
#[derive(Default)]
struct Line {
    handle: Handle,
    ready: AtomicBool,
}

impl Desk for Line {
    fn live_calls(&self) -> Later<'_, Vec<CallRecord>> {
        Box::pin(async { self.handle.live_calls() })
    }

    fn live_call<'a>(&'a self, id: &'a str) -> Later<'a, Option<CallRecord>> {
        Box::pin(async { self.handle.live_call(id) })
    }

    fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.handle.subscribe()
    }

    fn trunks(&self) -> Vec<TrunkStatus> {
        self.handle.trunks()
    }

    fn readiness(&self) -> Readiness {
        match (self.ready.load(Ordering::Acquire), self.handle.is_draining()) {
            (false, _) => Readiness::Starting,
            (true, false) => Readiness::Ready,
            (true, true) => Readiness::Draining,
        }
    }
}

/// The configured token, else the one kept beside the database; its place is told, never the token.
fn api_token(http: &HttpConfig, store: &StoreConfig) -> Result<ApiToken, TokenError> {
    match &http.api_token {
        Some(token) => Ok(ApiToken::given(token.reveal())),
        None => {
            let (token, path) = ApiToken::kept_in(store.data_dir())?;
            println!("the API token is in {}", path.display());
            Ok(token)
        }
    }
}

/// Logs go to stderr: stdout belongs to the lines that scripts read.
fn start_log(log: &LogConfig) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::builder().parse(&log.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().try_init(),
    }
}

/// Resolves at the first SIGTERM or SIGINT; they are heard from this call on, not from the first poll.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

async fn until(mut flag: watch::Receiver<bool>) {
    let _ = flag.wait_for(|set| *set).await; // a dropped sender means the same
}

/// So many callers of one trunk may be answered in one moment, however few calls there may be.
const UNACKNOWLEDGED_MIN: usize = 4;
