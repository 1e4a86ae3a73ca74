-- Times are microseconds since 1970 in UTC. The org comes first in every key. Ids of requests and events are their
-- 16 bytes, digests of calls their 32 bytes; versions of types, references and ids of tokens are bytes as
-- `src/store/compact_text.rs` says. Numbers stand first where a request has a row: PostgreSQL begins each at a multiple
-- of 8 bytes, so that one after a text takes up to 7 more.

-- One row per request: its current state, the fold of its events. Small on purpose; what is sent and
-- what came back are in separate tables, so that sealing and retention never touch this one.
-- `terms` is JSON: the rule that applied and its risk, the summary, the amount, the
-- accounts behind the maker, the counters it counts in. `waits_for` names the capacities that can sign now,
-- sorted, one a line; '' if it waits for no one. `sort_at` orders the inbox. `attempts` counts those that began,
-- `ambiguous` those of which nobody knows what became of them; `open_attempt` says whether one is under way.
-- `outcome_attempt` is the attempt that decided the outcome; `inferred` if only a repeat's answer shows it.
-- `settlement_words` counts what people said about its unknown outcome, `probes` how often its target was asked.
-- `revision` numbers what the maker submitted: it is 1 until a checker sent the request back and the maker resubmitted
-- it, at `revised_at`; `send_backs` counts how often it was sent back, `comments` the comments on it. Type version,
-- digest, host, entities, terms, subject and repeat key are those of the present revision.
-- `repeat_of` names the request that this one submits again, `repeated_by` the one as which it was submitted again.
CREATE TABLE requests (
    version         BIGINT NOT NULL CHECK (version > 0),
    attempts        BIGINT NOT NULL CHECK (attempts >= 0),
    started_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    sort_at         BIGINT NOT NULL,
    ambiguous       BIGINT NOT NULL DEFAULT 0 CHECK (ambiguous >= 0),
    settlement_words BIGINT NOT NULL DEFAULT 0 CHECK (settlement_words >= 0),
    probes          BIGINT NOT NULL DEFAULT 0 CHECK (probes >= 0),
    revision        BIGINT NOT NULL DEFAULT 1 CHECK (revision > 0),
    send_backs      BIGINT NOT NULL DEFAULT 0,
    comments        BIGINT NOT NULL DEFAULT 0 CHECK (comments >= 0),
    ended_at        BIGINT,
    execute_before  BIGINT,
    next_attempt_at BIGINT,
    outcome_attempt BIGINT,
    revised_at      BIGINT,
    open_attempt    BOOLEAN NOT NULL DEFAULT FALSE,
    inferred        BOOLEAN NOT NULL DEFAULT FALSE,
    org_id          TEXT COLLATE "C" NOT NULL,
    request_id      BYTEA NOT NULL,
    request_type    TEXT COLLATE "C" NOT NULL,
    type_version    BYTEA NOT NULL,
    state           TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('AdminTask', 'sent_back', 'approved', 'executed', 'failed', 'unknown',
                         'rejected', 'withdrawn', 'expired')),
    digest          BYTEA NOT NULL,
    host            TEXT COLLATE "C" NOT NULL,
    maker_iss       TEXT COLLATE "C" NOT NULL,
    maker_sub       TEXT COLLATE "C" NOT NULL,
    maker_user_id   TEXT COLLATE "C" NOT NULL,
    maker_user_name TEXT COLLATE "C" NOT NULL,
    maker_key       TEXT COLLATE "C" NOT NULL,
    till_id         TEXT COLLATE "C" NOT NULL,
    store_id        TEXT COLLATE "C" NOT NULL,
    zone_id         TEXT COLLATE "C" NOT NULL,
    concept_id      TEXT COLLATE "C" NOT NULL,
    terms           TEXT COLLATE "C" NOT NULL,
    subject         TEXT COLLATE "C",
    waits_for       TEXT COLLATE "C" NOT NULL,
    repeat_key      TEXT COLLATE "C",
    next_attempt_reason TEXT COLLATE "C",
    repeat_of       BYTEA,
    repeated_by     BYTEA,
    last_probe      TEXT COLLATE "C" CHECK (last_probe IN ('happened', 'did_not_happen', 'cannot_tell')),
    PRIMARY KEY (org_id, request_id),
    CONSTRAINT requests_revisions_add_up CHECK (
        (revised_at IS NULL) = (revision = 1) AND send_backs IN (revision - 1, revision)
        AND (send_backs = revision - 1 OR state IN ('sent_back', 'withdrawn', 'expired'))
        AND (state <> 'sent_back' OR (send_backs = revision AND waits_for = ''))),
    CONSTRAINT requests_final_has_end CHECK (
        (state IN ('executed', 'failed', 'rejected', 'withdrawn', 'expired')) = (ended_at IS NOT NULL)),
    CONSTRAINT requests_attempt_needs_approval CHECK (
        attempts = 0 OR state IN ('approved', 'executed', 'failed', 'unknown', 'withdrawn')),
    CONSTRAINT requests_attempts_add_up CHECK (
        ambiguous + CAST(open_attempt AS INTEGER) <= attempts AND (outcome_attempt IS NULL OR outcome_attempt <= attempts)),
    CONSTRAINT requests_next_attempt_is_to_come CHECK (
        (next_attempt_at IS NULL) = (next_attempt_reason IS NULL)
        AND (next_attempt_at IS NULL OR (state = 'approved' AND NOT open_attempt))),
    CONSTRAINT requests_repeated_has_ended CHECK (
        repeated_by IS NULL OR state IN ('failed', 'rejected', 'withdrawn', 'expired'))
);
CREATE INDEX requests_by_start ON requests (org_id, started_at, request_id);
CREATE INDEX requests_by_end ON requests (org_id, ended_at, request_id) WHERE ended_at IS NOT NULL;
CREATE INDEX requests_not_ended ON requests (org_id, request_id) WHERE ended_at IS NULL;
CREATE INDEX requests_by_maker ON requests (org_id, maker_key, started_at, request_id);
CREATE INDEX requests_waiting ON requests (expires_at) WHERE state = 'AdminTask';
CREATE INDEX requests_sent_back ON requests (expires_at) WHERE state = 'sent_back';
CREATE INDEX requests_inbox ON requests (org_id, waits_for, sort_at, request_id) WHERE state = 'AdminTask';
CREATE INDEX requests_by_subject ON requests (org_id, subject, started_at, request_id) WHERE subject IS NOT NULL;
CREATE INDEX requests_approved ON requests (execute_before) WHERE state = 'approved';
CREATE INDEX requests_unknown ON requests (state) WHERE state = 'unknown';
-- The id by which a target recognises a repeat belongs to one open request.
CREATE UNIQUE INDEX requests_open_repeat_key ON requests (org_id, host, repeat_key)
    WHERE repeat_key IS NOT NULL AND state IN ('AdminTask', 'sent_back', 'approved', 'unknown');
