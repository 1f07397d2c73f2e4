//! Mutation that knows lines: what a careless or hostile writer of SIP and SDP does to headers, values and bodies.

use crate::mutate::Dice;

/// A seed with one to five changes to its lines, now and then followed by one to its bytes.
pub fn make(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.pick::<[u8]>(seeds).to_vec();
    for _ in 0..=dice.roll(4) {
        change(dice, &mut bytes, seeds);
    }
    if dice.roll(4) == 0 {
        dice.change(&mut bytes, seeds);
    }
    bytes
}

/// One change to lines.
pub fn change(dice: &mut Dice, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let mut lines = split(bytes);
    if lines.is_empty() {
        return;
    }
    let (at, to) = (dice.roll(lines.len()), dice.roll(lines.len()));
    match dice.roll(12) {
        0 => lines.swap(at, to),
        1 => repeat(dice, &mut lines, at),
        2 => drop(lines.remove(at)),
        3 => {
            let other = split(dice.pick::<[u8]>(seeds));
            lines.splice(at..at, other.get(dice.roll(other.len())).cloned());
        }
        4 => move_body(dice, &mut lines),
        5 => fold(dice, &mut lines[at]),
        6 => rename(dice, &mut lines[at]),
        7 => revalue(dice, &mut lines[at]),
        8 => append(dice, &mut lines[at]),
        9 => dice.replace_number(&mut lines[at]),
        10 => end_otherwise(dice, &mut lines[at]),
        _ => relist(dice, &mut lines[at]),
    }
    *bytes = lines.concat();
}

/// Lines with their ends.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The same line again: twice, or so often that a table fills up.
fn repeat(dice: &mut Dice, lines: &mut Vec<Vec<u8>>, at: usize) {
    let times = if dice.roll(10) == 0 { LINES_MANY } else { 1 + dice.roll(3) };
    let copies = vec![lines[at].clone(); times];
    lines.splice(at..at, copies);
}

/// The empty line wanders, goes, or comes twice; or what follows it is cut off in the middle.
fn move_body(dice: &mut Dice, lines: &mut Vec<Vec<u8>>) {
    let Some(empty) = lines.iter().position(|line| line.as_slice() == b"\r\n") else {
        return lines.insert(dice.roll(lines.len()), b"\r\n".to_vec());
    };
    match dice.roll(3) {
        0 => drop(lines.remove(empty)),
        1 => {
            let line = lines.remove(empty);
            lines.insert(dice.roll(lines.len() + 1), line);
        }
        _ => lines.truncate(empty + 1 + dice.roll(lines.len() - empty)),
    }
}

/// RFC 3261 7.3.1: a header goes on in the next line if that begins with white space.
fn fold(dice: &mut Dice, line: &mut Vec<u8>) {
    let at = dice.roll(line.len() + 1);
    let fold: &[u8] = [&b"\r\n "[..], b"\r\n\t", b"\n ", b"\r\n  \r\n ", b" \r\n"][dice.roll(5)];
    line.splice(at..at, fold.iter().copied());
}

/// Another header's name in front of this value: compact, in capitals, unknown, none.
fn rename(dice: &mut Dice, line: &mut Vec<u8>) {
    let end = line.iter().position(|byte| *byte == b':' || *byte == b'=').unwrap_or(0);
    let name = NAMES[dice.roll(NAMES.len())];
    line.splice(..end, name.iter().copied());
}

/// Another value behind this name: empty, endless, unbalanced.
fn revalue(dice: &mut Dice, line: &mut Vec<u8>) {
    let start = line.iter().position(|byte| *byte == b':' || *byte == b'=').map_or(0, |at| at + 1);
    let end = line.len() - line.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let value = VALUES[dice.roll(VALUES.len())];
    let times = if dice.roll(6) == 0 { dice.roll(VALUE_TIMES_MAX) } else { 1 };
    line.splice(start.min(end)..end, value.repeat(times));
}

/// A parameter more, or many.
fn append(dice: &mut Dice, line: &mut Vec<u8>) {
    let end = line.len() - line.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let parameter = PARAMETERS[dice.roll(PARAMETERS.len())];
    let times = if dice.roll(6) == 0 { dice.roll(VALUE_TIMES_MAX) } else { 1 };
    line.splice(end..end, parameter.repeat(times));
}

/// The line ends as it should not.
fn end_otherwise(dice: &mut Dice, line: &mut Vec<u8>) {
    while line.last().is_some_and(u8::is_ascii_whitespace) {
        line.pop();
    }
    let end: &[u8] = [&b"\n"[..], b"\r", b"\r\r\n", b"\n\r", b" \t\r\n", b"\0\r\n", b""][dice.roll(7)];
    line.extend_from_slice(end);
}

/// The value becomes a list of itself, or of nothing.
fn relist(dice: &mut Dice, line: &mut Vec<u8>) {
    let start = line.iter().position(|byte| *byte == b':' || *byte == b'=').map_or(0, |at| at + 1);
    let end = line.len() - line.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut again = b",".to_vec();
    if dice.roll(3) > 0 {
        again.extend_from_slice(&line[start.min(end)..end]);
    }
    let most = if dice.roll(8) == 0 { LINES_MANY } else { 3 };
    let times = 1 + dice.roll(most);
    line.splice(end..end, again.repeat(times));
}

/// More lines, or items of a list, than any limit of ours.
const LINES_MANY: usize = 300;
/// Repetitions of a value: to some tens of kilobytes.
const VALUE_TIMES_MAX: usize = 2_000;
const NAMES: [&[u8]; 24] = [
    b"Via",
    b"v",
    b"VIA",
    b"From",
    b"t",
    b"Call-ID",
    b"CSeq",
    b"Contact",
    b"m",
    b"Content-Length",
    b"l ",
    b"Content-Type",
    b"Record-Route",
    b"Route",
    b"Max-Forwards",
    b"Require",
    b"Proxy-Require",
    b"P-Asserted-Identity",
    b"Diversion",
    b"X\xc3\xa9",
    b"",
    b" ",
    b"a",
    b"c",
];
const VALUES: [&[u8]; 20] = [
    b"",
    b" ",
    b"a",
    b"\"",
    b"\"\\",
    b"<",
    b"<sip:",
    b" <sip:a@b>;tag=x",
    b" sip:%zz@[::",
    b" tel:+;phone-context=",
    b" SIP/2.0/UDP [::1]:5070;branch=z9hG4bK1;rport=0;received=x",
    b" 4294967296 INVITE",
    b" 1 \xff",
    b"audio 65536 RTP/AVP 0 8 256 -1",
    b"audio 1/999999999999 RTP/AVP",
    b"rtpmap:0 PCMU/0/0",
    b"rtpmap:999 telephone-event/4294967296",
    b"fmtp:101 0-15,99999999999-1",
    b"IN IP4 224.0.0.1/127/3",
    b"IN IP6 ::ffff:0.0.0.0",
];
const PARAMETERS: [&[u8]; 10] = [
    b";tag=x",
    b";branch=",
    b";rport",
    b";rport=99999",
    b";received=[::1]",
    b";maddr=224.0.0.1",
    b";lr;x=\"",
    b"?Replaces=a%40b%3Bto-tag%3D1",
    b" 255",
    b";;=",
];
