//! Where an outbox row stands, and the one table of how it gets from here to there. Every SQL line that changes a state
//! asks this table which states it may come from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an outbox row stands; the drawing is in the `outbox` room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Read out of a call, not looked at yet.
    Proposed,
    /// Held against the policy and found right.
    Validated,
    /// A person has to say yes.
    AwaitingApproval,
    /// May be delivered as soon as the row it waits for is done.
    Ready,
    /// A worker has it.
    Leased,
    /// The other side has acknowledged it; not read back yet.
    Written,
    /// Failed, will be tried again at `run_at`.
    Retrying,
    /// Written and verified: the other side has it as it was sent.
    Done,
    /// Waits for a person; `reason` says why.
    Parked,
    /// A person, or the policy, said no.
    Rejected,
    /// Was done, and has been taken back.
    RolledBack,
}

/// What happens to an outbox row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobEvent {
    /// It fits the policy.
    Validate,
    /// It may be delivered without asking anybody.
    Release,
    /// Somebody has to be asked.
    Ask,
    /// Somebody said yes.
    Approve,
    /// Somebody said no.
    Reject,
    /// A worker takes it, or takes it over.
    Lease,
    /// The other side has it.
    Acknowledge,
    /// It reads back as it was sent.
    Verify,
    /// It did not work this time.
    Fail,
    /// It needs a person: refused, out of tries, not kept whole, or put aside by hand.
    Park,
    /// A person, a mended mapping or a reconciliation has it tried again.
    Free,
    /// What was written is gone over there: it is written again, under its key.
    Repair,
    /// It is taken back.
    RollBack,
}

impl JobState {
    /// Every state, in the order of a row's life.
    pub const ALL: [JobState; 11] = [
        JobState::Proposed,
        JobState::Validated,
        JobState::AwaitingApproval,
        JobState::Ready,
        JobState::Leased,
        JobState::Written,
        JobState::Retrying,
        JobState::Done,
        JobState::Parked,
        JobState::Rejected,
        JobState::RolledBack,
    ];

    /// Where an event leads; none where it cannot happen.
    pub fn on(self, event: JobEvent) -> Option<JobState> {
        use JobEvent::{
            Acknowledge, Approve, Ask, Fail, Free, Lease, Park, Reject, Release, Repair, RollBack, Validate, Verify,
        };
        use JobState::{
            AwaitingApproval, Done, Leased, Parked, Proposed, Ready, Rejected, Retrying, RolledBack, Validated, Written,
        };
        match (self, event) {
            (Proposed, Validate) => Some(Validated),
            (Validated, Release) | (AwaitingApproval, Approve) => Some(Ready),
            // The gate before the CRM asks, too, when the record turns out to be another than was thought.
            (Validated | Leased, Ask) => Some(AwaitingApproval),
            (AwaitingApproval | Parked, Reject) => Some(Rejected),
            // A lease that ran out is taken over.
            (Ready | Retrying | Leased, Lease) => Some(Leased),
            (Leased, Acknowledge) => Some(Written),
            (Written, Verify) => Some(Done),
            (Leased, Fail) => Some(Retrying),
            (Proposed | Ready | Retrying | Leased | Written | Parked, Park) => Some(Parked),
            (Parked | Retrying, Free) | (Done, Repair) => Some(Ready),
            (Done, RollBack) => Some(RolledBack),
            _ => None,
        }
    }

    /// The word in database and API.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Proposed => "proposed",
            JobState::Validated => "validated",
            JobState::AwaitingApproval => "awaiting_approval",
            JobState::Ready => "ready",
            JobState::Leased => "leased",
            JobState::Written => "written",
            JobState::Retrying => "retrying",
            JobState::Done => "done",
            JobState::Parked => "parked",
            JobState::Rejected => "rejected",
            JobState::RolledBack => "rolled_back",
        }
    }

    /// The state of that name; none when there is no such state.
    pub fn parse(word: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl JobEvent {
    /// The states it can happen in, as SQL lists them.
    pub(super) fn states_before(self) -> String {
        let from = JobState::ALL.into_iter().filter(|state| state.on(self).is_some());
        from.map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [JobEvent; 13] = [
        JobEvent::Validate,
        JobEvent::Release,
        JobEvent::Ask,
        JobEvent::Approve,
        JobEvent::Reject,
        JobEvent::Lease,
        JobEvent::Acknowledge,
        JobEvent::Verify,
        JobEvent::Fail,
        JobEvent::Park,
        JobEvent::Free,
        JobEvent::Repair,
        JobEvent::RollBack,
    ];

    #[test]
    fn the_straight_way_leads_from_proposed_to_verified() {
        let way = [
            JobEvent::Validate,
            JobEvent::Ask,
            JobEvent::Approve,
            JobEvent::Lease,
            JobEvent::Fail,
            JobEvent::Lease,
            JobEvent::Acknowledge,
            JobEvent::Verify,
        ];
        let end = way.into_iter().try_fold(JobState::Proposed, JobState::on);
        assert_eq!(end, Some(JobState::Done));
        assert_eq!(JobState::Done.on(JobEvent::RollBack), Some(JobState::RolledBack));
    }

    #[test]
    fn nothing_is_delivered_that_was_not_validated_nor_past_a_person_who_is_asked() {
        // Every way into a state from which a worker leases, searched backwards.
        for state in [JobState::Proposed, JobState::Validated, JobState::AwaitingApproval, JobState::Rejected] {
            assert_eq!(state.on(JobEvent::Lease), None, "{state:?}");
        }
        let only_way_out: Vec<_> =
            EVENTS.into_iter().filter(|event| JobState::AwaitingApproval.on(*event).is_some()).collect();
        assert_eq!(only_way_out, [JobEvent::Approve, JobEvent::Reject]);
    }

    #[test]
    fn a_no_and_a_roll_back_are_final_and_every_state_can_be_reached() {
        for state in [JobState::Rejected, JobState::RolledBack] {
            assert!(EVENTS.into_iter().all(|event| state.on(event).is_none()), "{state:?}");
        }
        let mut reached = vec![JobState::Proposed];
        while let Some(new) =
            reached.iter().flat_map(|s| EVENTS.map(|e| s.on(e))).flatten().find(|s| !reached.contains(s))
        {
            reached.push(new);
        }
        assert_eq!(reached.len(), JobState::ALL.len());
    }

    #[test]
    fn words_read_back() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str(), "one word everywhere");
        }
    }
}