-- A request is submitted again once.
CREATE UNIQUE INDEX requests_repeated_once ON requests (org_id, repeat_of) WHERE repeat_of IS NOT NULL;
CREATE INDEX requests_sent_repeat_key ON requests (org_id, host, repeat_key)
    WHERE repeat_key IS NOT NULL AND attempts > 0;

-- What is sent and the echo that people were shown, packed together; `src/store/stored_call.rs` says how. `read_bytes` is how many bytes a reader gets of it. One row a revision; never updated.
CREATE TABLE calls (
    revision   BIGINT NOT NULL DEFAULT 1,
    read_bytes BIGINT NOT NULL,
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    label      TEXT COLLATE "C" NOT NULL,
    packed     BYTEA NOT NULL,
    PRIMARY KEY (org_id, request_id, revision)
);
-- It is compressed already.
ALTER TABLE calls ALTER COLUMN packed SET STORAGE EXTERNAL;

-- At most one decision per person and revision; a trigger refuses the maker's own, and one whose digest is not that of
-- its revision. `number` counts the decisions on a revision from 0. `stage` and `capacities` say what the person signed as; `act` is their token's act chain.
-- `opened_at` is when they first opened the page of that revision, where the pages know it; `unopened` says that they
-- decided it in the pages together with others and had not.
CREATE TABLE decisions (
    revision   BIGINT NOT NULL DEFAULT 1,
    decided_at BIGINT NOT NULL,
    number     BIGINT NOT NULL CHECK (number >= 0),
    stage      BIGINT NOT NULL CHECK (stage >= 0),
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    person_key TEXT COLLATE "C" NOT NULL,
    iss        TEXT COLLATE "C" NOT NULL,
    sub        TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    user_name  TEXT COLLATE "C" NOT NULL,
    verdict    TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    message    TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL,
    capacities TEXT COLLATE "C" NOT NULL,
    act        TEXT COLLATE "C" NOT NULL,
    opened_at  BIGINT,
    unopened   BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (org_id, request_id, revision, person_key),
    CONSTRAINT decisions_read_in_one_way CHECK (NOT unopened OR opened_at IS NULL),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);
