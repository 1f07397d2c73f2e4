//! From what was fetched to lines.

use crate::events::{Line, Request};
use crate::record::{Heard, gong, webvtt, zoom};

/// Reads a transcript, whatever its form: WebVTT or SubRip, Zoom's JSON, Gong's JSON.
pub(super) fn words(request: &Request, file: &str) -> Result<Vec<Line>, String> {
    let start = file.trim_start_matches('\u{feff}').trim_start();
    let heard = match start.starts_with(['{', '[']) {
        true if request.body.is_some() => gong(file, None).map(|calls| calls.into_iter().next().map(|call| call.heard)),
        true => zoom(file).map(Some),
        false => webvtt(file).map(Some),
    };
    let heard = heard.map_err(|error| error.to_string())?.ok_or("no such call in it")?;
    Ok(lines(heard))
}

fn lines(heard: Heard) -> Vec<Line> {
    let line = |said: crate::record::Said| Line {
        start_ms: said.start_ms,
        end_ms: said.end_ms,
        speaker: said.speaker,
        text: said.text,
    };
    heard.lines.into_iter().map(line).collect()
}
