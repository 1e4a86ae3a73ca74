-- Times are microseconds since 1970 in UTC. The org comes first in every key. Ids of requests and events are their
-- 16 bytes, digests of calls their 32 bytes; versions of types, references and ids of tokens are bytes as
-- `src/store/compact_text.rs` says. Ids are made in the order of time, so rows kept in their key's order
-- (`WITHOUT ROWID`) are appended, and need one index less. Numbers stand first where a request has a row, as in the
-- schema for PostgreSQL.

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
    version         INTEGER NOT NULL CHECK (version > 0),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    started_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    sort_at         INTEGER NOT NULL,
    open_attempt    INTEGER NOT NULL DEFAULT 0 CHECK (open_attempt IN (0, 1)),
    ambiguous       INTEGER NOT NULL DEFAULT 0 CHECK (ambiguous >= 0),
    inferred        INTEGER NOT NULL DEFAULT 0 CHECK (inferred IN (0, 1)),
    settlement_words INTEGER NOT NULL DEFAULT 0 CHECK (settlement_words >= 0),
    probes          INTEGER NOT NULL DEFAULT 0 CHECK (probes >= 0),
    revision        INTEGER NOT NULL DEFAULT 1 CHECK (revision > 0),
    send_backs      INTEGER NOT NULL DEFAULT 0,
    comments        INTEGER NOT NULL DEFAULT 0 CHECK (comments >= 0),
    ended_at        INTEGER,
    execute_before  INTEGER,
    next_attempt_at INTEGER,
    outcome_attempt INTEGER,
    revised_at      INTEGER,
    org_id          TEXT NOT NULL,
    request_id      BLOB NOT NULL,
    request_type    TEXT NOT NULL,
    type_version    BLOB NOT NULL,
    state           TEXT NOT NULL
        CHECK (state IN ('AdminTask', 'sent_back', 'approved', 'executed', 'failed', 'unknown',
                         'rejected', 'withdrawn', 'expired')),
    digest          BLOB NOT NULL,
    host            TEXT NOT NULL,
    maker_iss       TEXT NOT NULL,
    maker_sub       TEXT NOT NULL,
    maker_user_id   TEXT NOT NULL,
    maker_user_name TEXT NOT NULL,
    maker_key       TEXT NOT NULL,
    till_id         TEXT NOT NULL,
    store_id        TEXT NOT NULL,
    zone_id         TEXT NOT NULL,
    concept_id      TEXT NOT NULL,
    terms           TEXT NOT NULL,
    subject         TEXT,
    waits_for       TEXT NOT NULL,
    repeat_key      TEXT,
    next_attempt_reason TEXT,
    repeat_of       BLOB,
    repeated_by     BLOB,
    last_probe      TEXT CHECK (last_probe IN ('happened', 'did_not_happen', 'cannot_tell')),
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
) STRICT, WITHOUT ROWID;
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
    revision   INTEGER NOT NULL DEFAULT 1,
    read_bytes INTEGER NOT NULL,
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    label      TEXT NOT NULL,
    packed     BLOB NOT NULL,
    PRIMARY KEY (org_id, request_id, revision)
) STRICT;

-- At most one decision per person and revision; a trigger refuses the maker's own, and one whose digest is not that of
-- its revision. `number` counts the decisions on a revision from 0. `stage` and `capacities` say what the person signed as; `act` is their token's act chain.
-- `opened_at` is when they first opened the page of that revision, where the pages know it; `unopened` says that they
-- decided it in the pages together with others and had not.
CREATE TABLE decisions (
    revision   INTEGER NOT NULL DEFAULT 1,
    decided_at INTEGER NOT NULL,
    number     INTEGER NOT NULL CHECK (number >= 0),
    stage      INTEGER NOT NULL CHECK (stage >= 0),
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    person_key TEXT NOT NULL,
    iss        TEXT NOT NULL,
    sub        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    message    TEXT NOT NULL,
    digest     BLOB NOT NULL,
    capacities TEXT NOT NULL,
    act        TEXT NOT NULL,
    opened_at  INTEGER,
    unopened   INTEGER NOT NULL DEFAULT 0 CHECK (unopened IN (0, 1)),
    PRIMARY KEY (org_id, request_id, revision, person_key),
    CONSTRAINT decisions_read_in_one_way CHECK (NOT unopened OR opened_at IS NULL),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
) STRICT;
CREATE INDEX decisions_by_person ON decisions (org_id, person_key, decided_at, request_id);
CREATE INDEX decisions_by_sub ON decisions (org_id, lower(sub), decided_at, request_id);
CREATE INDEX decisions_by_user ON decisions (org_id, user_id, decided_at, request_id);

