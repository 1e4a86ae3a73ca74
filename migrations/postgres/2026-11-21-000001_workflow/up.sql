-- Times are microseconds since 1970 in UTC. The org stands first in every key.

-- One row per request: its current state, the fold of its events. Small on purpose; what is sent and
-- what came back live in tables of their own, so that sealing and retention never touch this one.
CREATE TABLE requests (
    org_id          TEXT COLLATE "C" NOT NULL,
    request_id      TEXT COLLATE "C" NOT NULL,
    request_type    TEXT COLLATE "C" NOT NULL,
    type_version    TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('AdminTask', 'approved', 'executed', 'failed', 'unknown',
                         'rejected', 'withdrawn', 'expired')),
    version         BIGINT NOT NULL CHECK (version > 0),
    attempts        BIGINT NOT NULL CHECK (attempts IN (0, 1)),
    digest          TEXT COLLATE "C" NOT NULL,
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
    started_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    PRIMARY KEY (org_id, request_id),
    CONSTRAINT requests_final_has_end CHECK (
        (state IN ('executed', 'failed', 'rejected', 'withdrawn', 'expired')) = (ended_at IS NOT NULL)),
    CONSTRAINT requests_attempt_needs_approval CHECK (
        attempts = 0 OR state IN ('approved', 'executed', 'failed', 'unknown'))
);
CREATE INDEX requests_by_start ON requests (org_id, started_at, request_id);
CREATE INDEX requests_by_end ON requests (org_id, ended_at, request_id);
CREATE INDEX requests_by_maker ON requests (org_id, maker_key, started_at, request_id);
CREATE INDEX requests_waiting ON requests (expires_at) WHERE state = 'AdminTask';
CREATE INDEX requests_open ON requests (state) WHERE state IN ('approved', 'unknown');

-- The exact call as bytes, and the echo that people were shown. Written once, never changed.
CREATE TABLE calls (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    call       BYTEA NOT NULL,
    echo       TEXT COLLATE "C" NOT NULL,
    label      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, request_id)
);

-- At most one decision per person; a trigger refuses the maker's own.
CREATE TABLE decisions (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    person_key TEXT COLLATE "C" NOT NULL,
    iss        TEXT COLLATE "C" NOT NULL,
    sub        TEXT COLLATE "C" NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    user_name  TEXT COLLATE "C" NOT NULL,
    verdict    TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    message    TEXT COLLATE "C" NOT NULL,
    digest     TEXT COLLATE "C" NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, request_id, person_key),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);

-- One execution per approved request; `token` fences off a worker that lost its lease.
CREATE TABLE executions (
    org_id       TEXT COLLATE "C" NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    host         TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'claimed', 'ended')),
    token        BIGINT NOT NULL CHECK (token >= 0),
    node         TEXT COLLATE "C",
    leased_until BIGINT,
    queued_at    BIGINT NOT NULL,
    ended_at     BIGINT,
    outcome      TEXT COLLATE "C" CHECK (outcome IN ('executed', 'failed', 'unknown')),
    PRIMARY KEY (org_id, request_id),
    CONSTRAINT executions_claimed_has_lease CHECK (
        (state = 'claimed') = (leased_until IS NOT NULL) AND (leased_until IS NULL) = (node IS NULL)),
    CONSTRAINT executions_ended_has_end CHECK (
        (state = 'ended') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (outcome IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, request_id)
);
CREATE INDEX executions_queued ON executions (queued_at) WHERE state = 'queued';
CREATE INDEX executions_claimed ON executions (leased_until) WHERE state = 'claimed';

-- Numbered sends of an execution; committed before the first byte leaves.
CREATE TABLE attempts (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    attempt    BIGINT NOT NULL CHECK (attempt > 0),
    token      BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT COLLATE "C" CHECK (outcome IN ('executed', 'failed', 'unknown')),
    reason     TEXT COLLATE "C",
    PRIMARY KEY (org_id, request_id, attempt),
    CONSTRAINT attempts_end_is_whole CHECK (
        (ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (reason IS NULL)),
    FOREIGN KEY (org_id, request_id) REFERENCES executions (org_id, request_id)
);

-- What the target answered to an attempt, raw. `headers` and `warnings` are JSON texts.
CREATE TABLE answers (
    org_id     TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    attempt    BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    headers    TEXT COLLATE "C" NOT NULL,
    body       BYTEA NOT NULL,
    body_bytes BIGINT NOT NULL,
    cut        BOOLEAN NOT NULL,
    warnings   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, request_id, attempt),
    FOREIGN KEY (org_id, request_id, attempt) REFERENCES attempts (org_id, request_id, attempt)
);

-- The audit trail: what happened, by whom, in which order. Rows are only ever added.
CREATE TABLE events (
    org_id          TEXT COLLATE "C" NOT NULL,
    event_id        TEXT COLLATE "C" NOT NULL,
    request_id      TEXT COLLATE "C",
    seq             BIGINT,
    format          BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    type            TEXT COLLATE "C" NOT NULL,
    actor_iss       TEXT COLLATE "C" NOT NULL,
    actor_sub       TEXT COLLATE "C" NOT NULL,
    actor_user_id   TEXT COLLATE "C" NOT NULL,
    actor_user_name TEXT COLLATE "C" NOT NULL,
    actor_token_id  TEXT COLLATE "C",
    actor_address   TEXT COLLATE "C",
    from_state      TEXT COLLATE "C",
    to_state        TEXT COLLATE "C",
    message         TEXT COLLATE "C",
    digest          TEXT COLLATE "C",
    attempt         BIGINT,
    outcome         TEXT COLLATE "C",
    reference       TEXT COLLATE "C" NOT NULL,
    data            TEXT COLLATE "C" NOT NULL,
    -- The only index that every event is in: a third of a submission's cost was its index entries.
    UNIQUE (org_id, request_id, seq),
    CONSTRAINT events_numbered_per_request CHECK ((request_id IS NULL) = (seq IS NULL))
);
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

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: what stands here never changes', TG_TABLE_NAME;
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
CREATE TRIGGER requests_never_deleted BEFORE DELETE ON requests
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_never_emptied BEFORE TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_final_never_moves BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (
        NEW.digest <> OLD.digest
        OR (OLD.ended_at IS NOT NULL
            AND (NEW.state <> OLD.state OR NEW.ended_at IS DISTINCT FROM OLD.ended_at)))
    EXECUTE FUNCTION refuse_change();

-- The last line: nobody decides his own request, not even by hand.
CREATE FUNCTION refuse_own_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM requests
        WHERE org_id = NEW.org_id AND request_id = NEW.request_id AND maker_iss = NEW.iss
            AND (maker_sub = NEW.sub OR maker_user_id = NEW.user_id)
    ) THEN
        RAISE EXCEPTION 'decisions: nobody decides his own request' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decisions_never_by_the_maker BEFORE INSERT ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_own_decision();
