//! Who and what is taken up when, and times held for a caller: one owner per occupant and moment.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Row, SqliteConnection};

use super::appointments::is_overlap;
use super::error::{Doing, Result};
use super::open::Store;
use super::rows::time;

/// What an appointment takes up beside its own time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// One of each list; empty: the resource of the appointment itself.
    pub one_of: Vec<Vec<String>>,
    /// Kept free before it.
    pub before: SignedDuration,
    /// Kept free after it.
    pub after: SignedDuration,
    /// At most so many of its service.
    pub cap: Option<Cap>,
    /// The call whose hold is no obstacle, and is given back.
    pub holder: String,
    /// Holds that are over by then count no more.
    pub now: Timestamp,
}

/// At most so many appointments of a service that start in `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// Start of the span.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many.
    pub most: u32,
}

/// Somebody or something that is taken up for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupied {
    /// Who or what.
    pub occupant: String,
    /// From then.
    pub from: Timestamp,
    /// Up to then.
    pub to: Timestamp,
}

impl Store {
    /// What is taken up within `[from, to)` at `now`, the holder's own hold left out.
    pub async fn occupied(
        &self,
        business: &str,
        from: Timestamp,
        to: Timestamp,
        holder: &str,
        now: Timestamp,
    ) -> Result<Vec<Occupied>> {
        let sql = "SELECT occupant, from_us, to_us FROM occupancy WHERE business = $1 AND from_us < $3 AND to_us > $2
            AND owner <> $4 AND (until_us IS NULL OR until_us > $5) ORDER BY from_us";
        let rows = sqlx::query(sql)
            .bind(business)
            .bind(from.as_microsecond())
            .bind(to.as_microsecond())
            .bind(owner_of(holder))
            .bind(now.as_microsecond())
            .fetch_all(self.reader())
            .await
            .doing("list occupied times")?;
        let all = rows.iter().map(|row| {
            let occupant = row.try_get("occupant")?;
            Ok(Occupied { occupant, from: time(row, "from_us")?, to: time(row, "to_us")? })
        });
        all.collect::<Result<_, _>>().doing("read occupied times")
    }

