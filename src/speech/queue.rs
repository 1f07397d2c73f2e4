//! A bounded queue with two levels of urgency, for threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::error::Busy;

/// Urgent items overtake patient ones; within a level, first come first served.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
    capacity: usize,
}

struct State<T> {
    urgent: VecDeque<T>,
    patient: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    /// Room for `capacity` items.
    pub fn new(capacity: usize) -> Queue<T> {
        let state = State { urgent: VecDeque::new(), patient: VecDeque::new(), closed: false };
        Queue { state: Mutex::new(state), ready: Condvar::new(), capacity }
    }

    /// Adds an item. When full, an urgent one takes the place of the oldest patient one, which is dropped.
    pub fn push(&self, item: T, urgent: bool) -> Result<(), Busy> {
        let mut state = self.lock();
        if state.closed {
            return Err(Busy);
        }
        let mut displaced = None;
        if state.urgent.len() + state.patient.len() >= self.capacity {
            displaced = if urgent { state.patient.pop_front() } else { None };
            if displaced.is_none() {
                return Err(Busy);
            }
        }
        if urgent {
            state.urgent.push_back(item)
        } else {
            state.patient.push_back(item)
        }
        drop(state);
        // Dropped outside the lock: it may hold a closure of somebody else's.
        drop(displaced);
        self.ready.notify_one();
        Ok(())
    }

    /// Whether an urgent item waits.
    pub fn is_urgent(&self) -> bool {
        !self.lock().urgent.is_empty()
    }

    /// Waits for an item; none when closed.
    pub fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(item) = state.urgent.pop_front().or_else(|| state.patient.pop_front()) {
                return Some(item);
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends every [`Queue::pop`]; what still waits is dropped.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let left = (std::mem::take(&mut state.urgent), std::mem::take(&mut state.patient));
        drop(state);
        drop(left);
        self.ready.notify_all();
    }

    /// A panic elsewhere leaves the lists whole: they are only changed by single pushes and pops.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_overtakes_and_displaces() {
        let queue = Queue::new(2);
        queue.push(1, false).unwrap();
        queue.push(2, false).unwrap();
        assert_eq!(queue.push(3, false), Err(Busy));
        queue.push(4, true).unwrap();
        assert_eq!((queue.pop(), queue.pop()), (Some(4), Some(2)));
        queue.push(5, true).unwrap();
        queue.push(6, true).unwrap();
        assert_eq!(queue.push(7, true), Err(Busy));
        queue.close();
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.push(8, true), Err(Busy));
    }
}
