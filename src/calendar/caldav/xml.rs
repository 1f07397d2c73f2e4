//! WebDAV's answers: XML by namespace, whatever prefixes a server likes.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// An element; its text without that of the elements inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    space: String,
    name: String,
    pub(super) text: String,
    inside: Vec<Element>,
    /// The attribute `name`, the only one WebDAV's answers have for us.
    label: Option<String>,
}

/// One resource of a multistatus (RFC 4918 section 13), with the properties it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) href: String,
    props: Vec<Element>,
}

impl Element {
    /// The document's root; none when it is no XML.
    pub(super) fn read(text: &str) -> Option<Element> {
        let mut reader = NsReader::from_str(text);
        let mut open = vec![Element::default()];
        loop {
            let (space, event) = reader.read_resolved_event().ok()?;
            let space = match space {
                ResolveResult::Bound(space) => String::from_utf8_lossy(space.into_inner()).into_owned(),
                _ => String::new(),
            };
            match event {
                Event::Start(start) => {
                    open.push(opened(space, &start));
                    if open.len() > DEPTH_MAX {
                        return None;
                    }
                }
                Event::Empty(empty) => open.last_mut()?.inside.push(opened(space, &empty)),
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.inside.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content().ok()?),
                Event::CData(data) => open.last_mut()?.text.push_str(&data.decode().ok()?),
                Event::GeneralRef(name) => open.last_mut()?.text.extend(character(&name)),
                Event::Eof => break,
                _ => {}
            }
        }
        if open.len() == 1 { open.pop()?.inside.into_iter().next() } else { None }
    }

    /// The first element of that name inside, if any.
    pub(super) fn child(&self, space: &str, name: &str) -> Option<&Element> {
        self.inside.iter().find(|inner| inner.is(space, name))
    }

    /// Every element of that name inside.
    pub(super) fn children<'a>(&'a self, space: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.inside.iter().filter(move |inner| inner.is(space, name))
    }

    /// Whether its `name` attribute says that.
    pub(super) fn named(&self, label: &str) -> bool {
        self.label.as_deref() == Some(label)
    }

    fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && self.name == name
    }
}

impl Resource {
    /// The resources of a multistatus; properties answered with anything but success are left out.
    pub(super) fn all(text: &str) -> Option<Vec<Resource>> {
        let root = Element::read(text).filter(|root| root.is(DAV, "multistatus"))?;
        Some(root.children(DAV, "response").filter_map(Resource::read).collect())
    }

    fn read(response: &Element) -> Option<Resource> {
        let href = response.child(DAV, "href")?.text.trim().to_owned();
        let good = |part: &&Element| part.child(DAV, "status").is_none_or(|status| status.text.contains(" 200"));
        let found = response.children(DAV, "propstat").filter(good).filter_map(|part| part.child(DAV, "prop"));
        Some(Resource { href, props: found.flat_map(|prop| prop.inside.iter().cloned()).collect() })
    }

    /// A property.
    pub(super) fn prop(&self, space: &str, name: &str) -> Option<&Element> {
        self.props.iter().find(|prop| prop.is(space, name))
    }

    /// The first address inside a property.
    pub(super) fn address(&self, space: &str, name: &str) -> Option<&str> {
        self.prop(space, name)?.child(DAV, "href").map(|href| href.text.trim()).filter(|href| !href.is_empty())
    }

    /// Whether its resource type has that element.
    pub(super) fn is_calendar(&self) -> bool {
        self.prop(DAV, "resourcetype").is_some_and(|kind| kind.child(CALDAV, "calendar").is_some())
    }
}

fn opened(space: String, start: &BytesStart<'_>) -> Element {
    let label = start.try_get_attribute("name").ok().flatten();
    let label = label.map(|label| String::from_utf8_lossy(&label.value).into_owned());
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    Element { space, name, label, ..Element::default() }
}

/// XML's own five entities and numbered characters; others do not exist here.
fn character(name: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = name.resolve_char_ref() {
        return Some(c);
    }
    match name.decode().ok()?.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

pub(super) const DAV: &str = "DAV:";
pub(super) const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// Elements inside each other; WebDAV needs eight.
const DEPTH_MAX: usize = 32;
