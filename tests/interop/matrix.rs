//! Which cells are called: every two values of any two columns meet in some call of a line (pairwise).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::cell::{Cell, LINES, Phone, Way};

/// The whole matrix.
pub fn cells() -> Vec<Cell> {
    LINES.iter().flat_map(|&(phone, way)| chosen(phone, way)).collect()
}

/// The fewest cells that were found, beginning at each in turn; of these the ones with most holds and keys.
fn chosen(phone: Phone, way: Way) -> Vec<Cell> {
    let mut all = possible(phone, way);
    let tries = all.clone().into_iter().map(|_| {
        all.rotate_left(1);
        greedy(&all)
    });
    let busy = |cells: &Vec<Cell>| cells.iter().filter(|cell| cell.hold && cell.keys).count();
    tries.min_by_key(|cells| (cells.len(), Reverse(busy(cells)))).unwrap_or_default()
}

/// Cells until every pair is met: each time the last of those that meet most new ones.
fn greedy(all: &[Cell]) -> Vec<Cell> {
    let mut unmet: BTreeSet<Pair> = all.iter().flat_map(pairs).collect();
    let mut chosen = Vec::new();
    while !unmet.is_empty() {
        let met = |cell: &Cell| pairs(cell).filter(|pair| unmet.contains(pair)).count();
        let best = all.iter().max_by_key(|cell| met(cell)).expect("a line has cells");
        pairs(best).for_each(|pair| _ = unmet.remove(&pair));
        chosen.push(*best);
    }
    chosen
}

fn possible(phone: Phone, way: Way) -> Vec<Cell> {
    let mut all = Vec::new();
    for &transport in phone.transports(way) {
        for &codec in phone.codecs() {
            for &protection in phone.protections() {
                for (hold, keys) in [(false, false), (false, true), (true, false), (true, true)] {
                    all.push(Cell { phone, way, transport, codec, protection, hold, keys });
                }
            }
        }
    }
    all
}

/// Two columns and their values.
type Pair = (usize, usize, usize, usize);

fn pairs(cell: &Cell) -> impl Iterator<Item = Pair> {
    let Cell { transport, codec, protection, hold, keys, .. } = *cell;
    let values = [transport as usize, codec as usize, protection as usize, usize::from(hold), usize::from(keys)];
    (0..values.len()).flat_map(move |one| (0..one).map(move |other| (one, values[one], other, values[other])))
}

#[test]
fn every_pair_is_met_in_few_calls() {
    let cells = cells();
    assert!(cells.len() <= CELLS_MAX, "{} cells", cells.len());
    for &(phone, way) in &LINES {
        let of_line = |cell: &&Cell| (cell.phone, cell.way) == (phone, way);
        let met: BTreeSet<Pair> = cells.iter().filter(of_line).flat_map(pairs).collect();
        let wanted: BTreeSet<Pair> = possible(phone, way).iter().flat_map(pairs).collect();
        assert_eq!(met, wanted, "{phone:?} {way:?}");
    }
}

/// What a run may take.
const CELLS_MAX: usize = 90;