CREATE INDEX decisions_by_person ON decisions (org_id, person_key, decided_at, request_id);
CREATE INDEX decisions_by_sub ON decisions (org_id, lower(sub), decided_at, request_id);
CREATE INDEX decisions_by_user ON decisions (org_id, user_id, decided_at, request_id);

-- That a checker sent a revision back to its maker, and what is to be changed; `fields` are JSON pointers into the
-- submission, as a JSON array. `stage`, `capacities` and `act` as in `decisions`. A trigger refuses the maker's own.
CREATE TABLE send_backs (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    revision   BIGINT NOT NULL CHECK (revision > 0),
    person_key TEXT COLLATE "C" NOT NULL,
    iss        TEXT COLLATE "C" NOT NULL,
    sub        TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    user_name  TEXT COLLATE "C" NOT NULL,
    message    TEXT COLLATE "C" NOT NULL,
    fields     TEXT COLLATE "C" NOT NULL,
    sent_at    BIGINT NOT NULL,
    stage      BIGINT NOT NULL CHECK (stage >= 0),
    capacities TEXT COLLATE "C" NOT NULL,
    act        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, request_id, revision),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);

-- The revisions that later ones took the place of: what stood in `requests` while each was the present one. Their calls,
-- decisions and send-backs are in those tables.
CREATE TABLE revisions (
    org_id       TEXT COLLATE "C" NOT NULL,
    request_id   BYTEA NOT NULL,
    revision     BIGINT NOT NULL CHECK (revision > 0),
    submitted_at BIGINT NOT NULL,
    type_version BYTEA NOT NULL,
    digest       BYTEA NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    till_id      TEXT COLLATE "C" NOT NULL,
    store_id     TEXT COLLATE "C" NOT NULL,
    zone_id      TEXT COLLATE "C" NOT NULL,
    concept_id   TEXT COLLATE "C" NOT NULL,
    terms        TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C",
    repeat_key   TEXT COLLATE "C",
    PRIMARY KEY (org_id, request_id, revision),
    FOREIGN KEY (org_id, request_id, revision) REFERENCES send_backs (org_id, request_id, revision)
);

-- What people say about an outcome that nobody knows, and how they know it. `number` counts the words on a request from
-- 0. `capacities` says what the person signed as; `act` is their token's act chain. `settles` marks the second of two
-- equal words. A trigger refuses the maker's own, and a settlement by one account alone.
CREATE TABLE settlement_words (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    number     BIGINT NOT NULL CHECK (number >= 0),
    person_key TEXT COLLATE "C" NOT NULL,
    iss        TEXT COLLATE "C" NOT NULL,
    sub        TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    user_name  TEXT COLLATE "C" NOT NULL,
    outcome    TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('executed', 'failed')),
    evidence   TEXT COLLATE "C" NOT NULL,
    said_at    BIGINT NOT NULL,
    capacities TEXT COLLATE "C" NOT NULL,
    act        TEXT COLLATE "C" NOT NULL,
    settles    BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, request_id, number),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);

