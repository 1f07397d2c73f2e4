//! Server-sent events of a streamed chat completion: pieces of text in, one whole answer out, within bounds.

use serde::Deserialize;
use serde_json::Value;

/// An answer while it comes in.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Bytes of a line that is not complete yet.
    rest: Vec<u8>,
    /// Bytes so far.
    bytes: usize,
    /// What the model wrote so far.
    text: String,
    done: bool,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it is too long")]
    Long,
    #[error("it is no stream of chat completions")]
    Shape,
    #[error("it wants to call a tool, and was given none")]
    Tool,
    #[error("it ends in the middle")]
    Half,
    #[error("the server reports an error in it")]
    Error,
}

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Delta {
    content: Option<String>,
    tool_calls: Option<Value>,
    function_call: Option<Value>,
}

impl Stream {
    /// Takes bytes as they come.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.bytes += bytes.len();
        if self.bytes > STREAM_BYTES_MAX {
            return Err(Broken::Long);
        }
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(line.trim_ascii_end())?;
        }
        Ok(())
    }

    /// Whether nothing more is needed.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// The answer, once it is whole.
    pub(super) fn finish(self) -> Result<String, Broken> {
        if self.done { Ok(self.text) } else { Err(Broken::Half) }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Broken> {
        if self.done || line.is_empty() || OTHER_FIELDS.iter().any(|field| line.starts_with(field)) {
            return Ok(());
        }
        let data = line.strip_prefix(b"data:").ok_or(Broken::Shape)?.trim_ascii();
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_slice(data).map_err(|_| Broken::Shape)?;
        if chunk.error.is_some_and(|error| !error.is_null()) {
            return Err(Broken::Error);
        }
        // A last chunk may carry no choice, only what it cost.
        let Some(choice) = chunk.choices.into_iter().next() else { return Ok(()) };
        let called = |call: Option<Value>| call.is_some_and(|call| !call.is_null() && call != Value::Array(Vec::new()));
        if called(choice.delta.tool_calls) || called(choice.delta.function_call) {
            return Err(Broken::Tool);
        }
        self.text.push_str(&choice.delta.content.unwrap_or_default());
        if self.text.len() > TEXT_BYTES_MAX {
            return Err(Broken::Long);
        }
        match choice.finish_reason.as_deref() {
            Some("stop") => self.done = true,
            Some("length") => return Err(Broken::Half),
            Some("tool_calls" | "function_call") => return Err(Broken::Tool),
            Some(_) => return Err(Broken::Shape),
            None => {}
        }
        Ok(())
    }
}

/// Lines of the format that carry no data; the first is a comment.
const OTHER_FIELDS: [&[u8]; 4] = [b":", b"event:", b"id:", b"retry:"];
/// A form of 160 tokens, each in a chunk of its own with the server's extras.
const STREAM_BYTES_MAX: usize = 256 * 1024;
/// The form itself.
const TEXT_BYTES_MAX: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, step: usize) -> Result<String, Broken> {
        let mut stream = Stream::default();
        text.as_bytes().chunks(step).try_for_each(|bytes| stream.take(bytes))?;
        stream.finish()
    }

    #[test]
    fn pieces_of_any_size_make_the_same_answer() {
        let text = ": hello\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\r\n\r\n\
                    data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"when\\\":\"}}]}\n\n\
                    data: {\"choices\":[{\"delta\":{\"content\":\"\\\"mañana\\\"}\"},\"finish_reason\":\"stop\"}]}\n\n\
                    data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
        for step in 1..text.len() {
            assert_eq!(read(text, step).as_deref(), Ok("{\"when\":\"mañana\"}"));
        }
    }

    #[test]
    fn what_is_not_one_whole_answer_is_none() {
        let piece = |delta: &str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n");
        for (text, want) in [
            (piece("{\"content\":\"{\"}"), Broken::Half),
            ("<html>".repeat(3) + "\n", Broken::Shape),
            ("data: {\"choices\":7}\n".into(), Broken::Shape),
            ("data: {\"error\":{\"message\":\"no\"}}\n".into(), Broken::Error),
            (piece("{\"tool_calls\":[{\"function\":{\"name\":\"book\"}}]}"), Broken::Tool),
            (piece(&format!("{{\"content\":\"{}\"}}", "a".repeat(TEXT_BYTES_MAX + 1))), Broken::Long),
            ("a".repeat(STREAM_BYTES_MAX + 1), Broken::Long),
            ("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n".into(), Broken::Half),
        ] {
            assert_eq!(read(&text, 4096), Err(want), "{}", &text[..text.len().min(80)]);
        }
    }
}
