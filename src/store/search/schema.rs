//! The tables of search as diesel sees them. The words themselves are in `search_words`, which is another kind of table
//! in each database.
#![expect(missing_docs, reason = "diesel generates a module per table and a type per column")]

diesel::table! {
    search_backlogs (node) {
        node -> Text,
        since -> BigInt,
        renewed_at -> BigInt,
    }
}

diesel::table! {
    search_documents (document) {
        document -> BigInt,
        org_id -> Text,
        request_id -> Binary,
    }
}