-- One execution per approved request; `token` fences off a worker that lost its lease. It is claimed from `due_at`
-- on; `leased_until` is by the database's clock. For the `purpose` 'probe' its target is asked what became of the call,
-- again until `probe_until`.
CREATE TABLE executions (
    token        BIGINT NOT NULL CHECK (token >= 0),
    queued_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT,
    ended_at     BIGINT,
    probe_until  BIGINT,
    org_id       TEXT COLLATE "C" NOT NULL,
    request_id   BYTEA NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'claimed', 'ended')),
    node         TEXT COLLATE "C",
    outcome      TEXT COLLATE "C" CHECK (outcome IN ('executed', 'failed', 'unknown')),
    purpose      TEXT COLLATE "C" NOT NULL DEFAULT 'call' CHECK (purpose IN ('call', 'probe')),
    PRIMARY KEY (org_id, request_id),
    CONSTRAINT executions_probe_has_end CHECK ((purpose = 'probe') = (probe_until IS NOT NULL)),
    CONSTRAINT executions_claimed_has_lease CHECK (
        (state = 'claimed') = (leased_until IS NOT NULL) AND (leased_until IS NULL) = (node IS NULL)),
    CONSTRAINT executions_ended_has_end CHECK (
        (state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (outcome IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);
CREATE INDEX executions_queued ON executions (host, org_id, due_at) WHERE state = 'queued';
CREATE INDEX executions_claimed ON executions (leased_until) WHERE state = 'claimed';

-- Numbered sends of an execution; committed before the first byte leaves.
CREATE TABLE attempts (
    attempt    BIGINT NOT NULL CHECK (attempt > 0),
    token      BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    outcome    TEXT COLLATE "C"
        CHECK (outcome IN ('executed', 'failed', 'not_sent', 'not_done', 'already_done', 'ambiguous')),
    reason     TEXT COLLATE "C",
    PRIMARY KEY (org_id, request_id, attempt),
    CONSTRAINT attempts_end_is_whole CHECK (
        (ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (reason IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES executions (org_id, request_id)
);

-- The target's raw answer to an attempt. `headers` (JSON) and `body` are packed as `src/store/packing.rs` says;
-- `head_bytes` is the length of the headers and the warnings, `body_bytes` that of the body. `warnings` is JSON.
CREATE TABLE answers (
    attempt    BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    head_bytes BIGINT NOT NULL,
    body_bytes BIGINT NOT NULL,
    cut        BOOLEAN NOT NULL,
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    headers    BYTEA NOT NULL,
    body       BYTEA NOT NULL,
    warnings   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, request_id, attempt),
    FOREIGN KEY (org_id, request_id, attempt) REFERENCES attempts (org_id, request_id, attempt)
);

-- The audit trail: what happened, by whom, in which order. Rows are only ever added. A request's first row, of the type
-- 'submitted', stands for its first three events: that it was submitted and passed both checks. `to_state` is then the
-- state after all three. What was submitted stands in `requests` and `revisions` only; of its digest only decisions
-- keep a copy. `revision` is the one that was the present one after it; NULL for the first. The row of an approval with an attempt's number stands for the start of that attempt as well.
CREATE TABLE events (
    format          BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    seq             BIGINT,
    attempt         BIGINT,
    revision        BIGINT CHECK (revision > 1),
    org_id          TEXT COLLATE "C" NOT NULL,
    event_id        BYTEA NOT NULL,
    request_id      BYTEA,
    type            TEXT COLLATE "C" NOT NULL,
    actor_iss       TEXT COLLATE "C" NOT NULL,
    actor_sub       TEXT COLLATE "C" NOT NULL,
    actor_user_id   TEXT COLLATE "C" NOT NULL,
    actor_user_name TEXT COLLATE "C" NOT NULL,
    actor_token_id  BYTEA,
    actor_address   TEXT COLLATE "C",
    via             TEXT COLLATE "C",
    from_state      TEXT COLLATE "C",
    to_state        TEXT COLLATE "C",
    message         TEXT COLLATE "C",
    digest          BYTEA,
    outcome         TEXT COLLATE "C",
    reference       BYTEA NOT NULL,
    data            TEXT COLLATE "C" NOT NULL,
    -- The only index that every event is in: a third of a submission's cost was its index entries. The change
    -- feed finds submissions by `requests_by_start` instead.
    UNIQUE (org_id, request_id, seq),
    CONSTRAINT events_numbered_per_request CHECK ((request_id IS NULL) = (seq IS NULL))
);
CREATE INDEX events_by_type ON events (org_id, type, event_id, at);
CREATE INDEX events_by_person ON events (org_id, actor_user_id, type, event_id, at)
    WHERE actor_iss <> 'countersign';
CREATE INDEX events_begun ON events (org_id, event_id, at) WHERE type = 'approved' AND attempt IS NOT NULL;
CREATE UNIQUE INDEX events_of_no_request ON events (org_id, event_id) WHERE request_id IS NULL;

-- Submissions that were refused: who, when, which type, why, and the digest of what was sent.
-- Never the payload. From the 61st in a minute on, one row per person counts (`is_overflow`).
CREATE TABLE refusals (
    org_id       TEXT COLLATE "C" NOT NULL,
    refusal_id   TEXT COLLATE "C" NOT NULL,
    at           BIGINT NOT NULL,
    minute       BIGINT NOT NULL,
    is_overflow  BOOLEAN NOT NULL,
    iss          TEXT COLLATE "C" NOT NULL,
    sub          TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL,
    user_name    TEXT COLLATE "C" NOT NULL,
    person_key   TEXT COLLATE "C" NOT NULL,
    request_type TEXT COLLATE "C" NOT NULL,
    codes        TEXT COLLATE "C" NOT NULL,
    digest       TEXT COLLATE "C",
    reference    TEXT COLLATE "C" NOT NULL,
    count        BIGINT NOT NULL CHECK (count > 0),
    PRIMARY KEY (org_id, refusal_id)
);
CREATE INDEX refusals_by_person ON refusals (org_id, person_key, minute);
CREATE UNIQUE INDEX refusals_one_overflow ON refusals (org_id, person_key, minute) WHERE is_overflow;

-- Every version of a type that was ever in force, as the definition that it is read from.
-- `last_at` is when it came into force last; nothing else of a row changes.
CREATE TABLE type_versions (
    version      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request_type TEXT COLLATE "C" NOT NULL,
    definition   TEXT COLLATE "C" NOT NULL,
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL
);

-- The types in force by name: their version, and the name of the file that it came from; NULL for an embedded type.
CREATE TABLE types_in_force (
    request_type TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version      TEXT COLLATE "C" NOT NULL REFERENCES type_versions (version),
    file         TEXT COLLATE "C"
);

-- The entries of the people file in force by name, each as its digest: what changed is told from it.
CREATE TABLE people_in_force (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest TEXT COLLATE "C" NOT NULL
);

-- Idempotency-Key of a submission: unique per org for as long as the request lives.
CREATE TABLE submission_keys (
    org_id     TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    person_key TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL,
    PRIMARY KEY (org_id, key)
);

-- How much of a type one maker or one subject has pending and executed in a window. Locked in key order.
CREATE TABLE usage_counters (
    org_id       TEXT COLLATE "C" NOT NULL,
    request_type TEXT COLLATE "C" NOT NULL,
    counter      TEXT COLLATE "C" NOT NULL,
    who          TEXT COLLATE "C" NOT NULL,
    window_start BIGINT NOT NULL,
    count        BIGINT NOT NULL CHECK (count >= 0),
    sum          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, request_type, counter, who, window_start)
);

-- Who is signed in to the pages. `session_id` is the digest of the cookie's secret, which is stored nowhere.
-- `claims` is JSON: what the sign-in granted. `signed_in_at` is when the person proved who they are, if
-- that is known. Rows are deleted some days after they expire.
CREATE TABLE sessions (
    session_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL,
    claims       TEXT COLLATE "C" NOT NULL,
    org_id       TEXT COLLATE "C" NOT NULL,
    signed_in_at BIGINT,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL CHECK (last_seen_at >= created_at),
    expires_at   BIGINT NOT NULL CHECK (expires_at > created_at),
    ended_at     BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- In which zone an account reads times, by its name in the IANA database.
CREATE TABLE preferences (
    iss       TEXT COLLATE "C" NOT NULL,
    user_id   TEXT COLLATE "C" NOT NULL,
    time_zone TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (iss, user_id)
);

-- Lists with their filters that an account saved under a name in an org, by path and query.
CREATE TABLE saved_views (
    org_id  TEXT COLLATE "C" NOT NULL,
    iss     TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    path    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, iss, user_id, name)
);

-- Which programs may call the API. `secret` is the Argon2id hash of what the client proves itself with, never that
-- itself; `access_groups` is a JSON array. `changed` numbers the changes of all clients, so that a server finds
-- out with one look whether it knows them all. A name is never used again.
CREATE TABLE clients (
    client_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    org_id        TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL UNIQUE,
    kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('till', 'oauth')),
    secret        TEXT COLLATE "C" NOT NULL,
    access_groups TEXT COLLATE "C" NOT NULL,
    changed       BIGINT NOT NULL UNIQUE,
    created_at    BIGINT NOT NULL,
    rotated_at    BIGINT,
    revoked_at    BIGINT,
    last_used_at  BIGINT,
    refusals      BIGINT NOT NULL DEFAULT 0 CHECK (refusals >= 0)
);

-- Tokens of OAuth clients by their SHA-256; a token itself is stored nowhere. A token is good as long as its client is
-- as `client_changed` left it. Rows are deleted a day after they expire.
CREATE TABLE client_tokens (
    token_digest   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_id      TEXT COLLATE "C" NOT NULL REFERENCES clients (client_id),
    client_changed BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX client_tokens_by_client ON client_tokens (client_id);
CREATE INDEX client_tokens_by_expiry ON client_tokens (expires_at);

-- Hosts to which nothing is sent for now; the host '' stands for all.
CREATE TABLE pauses (
    host   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    reason TEXT COLLATE "C" NOT NULL,
    by     TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL
);

-- Changes whose subscribers still have to be found, written by the transaction that makes the change and only where
-- somebody is told of it. A row leaves in the transaction that puts its deliveries on their way.
CREATE TABLE outbox (
    position     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id       TEXT COLLATE "C" NOT NULL,
    request_id   BYTEA NOT NULL,
    seq          BIGINT NOT NULL,
    request_type TEXT COLLATE "C" NOT NULL,
    event_type   TEXT COLLATE "C" NOT NULL,
    from_state   TEXT COLLATE "C",
    to_state     TEXT COLLATE "C" NOT NULL,
    at           BIGINT NOT NULL
);

-- One event on its way to one subscriber. `subscription` is the name in the subscriptions' file; `attempts` counts
-- those that began, and fences off a node that lost its lease. `due_at` and `leased_until` are by the database's
-- clock. Rows are deleted some weeks after they ended.
CREATE TABLE deliveries (
    org_id       TEXT COLLATE "C" NOT NULL,
    delivery_id  TEXT COLLATE "C" NOT NULL,
    subscription TEXT COLLATE "C" NOT NULL,
    request_id   BYTEA NOT NULL,
    seq          BIGINT NOT NULL,
    request_type TEXT COLLATE "C" NOT NULL,
    event_type   TEXT COLLATE "C" NOT NULL,
    from_state   TEXT COLLATE "C",
    to_state     TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'claimed', 'delivered', 'given_up')),
    attempts     BIGINT NOT NULL CHECK (attempts >= 0),
    due_at       BIGINT NOT NULL,
    leased_until BIGINT,
    ended_at     BIGINT,
    PRIMARY KEY (org_id, delivery_id),
    CONSTRAINT deliveries_claimed_has_lease CHECK ((state = 'claimed') = (leased_until IS NOT NULL)),
    CONSTRAINT deliveries_ended_has_end CHECK ((state IN ('delivered', 'given_up')) = (ended_at IS NOT NULL))
);
CREATE INDEX deliveries_due ON deliveries (subscription, due_at, delivery_id) WHERE state = 'waiting';
-- A later change of a request is not sent to a subscriber before the earlier ones.
CREATE INDEX deliveries_open ON deliveries (subscription, org_id, request_id, seq) WHERE ended_at IS NULL;
CREATE INDEX deliveries_claimed ON deliveries (leased_until) WHERE state = 'claimed';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_by_request ON deliveries (org_id, request_id, delivery_id);

-- What a subscriber answered to each attempt: the beginning of its body. `status` is null if there was no answer.
CREATE TABLE delivery_attempts (
    org_id      TEXT COLLATE "C" NOT NULL,
    delivery_id TEXT COLLATE "C" NOT NULL,
    attempt     BIGINT NOT NULL CHECK (attempt > 0),
    ended_at    BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status      BIGINT,
    reason      TEXT COLLATE "C" NOT NULL,
    answer      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, delivery_id, attempt),
    FOREIGN KEY (org_id, delivery_id) REFERENCES deliveries (org_id, delivery_id) ON DELETE CASCADE
);