-- That a checker sent a revision back to its maker, and what is to be changed; `fields` are JSON pointers into the
-- submission, as a JSON array. `stage`, `capacities` and `act` as in `decisions`. A trigger refuses the maker's own.
CREATE TABLE send_backs (
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    revision   INTEGER NOT NULL CHECK (revision > 0),
    person_key TEXT NOT NULL,
    iss        TEXT NOT NULL,
    sub        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    message    TEXT NOT NULL,
    fields     TEXT NOT NULL,
    sent_at    INTEGER NOT NULL,
    stage      INTEGER NOT NULL CHECK (stage >= 0),
    capacities TEXT NOT NULL,
    act        TEXT NOT NULL,
    PRIMARY KEY (org_id, request_id, revision),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
) STRICT, WITHOUT ROWID;

-- The revisions that later ones took the place of: what stood in `requests` while each was the present one. Their calls,
-- decisions and send-backs are in those tables.
CREATE TABLE revisions (
    org_id       TEXT NOT NULL,
    request_id   BLOB NOT NULL,
    revision     INTEGER NOT NULL CHECK (revision > 0),
    submitted_at INTEGER NOT NULL,
    type_version BLOB NOT NULL,
    digest       BLOB NOT NULL,
    host         TEXT NOT NULL,
    till_id      TEXT NOT NULL,
    store_id     TEXT NOT NULL,
    zone_id      TEXT NOT NULL,
    concept_id   TEXT NOT NULL,
    terms        TEXT NOT NULL,
    subject      TEXT,
    repeat_key   TEXT,
    PRIMARY KEY (org_id, request_id, revision),
    FOREIGN KEY (org_id, request_id, revision) REFERENCES send_backs (org_id, request_id, revision)
) STRICT, WITHOUT ROWID;

-- What people say about an outcome that nobody knows, and how they know it. `number` counts the words on a request from
-- 0. `capacities` says what the person signed as; `act` is their token's act chain. `settles` marks the second of two
-- equal words. A trigger refuses the maker's own, and a settlement by one account alone.
CREATE TABLE settlement_words (
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    number     INTEGER NOT NULL CHECK (number >= 0),
    person_key TEXT NOT NULL,
    iss        TEXT NOT NULL,
    sub        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    outcome    TEXT NOT NULL CHECK (outcome IN ('executed', 'failed')),
    evidence   TEXT NOT NULL,
    said_at    INTEGER NOT NULL,
    capacities TEXT NOT NULL,
    act        TEXT NOT NULL,
    settles    INTEGER NOT NULL CHECK (settles IN (0, 1)),
    PRIMARY KEY (org_id, request_id, number),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
) STRICT, WITHOUT ROWID;

