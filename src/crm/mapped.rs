//! Any CRM behind its mapping file: offhook's fields outside, the CRM's properties inside.

use std::collections::BTreeMap;

use jiff::Zoned;
use serde_json::{Value, json};

use super::drift;
use super::footer::Footed;
use super::mapping::{Form, Mapping, Table, is_over, known};
use super::native::{Holds, Native, Property, Row, Search, Values};
use super::translate::{self, inward, outward, plain};
use super::{BoxFuture, Crm, CrmError, FOUND_MAX, Field, Fields, Kind, Lookup, Object, Record, Schema};

/// A CRM whose mapping can be held against it.
pub trait Checked: Crm {
    /// Holds the mapping against what the CRM says of itself: each difference with the line of the file and the remedy.
    /// Also shows that it may be read.
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, CrmError>>;
}

/// A CRM and its mapping.
#[derive(Debug)]
pub struct Mapped<N> {
    native: N,
    mapping: Mapping,
}

#[allow(private_bounds)] // What a connector says is for this room only.
impl<N: Native> Mapped<N> {
    pub(super) fn new(native: N, mapping: Mapping) -> Mapped<N> {
        Mapped { native, mapping }
    }

    async fn checked(&self) -> Result<Vec<String>, CrmError> {
        let mut found = Vec::new();
        for table in self.mapping.tables.values() {
            if let Some(properties) = self.native.properties(table).await? {
                found.extend(drift::of(&self.mapping.file, table, &properties.into_iter().collect()));
            }
        }
        Ok(found)
    }

    fn table(&self, object: Object) -> Result<&Table, CrmError> {
        self.mapping.tables.get(&object).ok_or_else(|| CrmError::Rejected {
            field: None,
            reason: format!("{} has no [{}]; add it to write such records", self.mapping.file, object.as_str()),
        })
    }

    async fn searched(&self, object: Object, by: Lookup<'_>) -> Result<Vec<Record>, CrmError> {
        let Some(table) = self.mapping.tables.get(&object) else { return Ok(Vec::new()) };
        let national = match by {
            Lookup::Phone(phone) => national(phone),
            _ => None,
        };
        let Some(search) = search(table, by, national.as_deref()) else { return Ok(Vec::new()) };
        let rows = self.native.search(table, &search).await?;
        let records = rows.iter().map(|row| (record(table, row), key_of(table, row)));
        let mut found: Vec<Record> =
            records.filter(|(record, key)| fits(table, record, key.as_deref(), by)).map(|(record, _)| record).collect();
        found.truncate(FOUND_MAX);
        Ok(found)
    }

    async fn made(&self, object: Object, key: &str, fields: &Fields) -> Result<String, CrmError> {
        let table = self.table(object)?;
        let (mut values, rest) = values(table, fields)?;
        for (field, line) in &table.lines {
            if let Some(unknown) = &line.unknown
                && fields.get(field).is_none_or(Value::is_null)
                && !values.contains_key(&line.to)
            {
                values.insert(line.to.clone(), translate::unknown(line, unknown, Zoned::now().date()));
            }
        }
        for (property, value) in table.stage(fields).iter().chain(&table.always) {
            values.entry(property.clone()).or_insert_with(|| value.clone());
        }
        if let Some(property) = &table.key {
            values.insert(property.clone(), json!(key));
        }
        let text = fields.get(table.rest.as_deref().unwrap_or_default()).map(plain).unwrap_or_default();
        let footed = Footed { text, key: table.key.is_none().then(|| key.to_owned()), fields: rest };
        foot(table, &mut values, &footed)?;
        self.native.insert(table, key, values).await.map_err(|error| in_our_words(table, error))
    }

    async fn changed(&self, object: Object, id: &str, version: Option<&str>, fields: &Fields) -> Result<(), CrmError> {
        let table = self.table(object)?;
        let (mut values, rest) = values(table, fields)?;
        let text = table.rest.as_deref().and_then(|field| fields.get(field));
        let footed = table.rest.is_some() && (text.is_some() || !rest.is_empty());
        let mut version = version.map(str::to_owned);
        if footed || (version.is_some() && !N::VERSIONS) {
            let row = self.native.get(table, id).await?.ok_or(CrmError::Gone)?;
            if version.is_some() && version != row.version {
                let reason = format!("{} {id} is at {}", table.name, row.version.as_deref().unwrap_or("no version"));
                return Err(CrmError::Conflict { reason });
            }
            // What was read is what is written back: in between nobody else may have written.
            version = version.or(row.version.clone()).filter(|_| N::VERSIONS);
            if footed {
                let mut old = footer_of(table, &row);
                old.text = text.map_or(old.text, plain);
                old.fields.extend(rest);
                foot(table, &mut values, &old)?;
            }
        }
        if values.is_empty() {
            return Ok(());
        }
        // That it runs was said when it was made.
        if is_over(fields) {
            values.extend(table.stage(fields).iter().map(|(property, value)| (property.clone(), value.clone())));
        }
        let written = self.native.change(table, id, version.as_deref(), values).await;
        written.map_err(|error| in_our_words(table, error))
    }