-- Subscriptions that do not take what they are sent. `url` is where that was: with another one it is a new subscription.
CREATE TABLE failing_subscriptions (
    subscription    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    url             TEXT COLLATE "C" NOT NULL,
    failing_since   BIGINT NOT NULL,
    switched_off_at BIGINT
);

-- Nodes that changed requests and may not have indexed them yet: what a node changed before `since` is indexed.
-- `renewed_at` is by the database's clock. What a node leaves that stopped is found by the times of what changed.
CREATE TABLE search_backlogs (
    node       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since      BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL
);

-- Which request a document of the search index is. They are numbered in the order in which they were indexed first.
CREATE TABLE search_documents (
    document   BIGINT PRIMARY KEY,
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    UNIQUE (org_id, request_id)
);

-- The words of each document, as `domain/search` makes them; no text is stored. Beside them is where the document stands,
-- see `src/store/search/postgres.rs`. The list of what was not yet sorted into the index is read by every search, so it is
-- short.
CREATE TABLE search_words (
    document BIGINT PRIMARY KEY,
    words    TSVECTOR NOT NULL
);
-- Keys of one org begin alike: compressed, they take half the room. Nothing but the index reads them.
ALTER TABLE search_words ALTER COLUMN words SET STORAGE MAIN;
ALTER TABLE search_words SET (toast_tuple_target = 128);
CREATE INDEX search_words_index ON search_words USING gin (words) WITH (gin_pending_list_limit = 256);