    /// Starts of a service's confirmed appointments within `[from, to)`.
    pub async fn starts_of(
        &self,
        business: &str,
        service: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Timestamp>> {
        let sql = "SELECT starts_us FROM appointments WHERE business = $1 AND service = $2 AND status = 'confirmed'
            AND starts_us >= $3 AND starts_us < $4";
        let rows = sqlx::query(sql)
            .bind(business)
            .bind(service)
            .bind(from.as_microsecond())
            .bind(to.as_microsecond())
            .fetch_all(self.reader())
            .await
            .doing("count appointments")?;
        rows.iter().map(|row| time(row, "starts_us")).collect::<Result<_, _>>().doing("count appointments")
    }

    /// Holds a time for a call until `until`, instead of what it held before; false when somebody else has it.
    pub async fn hold(
        &self,
        business: &str,
        (from, to): (Timestamp, Timestamp),
        needs: &Needs,
        until: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.write().await?;
        clear(&mut tx, needs).await?;
        let owner = owner_of(&needs.holder);
        let Some(picked) = pick(&mut tx, business, &owner, (from, to), needs).await? else {
            // What was held before is given back all the same: the caller has moved on.
            tx.commit().await.doing("release a hold")?;
            return Ok(false);
        };
        match take_up(&mut tx, business, &owner, (from, to), needs, &picked, Some(until)).await {
            Err(e) if is_overlap(&e) => return Ok(false),
            other => other.doing("hold a time")?,
        }
        tx.commit().await.doing("commit a hold").map(|()| true)
    }

    /// Gives back what a call held.
    pub async fn release(&self, holder: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let query = sqlx::query("DELETE FROM occupancy WHERE owner = $1").bind(owner_of(holder));
        query.execute(&mut *tx).await.doing("release a hold")?;
        tx.commit().await.doing("release a hold")
    }
}

/// Takes out leases that are over and the holder's own hold, within the caller's transaction.
pub(super) async fn clear(tx: &mut SqliteConnection, needs: &Needs) -> Result<()> {
    sqlx::query("DELETE FROM occupancy WHERE until_us <= $1 OR owner = $2")
        .bind(needs.now.as_microsecond())
        .bind(owner_of(&needs.holder))
        .execute(tx)
        .await
        .doing("take out old holds")
        .map(drop)
}

/// One of each need that is free for `owner`; none when one of them has nobody left.
pub(super) async fn pick(
    tx: &mut SqliteConnection,
    business: &str,
    owner: &str,
    span: (Timestamp, Timestamp),
    needs: &Needs,
) -> Result<Option<Vec<String>>> {
    let mut picked = Vec::new();
    let (from, to) = padded(span, needs);
    let sql = "SELECT 1 FROM occupancy WHERE business = $1 AND occupant = $2 AND owner <> $3
        AND from_us < $5 AND to_us > $4";
    for one_of in &needs.one_of {
        let mut free = None;
        for occupant in one_of {
            let query = sqlx::query(sql).bind(business).bind(occupant).bind(owner).bind(from).bind(to);
            if query.fetch_optional(&mut *tx).await.doing("look who is free")?.is_none() {
                free = Some(occupant.clone());
                break;
            }
        }
        let Some(free) = free else { return Ok(None) };
        picked.push(free);
    }
    Ok(Some(picked))
}

/// Writes what an owner takes up; the database refuses what somebody else has.
pub(super) async fn take_up(
    tx: &mut SqliteConnection,
    business: &str,
    owner: &str,
    span: (Timestamp, Timestamp),
    needs: &Needs,
    picked: &[String],
    until: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    let (from, to) = padded(span, needs);
    let sql = "INSERT INTO occupancy (owner, business, occupant, from_us, to_us, until_us)
        VALUES ($1, $2, $3, $4, $5, $6)";
    for occupant in picked {
        let query = sqlx::query(sql).bind(owner).bind(business).bind(occupant).bind(from).bind(to);
        query.bind(until.map(|at| at.as_microsecond())).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Whether a service's day is full, the appointment `but` left out.
pub(super) async fn is_full(
    tx: &mut SqliteConnection,
    business: &str,
    service: &str,
    but: &str,
    needs: &Needs,
) -> Result<bool> {
    let Some(cap) = needs.cap else { return Ok(false) };
    let sql = "SELECT COUNT(*) FROM appointments WHERE business = $1 AND service = $2 AND status = 'confirmed'
        AND starts_us >= $3 AND starts_us < $4 AND id <> $5";
    let count: i64 = sqlx::query_scalar(sql)
        .bind(business)
        .bind(service)
        .bind(cap.from.as_microsecond())
        .bind(cap.to.as_microsecond())
        .bind(but)
        .fetch_one(tx)
        .await
        .doing("count appointments")?;
    Ok(count >= i64::from(cap.most))
}

/// Everything an owner took up, in the order it was picked.
pub(super) async fn taken_by(tx: &mut SqliteConnection, owner: &str) -> Result<Vec<String>> {
    let rows = sqlx::query_scalar("SELECT occupant FROM occupancy WHERE owner = $1").bind(owner).fetch_all(tx).await;
    rows.doing("read what is taken up")
}

/// Gives everything back.
pub(super) async fn give_back(tx: &mut SqliteConnection, owner: &str) -> Result<()> {
    let done = sqlx::query("DELETE FROM occupancy WHERE owner = $1").bind(owner).execute(tx).await;
    done.doing("give back what was taken up").map(drop)
}

fn padded((from, to): (Timestamp, Timestamp), needs: &Needs) -> (i64, i64) {
    let from = from.saturating_sub(needs.before).unwrap_or(from);
    let to = to.saturating_add(needs.after).unwrap_or(to);
    (from.as_microsecond(), to.as_microsecond())
}

fn owner_of(holder: &str) -> String {
    format!("hold:{holder}")
}
