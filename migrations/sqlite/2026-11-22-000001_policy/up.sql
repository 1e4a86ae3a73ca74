-- Under which terms a request was admitted, who it waits for, and what else a submission must agree with.

-- `terms` is JSON and never changes: the rule that applied and its risk, the summary, the amount, the accounts
-- behind the maker, the counters it counts in. A request from before there were policies has '{}'.
-- `waits_for` names who can help now, sorted; '' once nobody is waited for. `turn_at` orders the inbox.
ALTER TABLE requests ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE requests ADD COLUMN subject TEXT;
ALTER TABLE requests ADD COLUMN waits_for TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN turn_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN execute_before INTEGER;
UPDATE requests SET waits_for = 'permission:CanCheckRequest', turn_at = expires_at WHERE state = 'AdminTask';
CREATE INDEX requests_inbox ON requests (org_id, waits_for, turn_at, request_id) WHERE state = 'AdminTask';
CREATE INDEX requests_by_subject ON requests (org_id, subject, started_at, request_id) WHERE subject IS NOT NULL;
CREATE INDEX requests_approved ON requests (execute_before) WHERE state = 'approved';

-- What each person signed as: the stage, and the seats that he held then. `act` is his token's act chain.
-- `number` counts the decisions on a request from 0.
ALTER TABLE decisions ADD COLUMN number INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0);
ALTER TABLE decisions ADD COLUMN stage INTEGER NOT NULL DEFAULT 0 CHECK (stage >= 0);
ALTER TABLE decisions ADD COLUMN capacities TEXT NOT NULL DEFAULT '["permission:CanCheckRequest"]';
ALTER TABLE decisions ADD COLUMN act TEXT NOT NULL DEFAULT '[]';
CREATE INDEX decisions_by_person ON decisions (org_id, person_key, decided_at, request_id);

-- Every version of a type that was ever in force, as the definition that it is read from.
CREATE TABLE type_versions (
    version      TEXT NOT NULL PRIMARY KEY,
    request_type TEXT NOT NULL,
    definition   TEXT NOT NULL,
    first_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Idempotency-Key of a submission: unique per org for as long as the request lives.
CREATE TABLE submission_keys (
    org_id     TEXT NOT NULL,
    key        TEXT NOT NULL,
    request_id TEXT NOT NULL,
    person_key TEXT NOT NULL,
    digest     TEXT NOT NULL,
    PRIMARY KEY (org_id, key)
) STRICT, WITHOUT ROWID;

-- How much of a type one maker or one subject has pending and carried out in a window. Locked in key order.
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

CREATE TRIGGER type_versions_never_change BEFORE UPDATE ON type_versions
BEGIN SELECT RAISE(ABORT, 'type_versions: what stands here never changes'); END;
CREATE TRIGGER type_versions_never_deleted BEFORE DELETE ON type_versions
BEGIN SELECT RAISE(ABORT, 'type_versions: what stands here never changes'); END;
CREATE TRIGGER submission_keys_never_change BEFORE UPDATE ON submission_keys
BEGIN SELECT RAISE(ABORT, 'submission_keys: what stands here never changes'); END;
CREATE TRIGGER submission_keys_never_deleted BEFORE DELETE ON submission_keys
BEGIN SELECT RAISE(ABORT, 'submission_keys: what stands here never changes'); END;
CREATE TRIGGER requests_terms_never_change BEFORE UPDATE ON requests
WHEN NEW.terms <> OLD.terms OR NEW.subject IS NOT OLD.subject
BEGIN SELECT RAISE(ABORT, 'requests: what stands here never changes'); END;