    async fn described(&self) -> Result<Schema, CrmError> {
        let mut objects = BTreeMap::new();
        for (object, table) in &self.mapping.tables {
            let properties: BTreeMap<String, Property> =
                self.native.properties(table).await?.unwrap_or_default().into_iter().collect();
            let lines = table.lines.iter();
            let fields = lines.map(|(name, line)| Field {
                name: name.clone(),
                ..field(line.form, &line.values, line.read_only, properties.get(&line.to))
            });
            let mut fields: Vec<Field> = fields.collect();
            if table.rest.is_some() {
                let others = super::mapping::names(*object).iter().filter(|name| !table.lines.contains_key(**name));
                fields.extend(others.map(|name| Field::new(name, Kind::Text)));
            }
            objects.insert(*object, fields);
        }
        Ok(Schema { objects, open: self.mapping.tables.values().any(|table| table.rest.is_some()) })
    }
}

#[allow(private_bounds)] // As above.
impl<N: Native> Checked for Mapped<N> {
    fn check(&self) -> BoxFuture<'_, Result<Vec<String>, CrmError>> {
        Box::pin(self.checked())
    }
}

#[allow(private_bounds)] // As above.
impl<N: Native> Crm for Mapped<N> {
    fn name(&self) -> &'static str {
        N::NAME
    }

    fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
        Box::pin(self.described())
    }

    fn find<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        by: Lookup<'a>,
    ) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
        Box::pin(self.searched(object, by))
    }

    fn read<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
        Box::pin(async move {
            let table = self.table(object)?;
            Ok(self.native.get(table, id).await?.map(|row| record(table, &row)))
        })
    }

    fn create<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.made(object, key, fields))
    }

    fn update<'a>(
        &'a self,
        _business: &'a str,
        object: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.changed(object, id, version, fields))
    }

    fn delete<'a>(&'a self, _business: &'a str, object: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(async move { self.native.remove(self.table(object)?, id).await })
    }
}

/// What the CRM is asked for; none where it keeps nothing to find it by.
fn search<'a>(table: &'a Table, by: Lookup<'a>, national: Option<&'a str>) -> Option<Search<'a>> {
    Some(match by {
        Lookup::Key(key) => Search::Key(key),
        Lookup::Phone(e164) => Search::Phone { property: table.to("phone")?, e164, national: national? },
        Lookup::Email(email) => Search::Are(vec![(table.to("email")?, email)]),
        Lookup::NameZip { name, zip } => {
            let last = name.rsplit(' ').next().unwrap_or(name);
            let named = table.to("name").map(|property| (property, name));
            Search::Are(vec![named.or_else(|| Some((table.to("last_name")?, last)))?, (table.to("zip")?, zip)])
        }
        Lookup::Contact(contact) => Search::Of { property: table.to("contact_id"), contact },
    })
}

/// Searches of CRMs are generous; matching is not.
fn fits(table: &Table, record: &Record, key: Option<&str>, by: Lookup<'_>) -> bool {
    let text = |field: &str| record.fields.get(field).map(plain).unwrap_or_default();
    let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    match by {
        Lookup::Key(wanted) => key == Some(wanted),
        Lookup::Phone(e164) => text("phone").split(", ").any(|phone| same_number(phone, e164)),
        Lookup::Email(email) => text("email").split(", ").any(|one| same(one, email)),
        Lookup::NameZip { name, zip } => {
            table.to("zip").is_some() && same(&text("name"), name) && same(&text("zip"), zip)
        }
        // Not every search answers with the links.
        Lookup::Contact(contact) => {
            record.fields.get("contact_id").is_none_or(|id| id.is_null() || plain(id) == contact)
        }
    }
}

/// A number people wrote in their own way.
fn same_number(written: &str, e164: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let international = written.trim_start().starts_with('+');
    let (written, wanted) = (digits(written), digits(e164));
    if international {
        return written == wanted;
    }
    let country = phonenumber::parse(None, e164).ok().and_then(|number| number.country().id());
    phonenumber::parse(country, &written)
        .is_ok_and(|number| number.format().mode(phonenumber::Mode::E164).to_string() == e164)
}

fn national(e164: &str) -> Option<String> {
    phonenumber::parse(None, e164).ok().map(|number| number.national().to_string())
}

