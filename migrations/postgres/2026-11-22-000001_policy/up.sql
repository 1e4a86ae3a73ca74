-- Under which terms a request was admitted, who it waits for, and what else a submission must agree with.

-- `terms` is JSON and never changes: the rule that applied and its risk, the summary, the amount, the accounts
-- behind the maker, the counters it counts in. A request from before there were policies has '{}'.
-- `waits_for` names who can help now, sorted; '' once nobody is waited for. `turn_at` orders the inbox.
ALTER TABLE requests
    ADD COLUMN terms TEXT COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN subject TEXT COLLATE "C",
    ADD COLUMN waits_for TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN turn_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN execute_before BIGINT;
UPDATE requests SET waits_for = 'permission:CanCheckRequest', turn_at = expires_at WHERE state = 'AdminTask';
CREATE INDEX requests_inbox ON requests (org_id, waits_for, turn_at, request_id) WHERE state = 'AdminTask';
CREATE INDEX requests_by_subject ON requests (org_id, subject, started_at, request_id) WHERE subject IS NOT NULL;
CREATE INDEX requests_approved ON requests (execute_before) WHERE state = 'approved';

-- What each person signed as: the stage, and the seats that he held then. `act` is his token's act chain.
-- `number` counts the decisions on a request from 0.
ALTER TABLE decisions
    ADD COLUMN number BIGINT NOT NULL DEFAULT 0 CHECK (number >= 0),
    ADD COLUMN stage BIGINT NOT NULL DEFAULT 0 CHECK (stage >= 0),
    ADD COLUMN capacities TEXT COLLATE "C" NOT NULL DEFAULT '["permission:CanCheckRequest"]',
    ADD COLUMN act TEXT COLLATE "C" NOT NULL DEFAULT '[]';
CREATE INDEX decisions_by_person ON decisions (org_id, person_key, decided_at, request_id);

-- Every version of a type that was ever in force, as the definition that it is read from.
CREATE TABLE type_versions (
    version      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    request_type TEXT COLLATE "C" NOT NULL,
    definition   TEXT COLLATE "C" NOT NULL,
    first_at     BIGINT NOT NULL
);

-- Idempotency-Key of a submission: unique per org for as long as the request lives.
CREATE TABLE submission_keys (
    org_id     TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    person_key TEXT COLLATE "C" NOT NULL,
    digest     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, key)
);

-- How much of a type one maker or one subject has pending and carried out in a window. Locked in key order.
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

CREATE TRIGGER type_versions_never_change BEFORE UPDATE OR DELETE ON type_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER type_versions_never_emptied BEFORE TRUNCATE ON type_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER submission_keys_never_change BEFORE UPDATE OR DELETE ON submission_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER submission_keys_never_emptied BEFORE TRUNCATE ON submission_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_terms_never_change BEFORE UPDATE ON requests
    FOR EACH ROW WHEN (NEW.terms <> OLD.terms OR NEW.subject IS DISTINCT FROM OLD.subject)
    EXECUTE FUNCTION refuse_change();
