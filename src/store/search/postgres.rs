//! The words on PostgreSQL: a `tsvector`, made of keys as they are, under a GIN index.
//!
//! A GIN index finds everything that fits, in no order. So that the newest of many matches cost no more than they are
//! worth, each document has, beside its words, the blocks in which its number lies: one of 4,096 documents, of 16,384, and
//! so on. A search goes through the last blocks first, then through larger and larger ones before them, until it has
//! enough. The index skips what is not in the block that is asked for.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use super::expression::Syntax;
use super::matches::Match;
use crate::domain::search::{Sought, Term};

/// A block of the first level has 2 to the power of this many documents.
const FIRST_BITS: u32 = 12;
/// One of the next level has 2 to the power of this many blocks.
const LEVEL_BITS: u32 = 2;
/// Beyond the last level a search goes through everything that is left.
const LEVELS: u32 = 8;

/// No word has this sign.
const BLOCK: char = '\u{e010}';

fn block(level: u32, number: i64) -> String {
    format!("{BLOCK}{level}x{number:x}")
}

fn bits(level: u32) -> u32 {
    FIRST_BITS + level * LEVEL_BITS
}

pub(super) fn write(conn: &mut PgConnection, documents: &[(i64, &str)]) -> QueryResult<()> {
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    for (document, text) in documents {
        let blocks = (0..LEVELS).map(|level| format!(" {}", block(level, document >> bits(level))));
        numbers.push(*document);
        words.push(blocks.fold((*text).to_owned(), |text, block| text + &block));
    }
    sql_query(
        "INSERT INTO search_words (document, words) \
         SELECT unnest($1), array_to_tsvector(string_to_array(unnest($2), ' ')) \
         ON CONFLICT (document) DO UPDATE SET words = excluded.words",
    )
    .bind::<Array<BigInt>, _>(numbers)
    .bind::<Array<Text>, _>(words)
    .execute(conn)?;
    Ok(())
}

/// Ordered by a sum, so that the planner does not walk over the documents and look at the words of each.
const NEWEST: &str = "SELECT search_documents.document AS document, search_documents.request_id AS request_id \
     FROM (SELECT document FROM search_words WHERE words @@ $1::tsquery AND document + 0 < $2 \
           ORDER BY document + 0 DESC LIMIT $3) AS found \
     JOIN search_documents ON search_documents.document = found.document ORDER BY search_documents.document DESC";

pub(super) fn newest(
    conn: &mut PgConnection,
    sought: &Sought,
    before: i64,
    limit: i64,
) -> QueryResult<Vec<Match>> {
    use diesel::connection::SimpleConnection;
    // Only for this transaction: the index is always right.
    conn.batch_execute("SET LOCAL enable_seqscan = off")?;
    let mut found: Vec<Match> = Vec::new();
    for blocks in walk(before - 1) {
        let left = limit - i64::try_from(found.len()).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        let term = |key| Sought::One(Term::exact(key));
        let blocks = Sought::Any(blocks.into_iter().map(term).collect());
        let expression = SYNTAX.express(&Sought::All(vec![blocks, sought.clone()]));
        let query = sql_query(NEWEST).bind::<Text, _>(expression);
        found.extend(query.bind::<BigInt, _>(before).bind::<BigInt, _>(left).load::<Match>(conn)?);
    }
    Ok(found)
}

/// The blocks of all documents up to this one, in steps from the newest to the oldest; no document is in two of them.
fn walk(last: i64) -> Vec<Vec<String>> {
    if last < 0 {
        return Vec::new();
    }
    let mut steps = Vec::new();
    // The first block of a level that is behind what was walked already.
    let mut end = (last >> FIRST_BITS) + 1;
    for level in 0..LEVELS {
        let is_top = level + 1 == LEVELS;
        let parent = if is_top { 0 } else { (end - 1).max(0) >> LEVEL_BITS };
        let begin = if is_top { 0 } else { parent << LEVEL_BITS };
        if begin < end {
            steps.push((begin..end).map(|number| block(level, number)).collect());
        }
        end = parent;
        if end == 0 {
            break;
        }
    }
    steps
}

/// What is sought as a `tsquery`. Every key is quoted.
const SYNTAX: Syntax = Syntax { all: " & ", any: " | ", term };

fn term(Term { key, is_beginning }: &Term) -> String {
    let end = if *is_beginning { "':*" } else { "'" };
    format!("'{}{end}", key.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The documents of a block, by its name.
    fn documents(name: &str) -> std::ops::Range<i64> {
        let (level, number) = name.trim_start_matches(BLOCK).split_once('x').unwrap();
        let (level, number) = (level.parse::<u32>().unwrap(), i64::from_str_radix(number, 16).unwrap());
        (number << bits(level))..((number + 1) << bits(level))
    }

    #[test]
    fn a_walk_over_nothing_has_no_steps() {
        assert!(walk(-1).is_empty());
        assert_eq!(walk(0), [[block(0, 0)]]);
    }

    proptest! {
        #[test]
        fn a_walk_meets_every_document_once_and_the_newest_first(last in 0_i64..200_000_000) {
            let steps = walk(last);
            prop_assert!(steps.len() <= usize::try_from(LEVELS).unwrap());
            let mut above = i64::MAX;
            for step in &steps {
                let mut ranges: Vec<_> = step.iter().map(|name| documents(name)).collect();
                ranges.sort_by_key(|range| range.start);
                let names: BTreeSet<&String> = step.iter().collect();
                prop_assert_eq!(names.len(), step.len());
                let (first, end) = (ranges[0].start, ranges[ranges.len() - 1].end);
                prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
                prop_assert!(above == i64::MAX || end == above, "{end} {above}");
                above = first;
            }
            prop_assert_eq!(above, 0);
            let newest = steps[0].iter().map(|name| documents(name).end).max().unwrap();
            prop_assert!(newest > last && newest - last <= 1 << FIRST_BITS);
        }
    }
}