-- The digest of this file, written by the program that ran it. Until the first release the file is edited in
-- place, and a program refuses a database that was made with another text.
CREATE TABLE schema_digest (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: %', TG_TABLE_NAME, COALESCE(TG_ARGV[0], 'rows are immutable');
END $$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_never_emptied BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calls_never_change BEFORE UPDATE OR DELETE ON calls
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calls_never_emptied BEFORE TRUNCATE ON calls
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decisions_never_change BEFORE UPDATE OR DELETE ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decisions_never_emptied BEFORE TRUNCATE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER send_backs_never_change BEFORE UPDATE OR DELETE ON send_backs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER send_backs_never_emptied BEFORE TRUNCATE ON send_backs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revisions_never_change BEFORE UPDATE OR DELETE ON revisions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER revisions_never_emptied BEFORE TRUNCATE ON revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_words_never_change BEFORE UPDATE OR DELETE ON settlement_words
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_words_never_emptied BEFORE TRUNCATE ON settlement_words
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_submission_never_changes
    BEFORE UPDATE OF request_type, maker_iss, maker_sub, maker_user_id, maker_user_name, maker_key, started_at,
        expires_at ON requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change('what was submitted is immutable');
CREATE TRIGGER requests_never_deleted BEFORE DELETE ON requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change('rows are never deleted');
CREATE TRIGGER requests_never_emptied BEFORE TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('rows are never deleted');
CREATE TRIGGER requests_final_never_moves BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (
        NEW.repeat_of IS DISTINCT FROM OLD.repeat_of
        OR (OLD.repeated_by IS NOT NULL AND NEW.repeated_by IS DISTINCT FROM OLD.repeated_by)
        OR (OLD.ended_at IS NOT NULL
            AND (NEW.state <> OLD.state OR NEW.ended_at IS DISTINCT FROM OLD.ended_at)))
    EXECUTE FUNCTION refuse_change('links and a final state are immutable');
CREATE TRIGGER requests_revision_never_changes BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (NEW.revision = OLD.revision AND (
        NEW.digest <> OLD.digest OR NEW.terms <> OLD.terms OR NEW.subject IS DISTINCT FROM OLD.subject
        OR NEW.repeat_key IS DISTINCT FROM OLD.repeat_key OR NEW.type_version <> OLD.type_version
        OR NEW.host <> OLD.host OR NEW.till_id <> OLD.till_id OR NEW.store_id <> OLD.store_id
        OR NEW.zone_id <> OLD.zone_id OR NEW.concept_id <> OLD.concept_id
        OR NEW.revised_at IS DISTINCT FROM OLD.revised_at))
    EXECUTE FUNCTION refuse_change('digest, terms and all else of a revision are immutable');
-- One batch may write several revisions at once.
CREATE FUNCTION refuse_unasked_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revision > OLD.revision
        AND NEW.revision - OLD.revision = (
            SELECT count(*) FROM revisions
            WHERE org_id = OLD.org_id AND request_id = OLD.request_id
                AND revision >= OLD.revision AND revision < NEW.revision)
        AND EXISTS (
            SELECT FROM revisions
            WHERE org_id = OLD.org_id AND request_id = OLD.request_id AND revision = OLD.revision
                AND digest = OLD.digest AND terms = OLD.terms)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'requests: only what was sent back is revised';
END $$;
CREATE TRIGGER requests_revised_after_send_back BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (NEW.revision <> OLD.revision) EXECUTE FUNCTION refuse_unasked_revision();

CREATE TRIGGER type_versions_never_change
    BEFORE UPDATE OF version, request_type, definition, first_at OR DELETE ON type_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER type_versions_never_emptied BEFORE TRUNCATE ON type_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER submission_keys_never_change BEFORE UPDATE OR DELETE ON submission_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER submission_keys_never_emptied BEFORE TRUNCATE ON submission_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last line of defence: no one decides their own request, not even by hand.
CREATE FUNCTION refuse_own_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM requests
        WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND maker_iss = NEW.iss
            AND (maker_sub = NEW.sub OR maker_user_id = NEW.user_id OR maker_key = NEW.person_key)
    ) THEN
        RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decisions_never_by_the_maker BEFORE INSERT ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_own_decision('no one decides their own request');
