//! TLS for signalling: our certificate, read again when its files change, and whose certificates we take (RFC 5922).

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// Files of our side of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate and those that lead to its root, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Roots of whom we connect to, PEM; none: the system's.
    pub roots: Option<PathBuf>,
}

/// Why TLS cannot be spoken.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read or holds no PEM of that kind.
    #[error("{path}: {problem}; [sip.tls] needs PEM files of a certificate chain and its key")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Key and certificate do not go together, or are of a kind that is not spoken.
    #[error("the certificate and key of [sip.tls] cannot be used: {0}")]
    Pair(tokio_rustls::rustls::Error),
}

/// Both sides of TLS, ready.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(files: &TlsFiles) -> Result<Tls, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Renewed::load(files, provider.clone())?));
        let client = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?;
        let client = match &files.roots {
            Some(path) => client.dangerous().with_custom_certificate_verifier(Arc::new(Roots::load(path, &provider)?)),
            None => client.with_platform_verifier().map_err(TlsError::Pair)?,
        };
        Ok(Tls {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            connector: TlsConnector::from(Arc::new(client.with_no_client_auth())),
        })
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// The certificate has to be of `name`, or of the address where there is none.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        to: SocketAddr,
        name: Option<&str>,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(io::Error::other)?,
            None => ServerName::IpAddress(to.ip().into()),
        };
        self.connector.connect(name, stream).await
    }
}

/// Our certificate, as its files are now: a renewed one serves the next connection, the calls of older ones go on.
#[derive(Debug)]
struct Renewed {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<(Stamp, Arc<CertifiedKey>)>,
}

/// When the two files were written.
type Stamp = [Option<SystemTime>; 2];

impl Renewed {
    fn load(files: &TlsFiles, provider: Arc<CryptoProvider>) -> Result<Renewed, TlsError> {
        let current = RwLock::new((stamp(files), pair(files, &provider)?));
        Ok(Renewed { files: files.clone(), provider, current })
    }
}

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let (read, known) = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let now = stamp(&self.files);
        if now == read {
            return Some(known);
        }
        let fresh = match pair(&self.files, &self.provider) {
            Ok(fresh) => {
                tracing::info!("the certificate of [sip.tls] was renewed");
                fresh
            }
            Err(problem) => {
                // Half written, or wrong: the old one serves on, and the files are looked at again when they change.
                tracing::error!(%problem, "the certificate of [sip.tls] changed and cannot be used");
                known
            }
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (now, fresh.clone());
        Some(fresh)
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    let written = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    [written(&files.certificate), written(&files.key)]
}

fn pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let pair = CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)?;
    Ok(Arc::new(pair))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(path, error.to_string()))?;
    let all: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| wrong(path, error.to_string()))?;
    if all.is_empty() { Err(wrong(path, "no certificate in it".into())) } else { Ok(all) }
}

/// Certificates that lead to one of a file, and those of the file themselves: what a PBX made for itself is signed by
/// nobody and mostly says that it is an authority, which no chain may end in. Its name has to be right all the same.
#[derive(Debug)]
struct Roots {
    known: Vec<CertificateDer<'static>>,
    chains: Arc<WebPkiServerVerifier>,
}

impl Roots {
    fn load(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Roots, TlsError> {
        let known = certificates(path)?;
        let mut roots = RootCertStore::empty();
        for root in &known {
            roots.add(root.clone()).map_err(|error| wrong(path, error.to_string()))?;
        }
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        Ok(Roots { known, chains: chains.map_err(|error| wrong(path, error.to_string()))? })
    }
}

impl ServerCertVerifier for Roots {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.known.iter().any(|known| known == shown) {
            verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.chains.verify_server_cert(shown, between, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

fn wrong(path: &Path, problem: String) -> TlsError {
    TlsError::File { path: path.to_owned(), problem }
}
