//! Nobody can compute what is withheld, not even who knows this program.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

use Matter::{General, T4};

#[test]
fn the_57_workers_of_amman() {
    // Given what the centre in Amman published in percent: 57 workers, of whom 27, 17, 11 and 2 asked for something
    let assistance = publish(&[27, 17, 11, 2], General);
    // Then the 2 is withheld, and the 11 with it, or 57 - 27 - 17 - 11 would give it back
    assert_eq!(assistance, Published { cells: vec![Some(27), Some(17), None, None], total: Some(57) });
    // 44 women and 13 men may be said
    assert_eq!(publish(&[44, 13], General), Published { cells: vec![Some(44), Some(13)], total: Some(57) });
    // The complaints are T4, violence and childbirth among them: 9 and 6 are withheld, and neither follows from the 15 that they are together
    assert_eq!(publish(&[28, 14, 9, 6], T4), Published { cells: vec![Some(28), Some(14), None, None], total: Some(57) });
    // Violence by sex is not said, whatever the numbers are
    let by_sex = |matter, columns: &[u64]| Split { published: true, matter, columns: columns.to_vec() };
    assert!(!shown(&[by_sex(T4, &[28, 16]), by_sex(General, &[16, 13]), by_sex(T4, &[30, 20])])[0]);
}

#[test]
fn zero_of_t4_is_small_and_zero_of_others_is_not() {
    assert_eq!(publish(&[20, 0], General).cells, [Some(20), Some(0)]);
    assert_eq!(publish(&[20, 0], T4).cells, [None, None]);
    assert_eq!(publish(&[0], T4), Published { cells: vec![None], total: None });
    assert_eq!(publish(&[0, 0], General), Published { cells: vec![Some(0), Some(0)], total: Some(0) });
    assert_eq!(publish(&[3], General), Published { cells: vec![None], total: None });
    // Fours and ones are told by their sum, and so another goes with them
    assert_eq!(publish(&[4, 4, 9, 20], General).cells, [None, None, None, Some(20)]);
    assert_eq!(publish(&[4, 3, 9, 20], General).cells, [None, None, Some(9), Some(20)]);
    // Of two that are as small as each other both go: which one went would tell the first
    assert_eq!(publish(&[3, 5, 5], General).cells, [None, None, None]);
}

/// Every table of so many cells with so many people at most.
fn tables(cells: usize, people_max: u64) -> Vec<Vec<u64>> {
    if cells == 0 {
        return vec![Vec::new()];
    }
    let with = |first: u64| tables(cells - 1, people_max - first).into_iter().map(move |rest| [&[first][..], &rest].concat());
    (0..=people_max).flat_map(with).collect()
}

#[test]
fn whoever_knows_the_program_and_sees_a_table_cannot_tell_any_withheld_cell() {
    let shapes =
        [(General, 1, 40), (General, 2, 60), (General, 3, 40), (General, 4, 28), (General, 5, 20), (T4, 1, 40), (T4, 2, 90), (T4, 3, 50)];
    for (matter, cells, people_max) in shapes {
        let mut looks_like: BTreeMap<Published, Vec<Vec<u64>>> = BTreeMap::new();
        for table in tables(cells, people_max) {
            looks_like.entry(publish(&table, matter)).or_default().push(table);
        }
        for (published, tables) in looks_like {
            for (at, _) in published.cells.iter().enumerate().filter(|(_, cell)| cell.is_none()) {
                let told = tables.iter().all(|table| table[at] == tables[0][at]);
                assert!(!told, "{matter:?}: {published:?} can only be {:?}", tables[0]);
            }
        }
    }
}

/// Every way in which hidden rows of two columns can be filled, where their sums and the sum of the first column are known.
fn fillings(sums: &[u64], first: u64) -> Vec<Vec<u64>> {
    let Some((sum, rest)) = sums.split_first() else { return if first == 0 { vec![Vec::new()] } else { Vec::new() } };
    let mut all = Vec::new();
    for here in 0..=first.min(*sum) {
        all.extend(fillings(rest, first - here).into_iter().map(|rest| [&[here][..], &rest].concat()));
    }
    all
}

proptest! {
    #[test]
    fn a_published_table_says_nothing_small_and_solves_for_nothing(counts in prop::collection::vec(0_u64..40, 1..8), t4 in any::<bool>()) {
        let matter = if t4 { T4 } else { General };
        let published = publish(&counts, matter);
        for (count, published) in counts.iter().zip(&published.cells) {
            prop_assert!(published.is_none_or(|said| said == *count && !matter.is_small(said)));
        }
        let withheld = published.cells.iter().filter(|cell| cell.is_none()).count();
        if published.total.is_some() {
            prop_assert!(withheld != 1, "one unknown in one sum is no unknown");
        }
        let any_small = counts.iter().any(|count| matter.is_small(*count)) || matter.is_small(counts.iter().sum());
        prop_assert_eq!(withheld > 0, any_small, "nothing is withheld without a reason");
    }

    #[test]
    fn the_hidden_rows_of_a_table_by_sex_do_not_follow_from_its_sums(rows in prop::collection::vec((0_u64..16, 0_u64..16, any::<bool>()), 1..5)) {
        let rows: Vec<Split> =
            rows.into_iter().map(|(one, other, published)| Split { published, matter: General, columns: vec![one, other] }).collect();
        let shown = shown(&rows);
        prop_assert!(rows.iter().zip(&shown).all(|(row, shown)| !shown || row.columns.iter().all(|count| !General.is_small(*count))));
        if shown.contains(&true) {
            let hidden: Vec<&Split> = rows.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(row, _)| row).collect();
            let sums: Vec<u64> = hidden.iter().map(|row| row.columns.iter().sum()).collect();
            let first = hidden.iter().map(|row| row.columns[0]).sum();
            let second: u64 = hidden.iter().map(|row| row.columns[1]).sum();
            let fillings = fillings(&sums, first);
            for (at, sum) in sums.iter().enumerate() {
                // A row with nobody in it, or a column with nobody in it, hides nothing.
                let open = fillings.iter().any(|filling| filling[at] != fillings[0][at]);
                prop_assert!(*sum == 0 || first == 0 || second == 0 || open, "{:?}", rows);
            }
        }
    }
}
