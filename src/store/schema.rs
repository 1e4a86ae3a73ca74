//! The tables as diesel sees them. Written by hand, because one description serves both databases;
//! a contract test compares it with what the migrations make.
#![expect(missing_docs, reason = "diesel generates a module per table and a type per column")]

pub use super::schema_of_pages::{openings, preferences, saved_views, sessions};

diesel::table! {
    requests (org_id, request_id) {
        org_id -> Text,
        request_id -> Binary,
        request_type -> Text,
        type_version -> Binary,
        state -> Text,
        version -> BigInt,
        attempts -> BigInt,
        digest -> Binary,
        host -> Text,
        maker_iss -> Text,
        maker_sub -> Text,
        maker_user_id -> Text,
        maker_user_name -> Text,
        maker_key -> Text,
        till_id -> Text,
        store_id -> Text,
        zone_id -> Text,
        concept_id -> Text,
        started_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        terms -> Text,
        subject -> Nullable<Text>,
        waits_for -> Text,
        sort_at -> BigInt,
        execute_before -> Nullable<BigInt>,
        repeat_key -> Nullable<Text>,
        open_attempt -> Bool,
        ambiguous -> BigInt,
        next_attempt_at -> Nullable<BigInt>,
        next_attempt_reason -> Nullable<Text>,
        outcome_attempt -> Nullable<BigInt>,
        inferred -> Bool,
        settlement_words -> BigInt,
        repeat_of -> Nullable<Binary>,
        repeated_by -> Nullable<Binary>,
        probes -> BigInt,
        last_probe -> Nullable<Text>,
        revision -> BigInt,
        revised_at -> Nullable<BigInt>,
        send_backs -> BigInt,
        comments -> BigInt,
    }
}

diesel::table! {
    calls (org_id, request_id, revision) {
        org_id -> Text,
        request_id -> Binary,
        revision -> BigInt,
        label -> Text,
        read_bytes -> BigInt,
        packed -> Binary,
    }
}

diesel::table! {
    decisions (org_id, request_id, revision, person_key) {
        org_id -> Text,
        request_id -> Binary,
        revision -> BigInt,
        person_key -> Text,
        iss -> Text,
        sub -> Text,
        user_id -> Text,
        user_name -> Text,
        verdict -> Text,
        message -> Text,
        digest -> Binary,
        decided_at -> BigInt,
        number -> BigInt,
        stage -> BigInt,
        capacities -> Text,
        act -> Text,
        opened_at -> Nullable<BigInt>,
        unopened -> Bool,
    }
}

diesel::table! {
    send_backs (org_id, request_id, revision) {
        org_id -> Text,
        request_id -> Binary,
        revision -> BigInt,
        person_key -> Text,
        iss -> Text,
        sub -> Text,
        user_id -> Text,
        user_name -> Text,
        message -> Text,
        fields -> Text,
        sent_at -> BigInt,
        stage -> BigInt,
        capacities -> Text,
        act -> Text,
    }
}

diesel::table! {
    revisions (org_id, request_id, revision) {
        org_id -> Text,
        request_id -> Binary,
        revision -> BigInt,
        submitted_at -> BigInt,
        type_version -> Binary,
        digest -> Binary,
        host -> Text,
        till_id -> Text,
        store_id -> Text,
        zone_id -> Text,
        concept_id -> Text,
        terms -> Text,
        subject -> Nullable<Text>,
        repeat_key -> Nullable<Text>,
    }
}

diesel::table! {
    settlement_words (org_id, request_id, number) {
        org_id -> Text,
        request_id -> Binary,
        number -> BigInt,
        person_key -> Text,
        iss -> Text,
        sub -> Text,
        user_id -> Text,
        user_name -> Text,
        outcome -> Text,
        evidence -> Text,
        said_at -> BigInt,
        capacities -> Text,
        act -> Text,
        settles -> Bool,
    }
}