-- One execution per approved request; `token` fences off a worker that lost its lease. It is claimed from `due_at`
-- on; `leased_until` is by the database's clock. For the `purpose` 'probe' its target is asked what became of the call,
-- again until `probe_until`.
CREATE TABLE executions (
    token        INTEGER NOT NULL CHECK (token >= 0),
    queued_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    leased_until INTEGER,
    ended_at     INTEGER,
    probe_until  INTEGER,
    org_id       TEXT NOT NULL,
    request_id   BLOB NOT NULL,
    host         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'ended')),
    node         TEXT,
    outcome      TEXT CHECK (outcome IN ('executed', 'failed', 'unknown')),
    purpose      TEXT NOT NULL DEFAULT 'call' CHECK (purpose IN ('call', 'probe')),
    PRIMARY KEY (org_id, request_id),
    CONSTRAINT executions_probe_has_end CHECK ((purpose = 'probe') = (probe_until IS NOT NULL)),
    CONSTRAINT executions_claimed_has_lease CHECK (
        (state = 'claimed') = (leased_until IS NOT NULL) AND (leased_until IS NULL) = (node IS NULL)),
    CONSTRAINT executions_ended_has_end CHECK (
        (state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (outcome IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX executions_queued ON executions (host, org_id, due_at) WHERE state = 'queued';
CREATE INDEX executions_claimed ON executions (leased_until) WHERE state = 'claimed';

-- Numbered sends of an execution; committed before the first byte leaves.
CREATE TABLE attempts (
    attempt    INTEGER NOT NULL CHECK (attempt > 0),
    token      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    outcome    TEXT
        CHECK (outcome IN ('executed', 'failed', 'not_sent', 'not_done', 'already_done', 'ambiguous')),
    reason     TEXT,
    PRIMARY KEY (org_id, request_id, attempt),
    CONSTRAINT attempts_end_is_whole CHECK (
        (ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (reason IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES executions (org_id, request_id)
) STRICT, WITHOUT ROWID;

-- The target's raw answer to an attempt. `headers` (JSON) and `body` are packed as `src/store/packing.rs` says;
-- `head_bytes` is the length of the headers and the warnings, `body_bytes` that of the body. `warnings` is JSON.
CREATE TABLE answers (
    attempt    INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    head_bytes INTEGER NOT NULL,
    body_bytes INTEGER NOT NULL,
    cut        INTEGER NOT NULL,
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    headers    BLOB NOT NULL,
    body       BLOB NOT NULL,
    warnings   TEXT NOT NULL,
    PRIMARY KEY (org_id, request_id, attempt),
    FOREIGN KEY (org_id, request_id, attempt) REFERENCES attempts (org_id, request_id, attempt)
) STRICT, WITHOUT ROWID;

-- The audit trail: what happened, by whom, in which order. Rows are only ever added. A request's first row, of the type
-- 'submitted', stands for its first three events: that it was submitted and passed both checks. `to_state` is then the
-- state after all three. What was submitted stands in `requests` and `revisions` only; of its digest only decisions
-- keep a copy. `revision` is the one that was the present one after it; NULL for the first. The row of an approval with an attempt's number stands for the start of that attempt as well.
CREATE TABLE events (
    format          INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    seq             INTEGER,
    attempt         INTEGER,
    revision        INTEGER CHECK (revision > 1),
    org_id          TEXT NOT NULL,
    event_id        BLOB NOT NULL,
    request_id      BLOB,
    type            TEXT NOT NULL,
    actor_iss       TEXT NOT NULL,
    actor_sub       TEXT NOT NULL,
    actor_user_id   TEXT NOT NULL,
    actor_user_name TEXT NOT NULL,
    actor_token_id  BLOB,
    actor_address   TEXT,
    via             TEXT,
    from_state      TEXT,
    to_state        TEXT,
    message         TEXT,
    digest          BLOB,
    outcome         TEXT,
    reference       BLOB NOT NULL,
    data            TEXT NOT NULL,
    PRIMARY KEY (org_id, event_id),
    UNIQUE (org_id, request_id, seq),
    CONSTRAINT events_numbered_per_request CHECK ((request_id IS NULL) = (seq IS NULL))
) STRICT, WITHOUT ROWID;
-- For the list of auditors.
CREATE INDEX events_by_type ON events (org_id, type, event_id, at);
CREATE INDEX events_by_person ON events (org_id, actor_user_id, type, event_id, at, actor_iss)
    WHERE actor_iss <> 'countersign';
CREATE INDEX events_begun ON events (org_id, event_id, at) WHERE type = 'approved' AND attempt IS NOT NULL;

-- Submissions that were refused: who, when, which type, why, and the digest of what was sent.
-- Never the payload. From the 61st in a minute on, one row per person counts (`is_overflow`).
CREATE TABLE refusals (
    org_id       TEXT NOT NULL,
    refusal_id   TEXT NOT NULL,
    at           INTEGER NOT NULL,
    minute       INTEGER NOT NULL,
    is_overflow  INTEGER NOT NULL,
    iss          TEXT NOT NULL,
    sub          TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    person_key   TEXT NOT NULL,
    request_type TEXT NOT NULL,
    codes        TEXT NOT NULL,
    digest       TEXT,
    reference    TEXT NOT NULL,
    count        INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (org_id, refusal_id)
) STRICT;
CREATE INDEX refusals_by_person ON refusals (org_id, person_key, minute);
CREATE UNIQUE INDEX refusals_one_overflow ON refusals (org_id, person_key, minute) WHERE is_overflow;

-- Every version of a type that was ever in force, as the definition that it is read from.
-- `last_at` is when it came into force last; nothing else of a row changes.
CREATE TABLE type_versions (
    version      TEXT NOT NULL PRIMARY KEY,
    request_type TEXT NOT NULL,
    definition   TEXT NOT NULL,
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The types in force by name: their version, and the name of the file that it came from; NULL for an embedded type.
CREATE TABLE types_in_force (
    request_type TEXT NOT NULL PRIMARY KEY,
    version      TEXT NOT NULL REFERENCES type_versions (version),
    file         TEXT
) STRICT, WITHOUT ROWID;

-- The entries of the people file in force by name, each as its digest: what changed is told from it.
CREATE TABLE people_in_force (
    name   TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Idempotency-Key of a submission: unique per org for as long as the request lives.
CREATE TABLE submission_keys (
    org_id     TEXT NOT NULL,
    key        TEXT NOT NULL,
    request_id BLOB NOT NULL,
    person_key TEXT NOT NULL,
    digest     BLOB NOT NULL,
    PRIMARY KEY (org_id, key)
) STRICT, WITHOUT ROWID;

-- How much of a type one maker or one subject has pending and executed in a window. Locked in key order.
CREATE TABLE usage_counters (
    org_id       TEXT NOT NULL,
    request_type TEXT NOT NULL,
    counter      TEXT NOT NULL,
    who          TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    count        INTEGER NOT NULL CHECK (count >= 0),
    sum          TEXT NOT NULL,
    PRIMARY KEY (org_id, request_type, counter, who, window_start)
) STRICT, WITHOUT ROWID;

-- Who is signed in to the pages. `session_id` is the digest of the cookie's secret, which is stored nowhere.
-- `claims` is JSON: what the sign-in granted. `signed_in_at` is when the person proved who they are, if
-- that is known. Rows are deleted some days after they expire.
CREATE TABLE sessions (
    session_id   TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL,
    claims       TEXT NOT NULL,
    org_id       TEXT NOT NULL,
    signed_in_at INTEGER,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL CHECK (last_seen_at >= created_at),
    expires_at   INTEGER NOT NULL CHECK (expires_at > created_at),
    ended_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- In which zone an account reads times, by its name in the IANA database.
CREATE TABLE preferences (
    iss       TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    PRIMARY KEY (iss, user_id)
) STRICT, WITHOUT ROWID;

-- Lists with their filters that an account saved under a name in an org, by path and query.
CREATE TABLE saved_views (
    org_id  TEXT NOT NULL,
    iss     TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    PRIMARY KEY (org_id, iss, user_id, name)
) STRICT, WITHOUT ROWID;

-- Which programs may call the API. `secret` is the Argon2id hash of what the client proves itself with, never that
-- itself; `access_groups` is a JSON array. `changed` numbers the changes of all clients, so that a server finds
-- out with one look whether it knows them all. A name is never used again.
CREATE TABLE clients (
    client_id     TEXT NOT NULL PRIMARY KEY,
    org_id        TEXT NOT NULL,
    name          TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL CHECK (kind IN ('till', 'oauth')),
    secret        TEXT NOT NULL,
    access_groups TEXT NOT NULL,
    changed       INTEGER NOT NULL UNIQUE,
    created_at    INTEGER NOT NULL,
    rotated_at    INTEGER,
    revoked_at    INTEGER,
    last_used_at  INTEGER,
    refusals      INTEGER NOT NULL DEFAULT 0 CHECK (refusals >= 0)
) STRICT, WITHOUT ROWID;

-- Tokens of OAuth clients by their SHA-256; a token itself is stored nowhere. A token is good as long as its client is
-- as `client_changed` left it. Rows are deleted a day after they expire.
CREATE TABLE client_tokens (
    token_digest   TEXT NOT NULL PRIMARY KEY,
    client_id      TEXT NOT NULL REFERENCES clients (client_id),
    client_changed INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_tokens_by_client ON client_tokens (client_id);
CREATE INDEX client_tokens_by_expiry ON client_tokens (expires_at);

-- Hosts to which nothing is sent for now; the host '' stands for all.
CREATE TABLE pauses (
    host   TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Changes whose subscribers still have to be found, written by the transaction that makes the change and only where
-- somebody is told of it. A row leaves in the transaction that puts its deliveries on their way.
CREATE TABLE outbox (
    position     INTEGER NOT NULL PRIMARY KEY,
    org_id       TEXT NOT NULL,
    request_id   BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    request_type TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    from_state   TEXT,
    to_state     TEXT NOT NULL,
    at           INTEGER NOT NULL
) STRICT;

-- One event on its way to one subscriber. `subscription` is the name in the subscriptions' file; `attempts` counts
-- those that began, and fences off a node that lost its lease. `due_at` and `leased_until` are by the database's
-- clock. Rows are deleted some weeks after they ended.
CREATE TABLE deliveries (
    org_id       TEXT NOT NULL,
    delivery_id  TEXT NOT NULL,
    subscription TEXT NOT NULL,
    request_id   BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    request_type TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    from_state   TEXT,
    to_state     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'delivered', 'given_up')),
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    due_at       INTEGER NOT NULL,
    leased_until INTEGER,
    ended_at     INTEGER,
    PRIMARY KEY (org_id, delivery_id),
    CONSTRAINT deliveries_claimed_has_lease CHECK ((state = 'claimed') = (leased_until IS NOT NULL)),
    CONSTRAINT deliveries_ended_has_end CHECK ((state IN ('delivered', 'given_up')) = (ended_at IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_due ON deliveries (subscription, due_at, delivery_id) WHERE state = 'waiting';
-- A later change of a request is not sent to a subscriber before the earlier ones.
CREATE INDEX deliveries_open ON deliveries (subscription, org_id, request_id, seq) WHERE ended_at IS NULL;
CREATE INDEX deliveries_claimed ON deliveries (leased_until) WHERE state = 'claimed';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_by_request ON deliveries (org_id, request_id, delivery_id);

-- What a subscriber answered to each attempt: the beginning of its body. `status` is null if there was no answer.
CREATE TABLE delivery_attempts (
    org_id      TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    attempt     INTEGER NOT NULL CHECK (attempt > 0),
    ended_at    INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status      INTEGER,
    reason      TEXT NOT NULL,
    answer      TEXT NOT NULL,
    PRIMARY KEY (org_id, delivery_id, attempt),
    FOREIGN KEY (org_id, delivery_id) REFERENCES deliveries (org_id, delivery_id) ON DELETE CASCADE
) STRICT;

-- Subscriptions that do not take what they are sent. `url` is where that was: with another one it is a new subscription.
CREATE TABLE failing_subscriptions (
    subscription    TEXT NOT NULL PRIMARY KEY,
    url             TEXT NOT NULL,
    failing_since   INTEGER NOT NULL,
    switched_off_at INTEGER
) STRICT;

-- Nodes that changed requests and may not have indexed them yet: what a node changed before `since` is indexed.
-- `renewed_at` is by the database's clock. What a node leaves that stopped is found by the times of what changed.
CREATE TABLE search_backlogs (
    node       TEXT NOT NULL PRIMARY KEY,
    since      INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which request a document of the search index is. They are numbered in the order in which they were indexed first.
CREATE TABLE search_documents (
    document   INTEGER NOT NULL PRIMARY KEY,
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    UNIQUE (org_id, request_id)
) STRICT;

-- The words of each document, as `domain/search` makes them; no text is stored.
CREATE VIRTUAL TABLE search_words USING fts5(
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- The digest of this file, written by the program that ran it. Until the first release the file is edited in
-- place, and a program refuses a database that was made with another text.
CREATE TABLE schema_digest (
    digest TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows are immutable'); END;
CREATE TRIGGER events_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows are immutable'); END;
CREATE TRIGGER calls_never_change BEFORE UPDATE ON calls
BEGIN SELECT RAISE(ABORT, 'calls: rows are immutable'); END;
CREATE TRIGGER calls_never_deleted BEFORE DELETE ON calls
BEGIN SELECT RAISE(ABORT, 'calls: rows are immutable'); END;
CREATE TRIGGER decisions_never_change BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions: rows are immutable'); END;
CREATE TRIGGER decisions_never_deleted BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions: rows are immutable'); END;
CREATE TRIGGER send_backs_never_change BEFORE UPDATE ON send_backs
BEGIN SELECT RAISE(ABORT, 'send_backs: rows are immutable'); END;
CREATE TRIGGER send_backs_never_deleted BEFORE DELETE ON send_backs
BEGIN SELECT RAISE(ABORT, 'send_backs: rows are immutable'); END;
CREATE TRIGGER revisions_never_change BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions: rows are immutable'); END;
CREATE TRIGGER revisions_never_deleted BEFORE DELETE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions: rows are immutable'); END;
CREATE TRIGGER settlement_words_never_change BEFORE UPDATE ON settlement_words
BEGIN SELECT RAISE(ABORT, 'settlement_words: rows are immutable'); END;
CREATE TRIGGER settlement_words_never_deleted BEFORE DELETE ON settlement_words
BEGIN SELECT RAISE(ABORT, 'settlement_words: rows are immutable'); END;
CREATE TRIGGER requests_final_never_moves BEFORE UPDATE ON requests
WHEN NEW.repeat_of IS NOT OLD.repeat_of
    OR (OLD.repeated_by IS NOT NULL AND NEW.repeated_by IS NOT OLD.repeated_by)
    OR (OLD.ended_at IS NOT NULL
        AND (NEW.state <> OLD.state OR NEW.ended_at IS NOT OLD.ended_at))
BEGIN SELECT RAISE(ABORT, 'requests: links and a final state are immutable'); END;
CREATE TRIGGER requests_revision_never_changes BEFORE UPDATE ON requests
WHEN NEW.revision = OLD.revision AND (
    NEW.digest <> OLD.digest OR NEW.terms <> OLD.terms OR NEW.subject IS NOT OLD.subject
    OR NEW.repeat_key IS NOT OLD.repeat_key OR NEW.type_version <> OLD.type_version OR NEW.host <> OLD.host
    OR NEW.till_id <> OLD.till_id OR NEW.store_id <> OLD.store_id OR NEW.zone_id <> OLD.zone_id
    OR NEW.concept_id <> OLD.concept_id OR NEW.revised_at IS NOT OLD.revised_at)
BEGIN SELECT RAISE(ABORT, 'requests: digest, terms and all else of a revision are immutable'); END;
-- One batch may write several revisions at once.
CREATE TRIGGER requests_revised_after_send_back BEFORE UPDATE ON requests
WHEN NEW.revision <> OLD.revision AND NOT (
    NEW.revision > OLD.revision
    AND NEW.revision - OLD.revision = (
        SELECT count(*) FROM revisions
        WHERE org_id = OLD.org_id AND request_id = OLD.request_id
            AND revision >= OLD.revision AND revision < NEW.revision)
    AND EXISTS (
        SELECT 1 FROM revisions
        WHERE org_id = OLD.org_id AND request_id = OLD.request_id AND revision = OLD.revision
            AND digest = OLD.digest AND terms = OLD.terms))
BEGIN SELECT RAISE(ABORT, 'requests: only what was sent back is revised'); END;
CREATE TRIGGER requests_submission_never_changes
    BEFORE UPDATE OF request_type, maker_iss, maker_sub, maker_user_id, maker_user_name, maker_key, started_at,
        expires_at ON requests
BEGIN SELECT RAISE(ABORT, 'requests: what was submitted is immutable'); END;
CREATE TRIGGER requests_never_deleted BEFORE DELETE ON requests
BEGIN SELECT RAISE(ABORT, 'requests: rows are never deleted'); END;

CREATE TRIGGER type_versions_never_change
    BEFORE UPDATE OF version, request_type, definition, first_at ON type_versions
BEGIN SELECT RAISE(ABORT, 'type_versions: rows are immutable'); END;
CREATE TRIGGER type_versions_never_deleted BEFORE DELETE ON type_versions
BEGIN SELECT RAISE(ABORT, 'type_versions: rows are immutable'); END;
CREATE TRIGGER submission_keys_never_change BEFORE UPDATE ON submission_keys
BEGIN SELECT RAISE(ABORT, 'submission_keys: rows are immutable'); END;
CREATE TRIGGER submission_keys_never_deleted BEFORE DELETE ON submission_keys
BEGIN SELECT RAISE(ABORT, 'submission_keys: rows are immutable'); END;

-- The last line of defence: no one decides their own request, not even by hand.
CREATE TRIGGER decisions_never_by_the_maker BEFORE INSERT ON decisions
WHEN EXISTS (
    SELECT 1 FROM requests
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND maker_iss = NEW.iss
        AND (maker_sub = NEW.sub OR maker_user_id = NEW.user_id OR maker_key = NEW.person_key))
BEGIN SELECT RAISE(ABORT, 'decisions: no one decides their own request'); END;
-- What a checker signs is what was submitted.
CREATE TRIGGER decisions_of_their_revision BEFORE INSERT ON decisions
WHEN NOT EXISTS (
    SELECT 1 FROM requests
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND revision = NEW.revision AND digest = NEW.digest)
AND NOT EXISTS (
    SELECT 1 FROM revisions
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND revision = NEW.revision AND digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'decisions: the digest is not that of the revision'); END;
CREATE TRIGGER send_backs_never_by_the_maker BEFORE INSERT ON send_backs
WHEN EXISTS (
    SELECT 1 FROM requests
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND maker_iss = NEW.iss
        AND (maker_sub = NEW.sub OR maker_user_id = NEW.user_id OR maker_key = NEW.person_key))
BEGIN SELECT RAISE(ABORT, 'send_backs: no one sends back their own request'); END;
CREATE TRIGGER settlement_words_never_by_the_maker BEFORE INSERT ON settlement_words
WHEN EXISTS (
    SELECT 1 FROM requests
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND maker_iss = NEW.iss
        AND (maker_sub = NEW.sub OR maker_user_id = NEW.user_id OR maker_key = NEW.person_key))
BEGIN SELECT RAISE(ABORT, 'settlement_words: no one settles their own request'); END;
CREATE TRIGGER settlement_words_of_two BEFORE INSERT ON settlement_words
WHEN NEW.settles AND NOT EXISTS (
    SELECT 1 FROM settlement_words
    WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND outcome = NEW.outcome
        AND person_key <> NEW.person_key)
BEGIN SELECT RAISE(ABORT, 'settlement_words: no one settles alone'); END;

CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'sessions: an ended session is immutable'); END;
CREATE TRIGGER sessions_stay_theirs
    BEFORE UPDATE OF session_id, user_id, claims, signed_in_at, created_at, expires_at ON sessions
BEGIN SELECT RAISE(ABORT, 'sessions: its person and its lifetime are immutable'); END;

-- Who opened the page of a request that had not ended, and in which revision last: a fact of the pages, and no part of
-- the trail. `first_at` is when they opened that revision first. There is no foreign key: PostgreSQL would lock the
-- request to check it, and whoever decides would meet that lock. Rows are deleted some time after the request ended.
CREATE TABLE openings (
    org_id     TEXT NOT NULL,
    request_id BLOB NOT NULL,
    person_key TEXT NOT NULL,
    iss        TEXT NOT NULL,
    sub        TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    revision   INTEGER NOT NULL CHECK (revision > 0),
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL CHECK (last_at >= first_at),
    PRIMARY KEY (org_id, request_id, person_key)
) STRICT, WITHOUT ROWID;
