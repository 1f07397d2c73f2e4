//! Finding the calendar behind an address (RFC 6764, RFC 4791 section 6.2.1): the collection itself, or a server that
//! says whose calendars are where.

use reqwest::Url;

use super::server::Server;
use super::xml::{CALDAV, DAV, Resource};
use crate::calendar::trouble::Trouble;

/// The collection to book in; ends with a slash.
pub(super) async fn collection(server: &Server, url: &Url, wanted: Option<&str>) -> Result<Url, Trouble> {
    if let Some(path) = wanted.filter(|wanted| wanted.starts_with('/')) {
        let found = joined(url, path)?;
        let itself = properties(server, &found, "0").await?;
        return match itself.iter().any(Resource::is_calendar) {
            true => Ok(folder(found)),
            false => Err(Trouble::Refused(format!("{path} is no calendar on this server"))),
        };
    }
    let start = match properties(server, url, "0").await {
        Err(Trouble::Refused(why)) if url.path() == "/" => {
            let known = joined(url, "/.well-known/caldav")?;
            properties(server, &known, "0").await.map_err(|_| Trouble::Refused(why))?
        }
        other => other?,
    };
    if wanted.is_none() && start.iter().any(Resource::is_calendar) {
        return Ok(folder(url.clone()));
    }
    let homes = homes(server, url, &start).await?;
    let mut calendars = Vec::new();
    for home in &homes {
        let inside = properties(server, home, "1").await?;
        calendars.extend(inside.into_iter().filter(|found| found.is_calendar() && holds_events(found)));
    }
    choose(url, &calendars, wanted)
}

/// Where the user's calendars are.
async fn homes(server: &Server, url: &Url, start: &[Resource]) -> Result<Vec<Url>, Trouble> {
    let mut known = start.to_vec();
    if addresses(&known).is_empty() {
        let principal = start.iter().find_map(|found| found.address(DAV, "current-user-principal"));
        let principal = principal.ok_or_else(|| {
            Trouble::Refused(format!("{url} is no calendar and names no user; give the address of the calendar itself"))
        })?;
        known = properties(server, &joined(url, principal)?, "0").await?;
    }
    let homes: Vec<Url> = addresses(&known).iter().map(|home| joined(url, home)).collect::<Result<_, _>>()?;
    match homes.is_empty() {
        true => Err(Trouble::Refused("this user has no calendars on this server".to_owned())),
        false => Ok(homes),
    }
}

fn addresses(found: &[Resource]) -> Vec<String> {
    let homes = found.iter().filter_map(|resource| resource.prop(CALDAV, "calendar-home-set"));
    homes.flat_map(|home| home.children(DAV, "href").map(|href| href.text.trim().to_owned())).collect()
}

fn choose(url: &Url, calendars: &[Resource], wanted: Option<&str>) -> Result<Url, Trouble> {
    let names = || {
        let names: Vec<&str> = calendars.iter().map(name).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let found: Vec<&Resource> = match wanted {
        None => calendars.iter().collect(),
        Some(wanted) => calendars.iter().filter(|found| name(found) == wanted || last(&found.href) == wanted).collect(),
    };
    match (found.as_slice(), wanted) {
        ([only], _) => joined(url, &only.href).map(folder),
        ([], Some(wanted)) => Err(Trouble::Refused(format!("no calendar `{wanted}` there; there are: {}", names()))),
        ([], None) => Err(Trouble::Refused("this user has no calendar on this server; create one".to_owned())),
        _ => Err(Trouble::Refused(format!("several calendars there; name one of: {}", names()))),
    }
}

fn name(found: &Resource) -> &str {
    let name = found.prop(DAV, "displayname").map(|name| name.text.trim()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| last(&found.href))
}

fn last(href: &str) -> &str {
    href.trim_end_matches('/').rsplit('/').next().unwrap_or(href)
}

/// A collection that lists its kinds has to list events.
fn holds_events(found: &Resource) -> bool {
    let Some(set) = found.prop(CALDAV, "supported-calendar-component-set") else { return true };
    set.child(CALDAV, "comp").is_none() || set.children(CALDAV, "comp").any(|comp| comp.named("VEVENT"))
}

async fn properties(server: &Server, url: &Url, depth: &str) -> Result<Vec<Resource>, Trouble> {
    server.ask("PROPFIND", url, depth, PROPERTIES.to_owned()).await
}

/// An address the server gave. The password goes there as well, so it may not be a less private one.
fn joined(url: &Url, href: &str) -> Result<Url, Trouble> {
    let found = url.join(href).map_err(|error| Trouble::Refused(format!("`{href}` is no address: {error}")))?;
    match url.scheme() == "https" && found.scheme() != "https" {
        true => Err(Trouble::Refused(format!("the server points to {found}, which is not encrypted"))),
        false => Ok(found),
    }
}

fn folder(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

const PROPERTIES: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><resourcetype/><displayname/>
<current-user-principal/><C:calendar-home-set/><C:supported-calendar-component-set/></prop></propfind>"#;