diesel::table! {
    executions (org_id, request_id) {
        org_id -> Text,
        request_id -> Binary,
        host -> Text,
        state -> Text,
        token -> BigInt,
        node -> Nullable<Text>,
        leased_until -> Nullable<BigInt>,
        queued_at -> BigInt,
        due_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        purpose -> Text,
        probe_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (org_id, request_id, attempt) {
        org_id -> Text,
        request_id -> Binary,
        attempt -> BigInt,
        token -> BigInt,
        started_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    answers (org_id, request_id, attempt) {
        org_id -> Text,
        request_id -> Binary,
        attempt -> BigInt,
        status -> BigInt,
        headers -> Binary,
        body -> Binary,
        head_bytes -> BigInt,
        body_bytes -> BigInt,
        cut -> Bool,
        warnings -> Text,
    }
}

diesel::table! {
    events (org_id, event_id) {
        org_id -> Text,
        event_id -> Binary,
        request_id -> Nullable<Binary>,
        seq -> Nullable<BigInt>,
        format -> BigInt,
        at -> BigInt,
        #[sql_name = "type"]
        event_type -> Text,
        actor_iss -> Text,
        actor_sub -> Text,
        actor_user_id -> Text,
        actor_user_name -> Text,
        actor_token_id -> Nullable<Binary>,
        actor_address -> Nullable<Text>,
        via -> Nullable<Text>,
        from_state -> Nullable<Text>,
        to_state -> Nullable<Text>,
        message -> Nullable<Text>,
        digest -> Nullable<Binary>,
        attempt -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        reference -> Binary,
        data -> Text,
        revision -> Nullable<BigInt>,
    }
}

diesel::table! {
    refusals (org_id, refusal_id) {
        org_id -> Text,
        refusal_id -> Text,
        at -> BigInt,
        minute -> BigInt,
        is_overflow -> Bool,
        iss -> Text,
        sub -> Text,
        user_id -> Text,
        user_name -> Text,
        person_key -> Text,
        request_type -> Text,
        codes -> Text,
        digest -> Nullable<Text>,
        reference -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    types_in_force (request_type) {
        request_type -> Text,
        version -> Text,
        file -> Nullable<Text>,
    }
}

diesel::table! {
    people_in_force (name) {
        name -> Text,
        digest -> Text,
    }
}

diesel::table! {
    type_versions (version) {
        version -> Text,
        request_type -> Text,
        definition -> Text,
        first_at -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    submission_keys (org_id, key) {
        org_id -> Text,
        key -> Text,
        request_id -> Binary,
        person_key -> Text,
        digest -> Binary,
    }
}

diesel::table! {
    usage_counters (org_id, request_type, counter, who, window_start) {
        org_id -> Text,
        request_type -> Text,
        counter -> Text,
        who -> Text,
        window_start -> BigInt,
        count -> BigInt,
        sum -> Text,
    }
}

diesel::table! {
    clients (client_id) {
        client_id -> Text,
        org_id -> Text,
        name -> Text,
        kind -> Text,
        secret -> Text,
        access_groups -> Text,
        changed -> BigInt,
        created_at -> BigInt,
        rotated_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        refusals -> BigInt,
    }
}

diesel::table! {
    client_tokens (token_digest) {
        token_digest -> Text,
        client_id -> Text,
        client_changed -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    pauses (host) {
        host -> Text,
        reason -> Text,
        by -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    outbox (position) {
        position -> BigInt,
        org_id -> Text,
        request_id -> Binary,
        seq -> BigInt,
        request_type -> Text,
        event_type -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    deliveries (org_id, delivery_id) {
        org_id -> Text,
        delivery_id -> Text,
        subscription -> Text,
        request_id -> Binary,
        seq -> BigInt,
        request_type -> Text,
        event_type -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        created_at -> BigInt,
        state -> Text,
        attempts -> BigInt,
        due_at -> BigInt,
        leased_until -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery_attempts (org_id, delivery_id, attempt) {
        org_id -> Text,
        delivery_id -> Text,
        attempt -> BigInt,
        ended_at -> BigInt,
        duration_ms -> BigInt,
        status -> Nullable<BigInt>,
        reason -> Text,
        answer -> Text,
    }
}

diesel::table! {
    failing_subscriptions (subscription) {
        subscription -> Text,
        url -> Text,
        failing_since -> BigInt,
        switched_off_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    schema_digest (digest) {
        digest -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(type_versions, types_in_force);

diesel::allow_tables_to_appear_in_same_query!(
    requests, calls, decisions, executions, attempts, answers, events, refusals,
);