/// The values that have a line, and the fields that have none.
fn values(table: &Table, fields: &Fields) -> Result<(Values, Fields), CrmError> {
    let (mut values, mut rest) = (Values::new(), Fields::new());
    for (field, value) in &named(table, fields) {
        if !known(table.object, field) {
            let reason = format!("offhook has no {}.{field}", table.object);
            return Err(CrmError::Rejected { field: Some(field.clone()), reason });
        }
        match table.lines.get(field) {
            _ if table.rest.as_deref() == Some(field) => {}
            Some(line) if line.read_only || (value.is_null() && !line.clear) => {}
            Some(line) if value.is_null() => {
                values.insert(line.to.clone(), Value::Null);
            }
            Some(line) => {
                values.insert(line.to.clone(), outward(line, field, value)?);
            }
            None if table.rest.is_some() => {
                rest.insert(field.clone(), value.clone());
            }
            None => {
                let reason = format!("the mapping has no line for {}.{field}", table.object);
                return Err(CrmError::Rejected { field: Some(field.clone()), reason });
            }
        }
    }
    Ok((values, rest))
}

/// Names as the CRM keeps them: whole, or first and last.
fn named(table: &Table, fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    if table.object != Object::Contact {
        return fields;
    }
    let whole = table.lines.contains_key("name");
    let text = |fields: &Fields, field: &str| fields.get(field).and_then(Value::as_str).map(|t| t.trim().to_owned());
    if !whole && table.lines.contains_key("last_name") {
        if let Some(name) = text(&fields, "name") {
            let (first, last) = name.rsplit_once(' ').unwrap_or(("", &name));
            fields.entry("last_name".to_owned()).or_insert_with(|| json!(last));
            if !first.is_empty() && table.lines.contains_key("first_name") {
                fields.entry("first_name".to_owned()).or_insert_with(|| json!(first.trim()));
            }
        }
        fields.remove("name");
    } else if whole && !table.lines.contains_key("last_name") {
        let both = [text(&fields, "first_name"), text(&fields, "last_name")];
        let name = both.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            fields.entry("name".to_owned()).or_insert_with(|| json!(name));
        }
        fields.remove("first_name");
        fields.remove("last_name");
    }
    fields
}

/// A row in our words.
fn record(table: &Table, row: &Row) -> Record {
    let mut fields = Fields::new();
    for (field, line) in &table.lines {
        if let Some(value) = row.values.get(&line.to).and_then(|value| inward(line, value)) {
            fields.insert(field.clone(), value);
        }
    }
    if let Some(rest) = &table.rest {
        let footed = footer_of(table, row);
        match footed.text.is_empty() {
            true => fields.remove(rest),
            false => fields.insert(rest.clone(), json!(footed.text)),
        };
        fields.extend(footed.fields);
    }
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let both: Vec<&str> = [text("first_name"), text("last_name")].into_iter().flatten().collect();
    if table.object == Object::Contact && !table.lines.contains_key("name") && !both.is_empty() {
        let name = both.join(" ");
        fields.insert("name".to_owned(), json!(name));
    }
    Record { id: row.id.clone(), version: row.version.clone(), fields }
}

fn key_of(table: &Table, row: &Row) -> Option<String> {
    match &table.key {
        Some(property) => row.values.get(property)?.as_str().map(str::to_owned),
        None => footer_of(table, row).key,
    }
}

fn footer_of(table: &Table, row: &Row) -> Footed {
    let line = table.footer().and_then(|property| table.line(property));
    let text = line.and_then(|line| inward(line, row.values.get(&line.to)?)).unwrap_or_default();
    Footed::read(text.as_str().unwrap_or_default())
}

fn foot(table: &Table, values: &mut Values, footed: &Footed) -> Result<(), CrmError> {
    let whole = footed.write();
    if let (Some(rest), false) = (&table.rest, whole.is_empty())
        && let Some(line) = table.lines.get(rest)
    {
        values.insert(line.to.clone(), outward(line, rest, &json!(whole))?);
    }
    Ok(())
}

/// A property the CRM complains of is a field of ours.
fn in_our_words(table: &Table, error: CrmError) -> CrmError {
    match error {
        CrmError::Rejected { field: Some(property), reason } => {
            let field = table.ours(&property).map_or(property, str::to_owned);
            CrmError::Rejected { field: Some(field), reason }
        }
        other => other,
    }
}

fn field(form: Form, values: &BTreeMap<String, String>, read_only: bool, theirs: Option<&Property>) -> Field {
    let kind = match form {
        Form::Text | Form::Html | Form::Link => Kind::Text,
        Form::Number => Kind::Number,
        Form::Bool => Kind::Bool,
        Form::Date => Kind::Date,
        Form::DateTime | Form::Millis => Kind::Instant,
        Form::Pick => Kind::Choice,
        Form::List => Kind::List,
    };
    let choices = match (values.is_empty(), theirs) {
        (false, _) => values.keys().cloned().collect(),
        (true, Some(theirs)) if theirs.holds == Holds::Pick => theirs.choices.clone(),
        _ => Vec::new(),
    };
    Field {
        choices,
        required: theirs.is_some_and(|theirs| theirs.required),
        read_only: read_only || theirs.is_some_and(|theirs| theirs.read_only),
        max_chars: theirs.and_then(|theirs| theirs.max_chars),
        ..Field::new("", kind)
    }
}
