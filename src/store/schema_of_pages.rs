//! The tables of what only the pages keep, as diesel sees them.
#![expect(missing_docs, reason = "diesel generates a module per table and a type per column")]

diesel::table! {
    sessions (session_id) {
        session_id -> Text,
        user_id -> Text,
        claims -> Text,
        org_id -> Text,
        signed_in_at -> Nullable<BigInt>,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    openings (org_id, request_id, person_key) {
        org_id -> Text,
        request_id -> Binary,
        person_key -> Text,
        iss -> Text,
        sub -> Text,
        user_id -> Text,
        user_name -> Text,
        revision -> BigInt,
        first_at -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    preferences (iss, user_id) {
        iss -> Text,
        user_id -> Text,
        time_zone -> Text,
    }
}

diesel::table! {
    saved_views (org_id, iss, user_id, name) {
        org_id -> Text,
        iss -> Text,
        user_id -> Text,
        name -> Text,
        path -> Text,
    }
}