-- What a checker signs is what was submitted.
CREATE FUNCTION refuse_foreign_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM requests
        WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND revision = NEW.revision
            AND digest = NEW.digest
    ) AND NOT EXISTS (
        SELECT FROM revisions
        WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND revision = NEW.revision
            AND digest = NEW.digest
    ) THEN
        RAISE EXCEPTION 'decisions: the digest is not that of the revision' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decisions_of_their_revision BEFORE INSERT ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_foreign_digest();
CREATE TRIGGER send_backs_never_by_the_maker BEFORE INSERT ON send_backs
    FOR EACH ROW EXECUTE FUNCTION refuse_own_decision('no one sends back their own request');
CREATE TRIGGER settlement_words_never_by_the_maker BEFORE INSERT ON settlement_words
    FOR EACH ROW EXECUTE FUNCTION refuse_own_decision('no one settles their own request');
CREATE FUNCTION refuse_lone_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM settlement_words
        WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND outcome = NEW.outcome
            AND person_key <> NEW.person_key
    ) THEN
        RAISE EXCEPTION 'settlement_words: no one settles alone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER settlement_words_of_two BEFORE INSERT ON settlement_words
    FOR EACH ROW WHEN (NEW.settles) EXECUTE FUNCTION refuse_lone_settlement();

CREATE FUNCTION refuse_session_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'sessions: an ended session, its person and its lifetime are immutable';
END $$;
CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION refuse_session_change();
CREATE TRIGGER sessions_stay_theirs
    BEFORE UPDATE OF session_id, user_id, claims, signed_in_at, created_at, expires_at ON sessions
    FOR EACH ROW EXECUTE FUNCTION refuse_session_change();

-- Who opened the page of a request that had not ended, and in which revision last: a fact of the pages, and no part of
-- the trail. `first_at` is when they opened that revision first. There is no foreign key: PostgreSQL would lock the
-- request to check it, and whoever decides would meet that lock. Rows are deleted some time after the request ended.
CREATE TABLE openings (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id BYTEA NOT NULL,
    person_key TEXT COLLATE "C" NOT NULL,
    iss        TEXT COLLATE "C" NOT NULL,
    sub        TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    user_name  TEXT COLLATE "C" NOT NULL,
    revision   BIGINT NOT NULL CHECK (revision > 0),
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL CHECK (last_at >= first_at),
    PRIMARY KEY (org_id, request_id, person_key)
);
