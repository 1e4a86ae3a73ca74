-- Who is signed in to the pages. `session_id` is the digest of the cookie's secret, which stands nowhere.
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

CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'sessions: one that has ended stays as it is'); END;
CREATE TRIGGER sessions_stay_theirs
    BEFORE UPDATE OF session_id, user_id, claims, signed_in_at, created_at, expires_at ON sessions
BEGIN SELECT RAISE(ABORT, 'sessions: whose it is and for how long never changes'); END;
